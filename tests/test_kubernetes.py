"""The files in `deploy/kubernetes`: they fit Kubernetes' schemas, KubeRay's fields, and the command line."""

import copy
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f2p_deploy.cli.serve import serve
from f2p_deploy.service.ray_order import RayOrder
from f2p_deploy.service.ray_service import serve_config
from f2p_deploy.service.server import run_server

yaml = pytest.importorskip("yaml")

FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "kubernetes"

#: A version of Kubernetes whose schemas are asked.
KUBERNETES = "1.34"

#: The fields of KubeRay's API (ray.io/v1) that the file uses: its Go types, `RayServiceSpec` and those below it. No
#: package ships the schema of its custom resources.
KUBERAY = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "spec": {"serveConfigV2", "rayClusterConfig"},
    "cluster": {"rayVersion", "authOptions", "enableInTreeAutoscaling", "headGroupSpec", "workerGroupSpecs"},
    "head": {"rayStartParams", "template"},
    "workers": {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"},
}


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


def ray_service() -> dict[str, Any]:
    return next(each for each in documents("rayservice.yaml") if each["kind"] == "RayService")


def plain() -> Iterator[dict[str, Any]]:
    """Yield every resource of Kubernetes itself, and the pods of the RayService."""
    for file in ("service.yaml", "rayservice.yaml"):
        yield from (each for each in documents(file) if each["kind"] != "RayService")
    cluster = ray_service()["spec"]["rayClusterConfig"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        yield {"apiVersion": "v1", "kind": "Pod", **group["template"]}


def pods() -> list[dict[str, Any]]:
    kinds = {"Pod": lambda spec: spec, "Deployment": lambda spec: spec["template"]["spec"]}
    return [kinds[each["kind"]](each["spec"]) for each in plain() if each["kind"] in kinds]


def test_kubernetes_own_schemas_hold() -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate (extra dev)")
    found = list(plain())
    assert len(found) == 7
    for each in found:
        schemas.validate(each, KUBERNETES, strict=True)
    wrong = copy.deepcopy(found[0])
    wrong["spec"]["template"]["spec"]["containers"][0]["readyProbe"] = {}
    with pytest.raises(schemas.ValidationError, match="readyProbe"):
        schemas.validate(wrong, KUBERNETES, strict=True)


def test_kuberays_fields_are_those_of_its_types() -> None:
    service = ray_service()
    cluster = service["spec"]["rayClusterConfig"]
    assert service["apiVersion"] == "ray.io/v1"
    parts = [("", service), ("spec", service["spec"]), ("cluster", cluster), ("head", cluster["headGroupSpec"])]
    for where, part in [*parts, *(("workers", group) for group in cluster["workerGroupSpecs"])]:
        assert set(part) == KUBERAY[where]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_the_pinned_ray_is_the_one_of_the_file() -> None:
    pins = (FOLDER.parents[1] / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert f"ray=={ray_service()['spec']['rayClusterConfig']['rayVersion']}" in pins


def test_ray_serves_what_the_command_writes() -> None:
    order = RayOrder(
        tokens="/etc/f2p-deploy/tokens", offline=True, replicas="2-8", ingresses="2", aligners="1-4"
    )
    assert yaml.safe_load(ray_service()["spec"]["serveConfigV2"]) == serve_config(order, "0.0.0.0", 8000)


def test_the_command_line_is_one_of_ours() -> None:
    (container,) = documents("service.yaml")[0]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["f2p-deploy", "serve"]
    known = set(inspect.signature(serve).parameters)
    names = {word[2:] for word in container["args"] if word.startswith("--")}
    assert names <= known and {"tokens", "drain", "offline"} <= names
    paths = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert str(Path(container["args"][container["args"].index("--tokens") + 1]).parent) in paths


def test_there_is_time_to_drain_and_to_finish() -> None:
    pod = documents("service.yaml")[0]["spec"]["template"]["spec"]
    words = pod["containers"][0]["args"]
    drain = float(words[words.index("--drain") + 1])
    probe = pod["containers"][0]["readinessProbe"]
    assert drain > probe["periodSeconds"] * probe["failureThreshold"]
    grace = inspect.signature(run_server).parameters["grace"].default
    assert pod["terminationGracePeriodSeconds"] >= drain + grace
    assert all(each["terminationGracePeriodSeconds"] >= RayOrder().grace for each in pods())


def test_nobody_is_root_and_nothing_but_memory_and_tmp_is_written() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
        volumes = {each["name"]: each for each in pod["volumes"]}
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"]
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert {"requests", "limits"} == set(container["resources"])
            for mount in container["volumeMounts"]:
                assert mount.get("readOnly") or "emptyDir" in volumes[mount["name"]]
