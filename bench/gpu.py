"""Run the GPU tests and the benchmarks for bench/gpu.sh, within eight minutes in all.

Results are written after each part, so a part that hangs loses only its own.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

#: Time limit of all parts together, in seconds.
LIMIT = 470.0

#: Modules that everything here needs.
NEEDED = ("torch", "numpy", "PIL", "typer", "rich", "safetensors", "packaging", "pytest")

CAPTURED = "torch,torch-captured,torch-captured-fp16,torch-captured-bf16"

#: The benchmarks: a name, a time limit in seconds, and the command's arguments.
BENCHMARKS = (
    ("paper, iterative", 110, f"--mode iterative --batch 1,32 --runtime {CAPTURED} --bundle PAPER"),
    ("paper, one-shot", 60, f"--mode one-shot --batch 1,32,256 --runtime {CAPTURED} --bundle PAPER"),
    ("paper, describe and render", 60, f"--mode describe,render --batch 1,32 --runtime {CAPTURED} --bundle PAPER"),
    ("demo, iterative", 60, f"--mode iterative --batch 1,32 --runtime {CAPTURED}"),
    ("demo, one-shot", 40, f"--mode one-shot --batch 1,256 --runtime {CAPTURED}"),
    ("demo, torch.compile", 120, "--mode one-shot,iterative --runtime torch,torch.compile --limit 0"),
)

#: Time limit for an update of each stage at the paper's size, in seconds.
TRAINING = 90

#: Time limits for exporting an artifact and for timing it, in seconds.
EXPORTING, TIMING = 130, 60


def main() -> None:
    """Run everything; write `gpu.json` and `gpu.txt` into the folder given on the command line."""
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        sys.exit(f"bench/gpu.sh needs {', '.join(lacking)}, not installed for {sys.executable}")
    import torch

    if not torch.cuda.is_available():
        sys.exit(f"bench/gpu.sh needs an NVIDIA GPU that torch {torch.__version__} can use, and found none")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    found: dict[str, Any] = {"tests": {}, "benchmarks": {}}
    lines: list[str] = []

    def left() -> float:
        return LIMIT - (time.monotonic() - begun)

    def keep(name: str, part: str, result: Any, text: str) -> None:
        found[part][name] = result
        lines.append(f"## {name}\n\n{text.rstrip()}\n")
        (folder / "gpu.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (folder / "gpu.txt").write_text("\n".join(lines), encoding="utf-8")
        print(lines[-1], flush=True)

    keep("tests/gpu", "tests", *_tests(folder, min(150.0, left())))
    paper = folder / "paper"
    made = _run(["bench/paper_bundle.py", str(paper)], min(60.0, left())) if not paper.exists() else (0, "")

    def measure(name: str, seconds: float, words: str, ready: tuple[int, str] = (0, "")) -> None:
        if left() < 20.0:
            keep(name, "benchmarks", {"status": "skipped", "why": "out of time"}, "skipped: out of time")
            return
        if ready[0] != 0:
            keep(name, "benchmarks", {"status": "failed", "why": ready[1][-2000:]}, ready[1][-2000:])
            return
        out = folder / "part.json"
        out.unlink(missing_ok=True)
        line = ["-m", "f2p_deploy.cli", "bench", *words.split(), "--device", "cuda", "-o", str(out)]
        code, said = _run(line, min(seconds, left()))
        result = {"status": "failed", "why": said[-2000:]}
        if out.is_file():
            result = json.loads(out.read_text(encoding="utf-8"))
        keep(name, "benchmarks", result | {"exit_code": code}, said)

    for name, seconds, words in BENCHMARKS:
        measure(name, seconds, words.replace("PAPER", str(paper)), made if "PAPER" in words else (0, ""))
    if find_spec("lightning_fabric") and left() > 20.0:
        out = folder / "training.json"
        line = ["bench/training_cost.py", "--device", "cuda", "--precision", "bf16", "--updates", "5", "-o", str(out)]
        code, said = _run(line, min(float(TRAINING), left()))
        result = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {"status": "failed"}
        keep("paper, training", "benchmarks", result | {"exit_code": code}, said)
    for runtime, artifact, words in _exports(folder):
        line = ["-m", "f2p_deploy.cli", "export", *words.split(), "--trajectories", "0", "-o", str(artifact)]
        ready = (0, "") if artifact.exists() or left() < 20.0 else _run(line, min(float(EXPORTING), left()))
        # An artifact that missed a threshold exists, and its row reports it.
        ready = (0, "") if artifact.exists() else ready
        words = f"--mode one-shot,iterative --runtime torch,{runtime} --artifact {artifact}"
        measure(f"demo, {artifact.name} with {runtime}", TIMING, words, ready)
    print(f"{folder / 'gpu.json'} and {folder / 'gpu.txt'}, {time.monotonic() - begun:.0f} s", flush=True)


def _exports(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield the artifact runtimes that can run here: name, artifact, and arguments of its export."""
    from f2p_deploy.runtimes import RUNTIMES
    from f2p_deploy.runtimes.tensorrt.tensorrt_libraries import LIBRARIES
    from f2p_deploy.system.cuda_devices import cuda_devices

    for flavor, library in LIBRARIES.items():
        if not library.why_not_here():
            card = f" --compute-capability {cuda_devices()[0].compute_capability}" if flavor == "rtx" else ""
            yield "tensorrt", folder / f"trt-fp16-{flavor}", f"--target trt-fp16 --flavor {flavor}{card}"
    for name in ("onnxruntime-cuda", "onnxruntime-trt-rtx"):
        if not RUNTIMES[name].why_not_here():
            yield name, folder / "onnx-fp16", "--target onnx-fp16"


def _tests(folder: Path, seconds: float) -> tuple[dict[str, Any], str]:
    """Return each GPU test's outcome, and pytest's closing lines."""
    report = folder / "tests.xml"
    code, said = _run(["-m", "pytest", "-q", "-ra", f"--junitxml={report}", "tests/gpu"], seconds)
    outcomes: dict[str, Any] = {}
    if report.is_file():
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            problem = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
            name = f"{case.get('classname')}.{case.get('name')}"
            outcomes[name] = "passed" if problem is None else f"{problem.tag}: {(problem.get('message') or '')[:300]}"
    return {"exit_code": code, "outcomes": outcomes}, said[-6000:]


def _run(words: list[str], seconds: float) -> tuple[int, str]:
    """Run Python with arguments; return its exit code, 124 on timeout, and its output."""
    try:
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, timeout=max(1.0, seconds), check=False
        )
    except subprocess.TimeoutExpired as error:
        said = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else error.stdout or ""
        return 124, f"{said}\nstopped after {seconds:.0f} s"
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    main()
