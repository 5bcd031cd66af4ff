"""Ray Serve's configuration file, and the service on a Ray of its own: a rollout, and bundles that cannot start."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from f2p_deploy.artifact.artifact import read_artifact, write_artifact
from f2p_deploy.service.ray_order import RayOrder
from f2p_deploy.service.ray_service import cores_of, run_on_ray, serve_config
from f2p_deploy.system.errors import F2PError, FloorMissed, InputError

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


def test_the_file_says_of_deployments_what_rays_users_look_for_there() -> None:
    order = RayOrder(source="/models/anna", tokens="/run/tokens", replicas="1-8", gpus=0.5, ongoing=6)
    content = serve_config(order, "0.0.0.0", 8000)
    (application,) = content["applications"]
    assert application["args"] == {"source": "/models/anna", "tokens": "/run/tokens", "gpus": 0.5}
    generator = {each["name"]: each for each in application["deployments"]}["Generator"]
    assert generator["autoscaling_config"] == {"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": 6}
    assert generator["ray_actor_options"] == {"num_cpus": 1.0, "num_gpus": 0.5}
    assert content["http_options"]["host"] == "0.0.0.0"


def test_ray_accepts_the_file() -> None:
    pytest.importorskip("ray")
    from ray.serve.schema import ServeDeploySchema

    for order in (RayOrder(), RayOrder(replicas="1-8", gpus=0.5)):
        content = serve_config(order, "127.0.0.1", 8000)
        read = ServeDeploySchema.model_validate(content)
        assert read.applications[0].import_path.startswith("f2p_deploy.")
        known = set(type(read.applications[0].deployments[0]).model_fields)
        assert all(set(each) <= known for each in content["applications"][0]["deployments"])


def test_another_bundle_has_room_beside_the_one_that_it_replaces() -> None:
    assert cores_of(RayOrder()) == 2 * (1 + 0.5 + 0.25)
    assert cores_of(RayOrder(replicas="1-3")) == 2 * (3 + 0.5 + 0.25)


def renamed(folder: Path, name: str, damage: bool = False) -> Path:
    """Write the demo's artifact under another name; damaged, its golden characters are other ones."""
    artifact = read_artifact(DEMO)
    with write_artifact(folder) as draft:
        for file in artifact.manifest.files:
            (draft.folder / file).parent.mkdir(parents=True, exist_ok=True)
            (draft.folder / file).write_bytes((DEMO / file).read_bytes())
        if damage:
            with np.load(DEMO / "golden.npz") as arrays:
                golden = dict(arrays)
            golden["one_shot.parameters"] = np.ascontiguousarray(golden["one_shot.parameters"][:, ::-1])
            np.savez(draft.folder / "golden.npz", **golden)
        draft.manifest = replace(artifact.manifest, bundle=name, bundle_fingerprint=name.encode().hex().ljust(64, "0"))
    return folder


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    """Start Ray once for all tests of this file."""
    pytest.importorskip("ray")
    from f2p_deploy.bulk.ray_chunks import ray_session

    with ray_session(num_cpus=8, spilling=False):
        yield


def test_a_bundle_is_rolled_out_and_a_wrong_one_is_not(ray_here: None, portrait: bytes, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    from ray import serve

    from f2p_deploy.service.ray_app import app_builder

    second, wrong = renamed(tmp_path / "second", "second"), renamed(tmp_path / "wrong", "wrong", damage=True)
    found: dict[str, object] = {}

    def ask(address: str) -> httpx.Response:
        form = {"data": {"mode": "one-shot"}, "files": {"photo": ("a.png", portrait)}}
        answer = httpx.post(f"{address}/v1/characters", **form, timeout=60)
        return answer

    def work(address: str) -> None:
        try:
            first = ask(address)
            found["first"] = first
            found["ids"] = (first.json()["id"], first.headers.get_list("x-request-id"))
            found["no photo"] = httpx.post(f"{address}/v1/characters", files={"photo": b"x"}).json()["code"]
            found["names"] = [httpx.get(f"{address}/v1/schema").json()["bundle"]]
            statuses: list[int] = []
            asking, done = threading.Event(), threading.Event()

            def load() -> None:
                while not done.is_set():
                    statuses.append(ask(address).status_code)
                    asking.set()

            caller = threading.Thread(target=load)
            caller.start()
            asking.wait(60)
            serve.run(app_builder({"source": str(second), "offline": True}), name="f2p-deploy")
            found["second"] = ask(address)
            done.set()
            caller.join()
            found["statuses"] = statuses
            found["names"] = [*found["names"], httpx.get(f"{address}/v1/schema").json()["bundle"]]  # type: ignore[misc]
        except BaseException as error:
            found["error"] = error
        finally:
            serve.delete("f2p-deploy")

    def ready(address: str) -> None:
        threading.Thread(target=work, args=(address,)).start()

    with pytest.raises(F2PError, match="was removed from the cluster"):
        run_on_ray(RayOrder(offline=True), "127.0.0.1", 0, ready)
    if "error" in found:
        raise found["error"]  # type: ignore[misc]
    first, later = found["first"], found["second"]
    assert isinstance(first, httpx.Response) and isinstance(later, httpx.Response)
    assert first.status_code == later.status_code == 200
    assert first.json()["parameters"] == later.json()["parameters"]
    identity, headers = found["ids"]  # type: ignore[misc]
    assert headers == [identity] and found["no photo"] == "unreadable"
    assert found["names"] == ["demo", "second"] and set(found["statuses"]) == {200}  # type: ignore[call-overload]
    with pytest.raises(FloorMissed, match="does not compute the same as at its export: one_shot"):
        run_on_ray(RayOrder(source=str(wrong), offline=True), "127.0.0.1", 0, pytest.fail)
    with pytest.raises(InputError, match="none"):
        run_on_ray(RayOrder(source=str(tmp_path / "none"), offline=True), "127.0.0.1", 0, pytest.fail)
