"""Measure the throughput of one runtime under several threads, in parallel and behind a lock.

    python bench/threads.py build/demo/onnx -o bench/results/threads.json

Every runtime is loaded once with one thread per call and shared by its callers, each with another face. Rows take turns
in short windows, so that other load on the machine affects all of them. Printed are the medians of the windows and the
ratio of parallel throughput / throughput behind a lock. Each result is compared with that of a single call, bit by bit.
"""

import argparse
import json
import shlex
import statistics
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path

import numpy as np

import f2p_deploy
from f2p_deploy.evaluation.speed.device import describe_device
from f2p_deploy.runtimes import Runtime

#: Inputs of a call, by tensor name.
Inputs = dict[str, np.ndarray]


def main() -> None:
    """Measure, print, and write."""
    words = _words()
    device, begun = describe_device(1), time.perf_counter()
    runtimes = {name: f2p_deploy.load(words.artifact, name, threads=1) for name in words.runtimes}
    rows = [(name, graph, callers) for name in runtimes for graph in words.graphs for callers in words.callers]
    rates: dict[tuple[str, str, int, str], list[float]] = {}
    for window in range(words.windows + 1):  # the first window is not counted, since it loads the graph
        for name, graph, callers in rows:
            for way in ("side by side", "lock"):
                rate = calls_a_second(runtimes[name], graph, callers, way == "lock", words.seconds)
                if window:
                    rates.setdefault((name, graph, callers, way), []).append(rate)
    found = []
    for name, graph, callers in rows:
        free, locked = (statistics.median(rates[name, graph, callers, way]) for way in ("side by side", "lock"))
        found.append(
            {"runtime": name, "graph": graph, "callers": callers, "side_by_side": free, "lock": locked}
            | {"ratio": free / locked}
        )
        print(
            f"{name:14} {graph:9} {callers} callers  {free:8.1f} calls/s in parallel  {locked:8.1f} behind a lock  "
            f"{free / locked:.2f}x"
        )
    if words.out is not None:
        facts = {"date": date.today().isoformat(), "seconds": time.perf_counter() - begun, "device": device}
        command = f"python bench/threads.py {shlex.join(sys.argv[1:])}"
        words.out.write_text(json.dumps({"command": command, **facts, "rows": found}, indent=1) + "\n", "utf-8")


def calls_a_second(runtime: Runtime, graph: str, callers: int, locked: bool, seconds: float) -> float:
    """Return the number of calls of a graph per second, over all callers.

    Raises:
        SystemExit: a result differs from that of a single call.
    """
    given = [_inputs(runtime, graph, caller) for caller in range(callers)]
    right = [runtime.compute(graph, one) for one in given]
    lock: AbstractContextManager[object] = threading.Lock() if locked else nullcontext()
    start, done, wrong = threading.Barrier(callers + 1), [0] * callers, [0] * callers
    end = [0.0]

    def call(caller: int) -> None:
        start.wait()
        while time.perf_counter() < end[0]:
            with lock:
                found = runtime.compute(graph, given[caller])
            done[caller] += 1
            wrong[caller] += any(not np.array_equal(found[name], value) for name, value in right[caller].items())

    threads = [threading.Thread(target=call, args=(caller,)) for caller in range(callers)]
    for thread in threads:
        thread.start()
    begun = time.perf_counter()
    end[0] = begun + seconds
    start.wait()
    for thread in threads:
        thread.join()
    if any(wrong):
        sys.exit(f"{runtime.name}: {sum(wrong)} of {sum(done)} results of {graph} are another caller's")
    return sum(done) / (time.perf_counter() - begun)


def _inputs(runtime: Runtime, graph: str, caller: int) -> Inputs:
    """Return the inputs of one caller: golden inputs of the artifact, mirrored for every other caller."""
    golden, entry = runtime.artifact.golden(), runtime.artifact.manifest.graphs[graph]
    made = {}
    for spec in entry.inputs:
        value = golden[f"{graph}.{spec.name}"]
        if spec.name not in entry.shared:
            rows = (np.arange(spec.shape[0]) + caller // 2) % len(value)
            value = value[rows]
            if spec.name == "face" and caller % 2:
                value = value[..., ::-1]
        made[spec.name] = np.ascontiguousarray(value[: spec.shape[0]])
    return made


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifact", type=Path, help="an artifact of the target onnx")
    parser.add_argument("--runtimes", nargs="+", default=["openvino", "onnxruntime"], metavar="NAME")
    parser.add_argument("--graphs", nargs="+", default=["one_shot", "step"], metavar="GRAPH")
    parser.add_argument("--callers", nargs="+", type=int, default=[1, 2, 4], metavar="N", help="calling threads")
    parser.add_argument("--windows", type=int, default=7, help="windows per row (7)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a window (1)")
    parser.add_argument("-o", "--out", type=Path, help="JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
