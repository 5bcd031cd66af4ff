"""Measure `serve --ray` under load: a generator killed with SIGKILL, a bundle rolled out, and one that must not be.

    python bench/serve/ray_cluster.py PHOTO... --seconds 20 -o bench/results/ray_cluster.json

Callers make characters through `f2p_deploy.client`, each again as soon as it is answered, and every answer is compared
with the character that the runtime makes of the photo in this process. `again` counts the requests that the client sent
again, `failed` those that it gave up. Ray and the callers share this machine. It needs the extras serve, client, ray.
"""

import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.artifact.artifact import read_artifact, write_artifact
from f2p_deploy.client import CharacterClient
from f2p_deploy.client.retries import RetryPolicy, ServiceError
from f2p_deploy.evaluation.speed.device import describe_device
from f2p_deploy.model.bundle import demo_bundle_path
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes import load, search
from f2p_deploy.service.ray_order import RayOrder
from f2p_deploy.service.ray_service import APPLICATION, run_on_ray
from f2p_deploy.system.errors import F2PError
from f2p_deploy.system.threads import usable_cores

#: Largest difference of a controller that counts as the same character.
SAME = 1e-3


class Counting(RetryPolicy):
    """The usual retries, counted."""

    again = 0

    def wait(self, attempt: int, retry_after: float | None) -> float:
        """Count, and wait as usual."""
        type(self).again += 1
        return super().wait(attempt, retry_after)


