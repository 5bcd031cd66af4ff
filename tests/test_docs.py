"""The pages of docs/ that describe formats and interfaces: nothing is missing from them, and what they show runs."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f2p_deploy.export.targets import TARGETS
from f2p_deploy.golden import GoldenTrajectory
from f2p_deploy.hardware import KEYS
from f2p_deploy.manifest import FORMAT_VERSION, FileRecord, GraphEntry, Manifest, Parity, TensorSpec

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def table_keys(page: str, heading: str) -> set[str]:
    """Return the code words in the first column of the tables below a heading."""
    text = (DOCS / page).read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return {
        word for row in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for word in re.findall(r"`(\w+)`", row)
    }


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("manifest.json", names(Manifest) | {"format", "parity_records", "digest"}),
        ("A graph", names(GraphEntry)),
        ("A tensor", names(TensorSpec)),
        ("A file", names(FileRecord)),
        ("A measurement", names(Parity) | {"passed"}),
    ],
)
def test_the_reference_names_every_field_and_no_other(heading: str, expected: set[str]) -> None:
    assert table_keys("artifact.md", heading) == expected


def test_the_reference_names_the_version_the_hardware_and_the_golden_vectors() -> None:
    text = (DOCS / "artifact.md").read_text(encoding="utf-8")
    assert f"version of this format, now {FORMAT_VERSION};" in text
    assert set(KEYS) <= table_keys("artifact.md", "hardware")
    assert all(f"trajectory.{name}" in text for name in names(GoldenTrajectory))


def test_every_target_is_described() -> None:
    text = (DOCS / "targets.md").read_text(encoding="utf-8")
    assert not [name for name in TARGETS if f"`{name}`" not in text]


def test_every_operator_is_listed() -> None:
    pytest.importorskip("torch")
    from f2p_deploy.export.gradient import OPERATORS

    text = (DOCS / "gradient-step.md").read_text(encoding="utf-8")
    listed = text.split("names it:\n\n")[1].split(".\n\n")[0]
    assert {word.strip() for word in listed.replace("\n", " ").split(",")} == OPERATORS


def run_block(page: str, artifact: Path) -> dict[str, Any]:
    """Run a page's Python block on another artifact; return its variables."""
    (block,) = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    variables: dict[str, Any] = {}
    exec(compile(block.replace("build/demo/onnx", str(artifact)), page, "exec"), variables)  # noqa: S102
    return variables


def test_the_loop_on_the_page_is_pytorchs(small_artifact: Path, small_bundle: Any) -> None:
    torch = pytest.importorskip("torch")
    from f2p_deploy.generation import iterate

    found = run_block("gradient-step.md", small_artifact)
    expected = iterate(small_bundle, torch.from_numpy(found["face"]))
    losses, theirs = np.array([loss for loss, _ in found["tried"]]), expected.losses[:, 0]
    assert losses.shape == theirs.shape == (51,)
    apart = np.abs(losses - theirs) / theirs
    assert apart[:8].max() < 1e-4 and apart.max() < 1e-2  # iterating amplifies rounding
    assert np.abs(found["parameters"] - expected.parameters[0])[: found["n_c"]].max() < 1e-2
    assert found["picture"].shape == (1, 3, 128, 128)


def test_the_golden_vectors_on_the_page(small_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_block("artifact.md", small_artifact)
    assert float(capsys.readouterr().out) < 1e-4
