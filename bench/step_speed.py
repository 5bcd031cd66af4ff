"""How long one gradient step, or one one-shot pass, takes in each runtime.

    f2p-deploy export --target onnx -o build/demo/onnx
    python bench/step_speed.py build/demo/onnx --threads 1 --json bench/results/step_speed.json

All are timed in turns, one call each a round, so that whatever else the machine does falls on all of them.
"""

import argparse
import json
import logging
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch

from f2p_deploy.artifact import Artifact, read_artifact
from f2p_deploy.bundle import Bundle, load_bundle
from f2p_deploy.errors import F2PError
from f2p_deploy.generation import GenerationLoss, OneShot
from f2p_deploy.gradient_step import Autograd, Step
from f2p_deploy.runtimes import TorchRuntime, load

#: The runtimes of an artifact that are timed, beside PyTorch.
RUNTIMES = ("onnxruntime", "openvino", "openvino-bf16")

#: Calls before the clock runs: compilation, memory, caches.
WARM_UP = 3

MODES = {"iterative": "step", "one-shot": "one_shot"}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        mode: `iterative` for a gradient step, `one-shot` for a pass.
        runtime: what was timed, and `device`, in its own words.
        precision: what it multiplies in.
        status: `ok`, or why there are no numbers.
        median_ms, p95_ms: of one call.
        vs_eager: how many times as fast as eager PyTorch.
    """

    mode: str
    runtime: str
    device: str
    precision: str
    batch: int
    status: str
    median_ms: float | None = None
    p95_ms: float | None = None
    vs_eager: float | None = None


def main() -> None:
    """Time everything and print the table."""
    options = _options()
    logging.basicConfig(level=logging.WARNING)
    bundle, artifact = load_bundle(options.bundle), read_artifact(options.artifact)
    if bundle.fingerprint != artifact.manifest.bundle_fingerprint:
        sys.exit(f"{options.artifact} was not made from the bundle {bundle.path}")
    rows = [row for mode in options.mode for row in measure(mode, bundle, artifact, options.threads, options.rounds)]
    _print(rows)
    if options.json:
        device = {"machine": platform.machine(), "processor": _processor(), "threads": options.threads}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        content = {"device": device, "bundle": bundle.name, "rounds": options.rounds, "rows": [*map(asdict, rows)]}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def measure(mode: str, bundle: Bundle, artifact: Artifact, threads: int | None, rounds: int) -> list[Row]:
    """Time a mode in eager PyTorch, compiled PyTorch and every runtime; eager comes first."""
    calls: dict[str, Callable[[], object]] = {}
    rows: dict[str, Row] = {}
    batch, graph = artifact.manifest.batch, MODES[mode]
    inputs = _inputs(artifact, graph)
    eager = TorchRuntime(bundle, batch, threads)
    named: dict[str, Callable[[], tuple[str, str, Callable[[], object]]]] = {
        "torch": lambda: (eager.describe_device(), "f32", lambda: eager.compute(graph, inputs)),
        "torch.compile": lambda: (eager.describe_device(), "f32", _compiled(bundle, mode, inputs)),
    }
    for name in RUNTIMES:
        named[name] = partial(_of_runtime, name, artifact, graph, inputs, threads)
    for name, make in named.items():
        try:
            device, precision, call = make()
            for _ in range(WARM_UP):
                call()
        except F2PError as error:
            rows[name] = Row(mode, name, "", "", batch, str(error))
        except Exception as error:  # a compiler of PyTorch may fail in any way; the row says which
            rows[name] = Row(mode, name, "", "", batch, f"{type(error).__name__}: {' '.join(str(error).split())[:160]}")
        else:
            calls[name], rows[name] = call, Row(mode, name, device, precision, batch, "ok")
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            times[name].append(1000.0 * (time.perf_counter() - started))
    medians = {name: float(np.median(values)) for name, values in times.items()}
    for name, values in times.items():
        facts = {"median_ms": medians[name], "p95_ms": float(np.percentile(values, 95))}
        rows[name] = Row(**{**asdict(rows[name]), **facts, "vs_eager": medians["torch"] / medians[name]})
    return list(rows.values())


def _inputs(artifact: Artifact, graph: str) -> dict[str, np.ndarray]:
    """Return one batch of golden inputs."""
    golden, entry = artifact.golden(), artifact.manifest.graphs[graph]
    rows = np.arange(artifact.manifest.batch) % len(golden[f"{graph}.samples"])
    values = {spec.name: golden[f"{graph}.{spec.name}"] for spec in entry.inputs}
    return {name: value if name in entry.shared else value[rows] for name, value in values.items()}


def _compiled(bundle: Bundle, mode: str, inputs: dict[str, np.ndarray]) -> Callable[[], object]:
    """Return a call of PyTorch's own compiler, gradient included."""
    tensors = [torch.from_numpy(value) for value in inputs.values()]
    if mode == "one-shot":
        module = torch.compile(OneShot(bundle).eval())

        def call() -> object:
            with torch.no_grad():
                return module(*tensors)

        return call
    loss = torch.compile(GenerationLoss(bundle, bundle.settings.iterative.beta).eval())
    step = Step(bundle, Autograd(cast(GenerationLoss, loss))).eval()
    return lambda: step(*tensors)


def _of_runtime(
    name: str, artifact: Artifact, graph: str, inputs: dict[str, np.ndarray], threads: int | None
) -> tuple[str, str, Callable[[], object]]:
    runtime = load(artifact, name, threads)
    runtime.prepare([graph])
    return runtime.describe_device(), "bf16" if name.endswith("bf16") else "f32", lambda: runtime.compute(graph, inputs)


def _print(rows: list[Row]) -> None:
    head = f"{'mode':<10} {'runtime':<14} {'precision':<9} {'median':>9} {'p95':>9} {'vs eager':>8}"
    lines = [head]
    for row in rows:
        if row.median_ms is None:
            lines.append(f"{row.mode:<10} {row.runtime:<14} {row.status}")
            continue
        lines.append(
            f"{row.mode:<10} {row.runtime:<14} {row.precision:<9} {row.median_ms:>6.1f} ms {row.p95_ms:>6.1f} ms "
            f"{row.vs_eager:>7.2f}x  {row.device}"
        )
    sys.stdout.write("\n".join(lines) + "\n")


def _processor() -> str:
    """Return the processor's name, where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("artifact", type=Path, help="an artifact of ONNX files")
    parser.add_argument("--bundle", type=Path, help="the bundle it was made from; the demo bundle if not given")
    parser.add_argument("--mode", action="append", choices=tuple(MODES), help="both if not given")
    parser.add_argument("--threads", type=int, help="all cores if not given")
    parser.add_argument("--rounds", type=int, default=20, help="timed calls of each (20)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there, too")
    options = parser.parse_args()
    options.mode = options.mode or list(MODES)
    return options


if __name__ == "__main__":
    main()