@dataclass
class Load:
    """Callers that ask again as soon as they are answered.

    Args:
        address: of the service.
        photos: contents of photos.
        right: the controllers of each photo's character.
        mode: of generation.
    """

    address: str
    photos: Sequence[bytes]
    right: Sequence[dict[str, float]]
    mode: str
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    worst: float = 0.0
    wrong: int = 0

    def run(self, callers: int, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Ask while a function acts; return what happened."""
        Counting.again = 0
        ended = threading.Event()
        threads = [threading.Thread(target=self._call, args=(number, ended)) for number in range(callers)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        try:
            facts = act()
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        wall = time.perf_counter() - began
        p50, p95, p99 = (round(float(value), 3) for value in np.percentile(self.seconds, (50, 95, 99)))
        found = {"answered": len(self.seconds), "failed": len(self.failed), "wrong": self.wrong}
        found |= {"again": Counting.again, "per_second": round(len(self.seconds) / wall, 2)}
        found |= {"p50_s": p50, "p95_s": p95, "p99_s": p99}
        return {**found, "longest_s": round(max(self.seconds), 3), "worst_difference": self.worst, **facts}

    def _call(self, number: int, ended: threading.Event) -> None:
        with CharacterClient(self.address, retries=Counting()) as client:
            while not ended.is_set():
                number = (number + 1) % len(self.photos)
                began = time.perf_counter()
                try:
                    made = client.make(self.photos[number], mode=self.mode)
                except ServiceError as error:
                    self.failed.append(f"{error.code}: {error}")
                    continue
                self.seconds.append(time.perf_counter() - began)
                values = made.parameters["controllers"]
                worst = max(abs(values[name] - value) for name, value in self.right[number].items())
                self.worst = max(self.worst, worst)
                self.wrong += worst > SAME


def main() -> None:
    """Measure, print, and write."""
    words = _words()
    began, rows = time.perf_counter(), {}
    photos = [path.read_bytes() for path in words.photos]
    right = [controllers_of(photo, words.mode) for photo in photos]
    order = RayOrder(offline=True, replicas="2", runtime="onnxruntime")

    def measure(address: str) -> None:
        def run(name: str, act: Callable[[], dict[str, Any]]) -> None:
            rows[name] = Load(address, photos, right, words.mode).run(words.callers, act)
            print(f"{name:15} {rows[name]}", flush=True)

        with tempfile.TemporaryDirectory() as folder:
            second, wrong = renamed(Path(folder) / "second"), renamed(Path(folder) / "wrong", damage=True)
            run("undisturbed", lambda: {"seconds": _wait(words.seconds)})
            run("a kill", lambda: killed(words.seconds))
            run("a rollout", lambda: rolled_out(replace(order, source=str(second)), words.seconds))
            run("a wrong rollout", lambda: rolled_out(replace(order, source=str(wrong)), words.seconds))
            with CharacterClient(address) as client:
                print(f"at the end it serves {client.served().bundle}")

    failures: list[BaseException] = []

    def work(address: str) -> None:
        from ray import serve

        try:
            measure(address)
        except BaseException as error:
            failures.append(error)
        finally:
            serve.delete(APPLICATION)

    try:
        run_on_ray(order, "127.0.0.1", 0, lambda address: threading.Thread(target=work, args=(address,)).start())
    except F2PError as error:
        if len(rows) < 4:
            raise SystemExit(f"{error}; {failures}") from error
    if words.out is not None:
        facts = {"date": date.today().isoformat(), "seconds": time.perf_counter() - began}
        line = f"python bench/serve/ray_cluster.py {shlex.join(sys.argv[1:])}"
        content = {"command": line, **facts, "device": describe_device(usable_cores()), "rows": rows}
        words.out.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def controllers_of(photo: bytes, mode: str) -> dict[str, float]:
    """Return the controllers of a photo's character, made in this process."""
    runtime = load(demo_bundle_path(), "onnxruntime", 1)
    face = align_content(photo, "photo", NetworkFinder(), runtime.settings)
    made = search.generate(runtime, face.image, mode, shape=face.landmarks.shape).parameters
    return {each.name: float(made[each.name]) for each in runtime.schema.controllers}


def renamed(folder: Path, damage: bool = False) -> Path:
    """Write the demo bundle's artifact as that of another bundle; damaged, its golden characters are other ones."""
    source = demo_bundle_path()
    artifact = read_artifact(source)
    with write_artifact(folder) as draft:
        for file in artifact.manifest.files:
            (draft.folder / file).parent.mkdir(parents=True, exist_ok=True)
            (draft.folder / file).write_bytes((source / file).read_bytes())
        if damage:
            with np.load(source / "golden.npz") as arrays:
                golden = dict(arrays)
            golden["one_shot.parameters"] = np.ascontiguousarray(golden["one_shot.parameters"][:, ::-1])
            np.savez(draft.folder / "golden.npz", **golden)
        fingerprint = folder.name.encode().hex().ljust(64, "0")
        draft.manifest = replace(artifact.manifest, bundle=folder.name, bundle_fingerprint=fingerprint)
    return folder


def killed(seconds: float) -> dict[str, Any]:
    """Kill a generator, and wait until there are two again."""
    _wait(seconds / 4)
    before = generators()
    os.kill(before[0], signal.SIGKILL)
    began = time.perf_counter()
    while not (len(now := generators()) == 2 and before[0] not in now and _running() == 2):
        time.sleep(0.1)
    replaced = time.perf_counter() - began
    return {"replaced_s": round(replaced, 1), "seconds": _wait(seconds / 4)}


def rolled_out(order: RayOrder, seconds: float) -> dict[str, Any]:
    """Roll out another bundle, and say what is served then."""
    from ray import serve

    from f2p_deploy.service.ray_app import app_builder

    _wait(seconds / 4)
    began = time.perf_counter()
    try:
        serve.run(app_builder(order.words()), name=APPLICATION)
        ended = "rolled out"
    except RuntimeError:
        ended = "refused"
    spent = time.perf_counter() - began
    return {"rollout": ended, "rollout_s": round(spent, 1), "seconds": _wait(seconds / 2)}


def generators() -> list[int]:
    """Return the generators' process ids, of the Ray that this process started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                title = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(f"ray::ServeReplica:{APPLICATION}:Generator".encode()) and _is_ours(int(folder.name)):
                found.append(int(folder.name))
    return found


def _is_ours(process: int) -> bool:
    while process > 1:
        if process == os.getpid():
            return True
        try:
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def _running() -> int:
    from ray import serve

    states = serve.status().applications[APPLICATION].deployments["Generator"].replica_states
    return int({str(getattr(name, "value", name)): count for name, count in states.items()}.get("RUNNING", 0))


def _wait(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    parser.add_argument("--mode", default="hybrid")
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("-o", "--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
