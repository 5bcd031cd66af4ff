"""The files in `deploy/docker`: they fit the command line, each other, and the service's measurements."""

import json
import re
import shlex
from pathlib import Path

import pytest

from f2p_deploy.service.metrics import ServiceMetrics

ROOT = Path(__file__).resolve().parents[1]
DOCKER = ROOT / "deploy" / "docker"
IMAGES = ("Dockerfile", "Dockerfile.cuda")

yaml = pytest.importorskip("yaml")


def instructions(image: str) -> dict[str, list[str]]:
    """The arguments of a Dockerfile's instructions, by instruction."""
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n", " ", (DOCKER / image).read_text()).splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            found.setdefault(name, []).append(rest)
    return found


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_short_pinned_and_not_root(image: str) -> None:
    found = instructions(image)
    assert sum(map(len, found.values())) <= 14
    (base,) = found["FROM"]
    assert re.search(r":\d+\.\d+", base) and "latest" not in base
    assert found["USER"] == ["10001"]
    assert all("-c /src/constraints.txt" in line for line in found["RUN"] if "[serve]" in line)
    for line in found["COPY"]:
        assert all((ROOT / source).exists() for source in line.split()[:-1])
    ignored = (DOCKER / f"{image}.dockerignore").read_text().splitlines()
    assert {f"!{source}" for line in found["COPY"] for source in line.split()[:-1]} <= set(ignored)


@pytest.mark.parametrize("image", IMAGES)
def test_its_entry_point_is_a_command_line_that_serve_takes(image: str) -> None:
    from click.testing import CliRunner
    from typer.main import get_command

    from f2p_deploy.cli.app import app

    (entry,) = instructions(image)["ENTRYPOINT"]
    name, command, *words = json.loads(entry)
    assert (name, command) == ("f2p-deploy", "serve")
    shown = CliRunner().invoke(get_command(app), ["serve", "--help"], terminal_width=200).output
    options = [word for word in words if word.startswith("--")]
    assert options and all(option in shown for option in options)


def test_compose_mounts_what_there_is_and_drops_rights() -> None:
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    service = compose["services"]["characters"]
    assert (DOCKER / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["tmpfs"] == ["/tmp"]
    for other in compose["services"].values():
        assert "image" not in other or re.search(r":v?\d+\.\d+\.\d+$", other["image"])
        for volume in other.get("volumes", ()):
            assert (DOCKER / volume.split(":")[0]).is_file()
        for port in other.get("ports", ()):
            assert port.startswith("127.0.0.1:")
    (entry,) = instructions("Dockerfile")["ENTRYPOINT"]
    assert f"/run/secrets/{service['secrets'][0]}" in json.loads(entry)
    assert (DOCKER / ".gitignore").read_text().split() == [Path(compose["secrets"]["tokens"]["file"]).name]


def test_prometheus_asks_the_service_with_its_token() -> None:
    config = yaml.safe_load((DOCKER / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    assert job["static_configs"][0]["targets"] == ["characters:8000"]
    assert job["authorization"]["credentials_file"] == "/run/secrets/tokens"


def test_the_dashboard_shows_measurements_that_there_are() -> None:
    metrics = ServiceMetrics(1)
    metrics.request("/v1/characters", 422, "no-face", 0.1)
    metrics.stage("align", 0.1)
    metrics.batch("hybrid", 1, 0.1)
    text = metrics.text()[0].decode()
    board = json.loads((DOCKER / "grafana" / "characters.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for query in queries for name in re.findall(r"\b((?:f2p|process)_\w+)", query)}
    assert len(names) >= 10
    for name in names:
        assert re.search(rf"^{name}(\{{| )", text, re.MULTILINE), name
    labels = {label for query in queries for label in re.findall(r"by \((\w+)\)", query)} - {"le"}
    assert all(f"{label}=" in text for label in labels)
    source = yaml.safe_load((DOCKER / "grafana" / "datasource.yml").read_text())["datasources"][0]
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {source["uid"]}
    assert shlex.split(source["url"]) == ["http://prometheus:9090"]
