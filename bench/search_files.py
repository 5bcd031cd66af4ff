"""Time a whole search through the shortcut from three ONNX files, without PyTorch, for `search_cost.py --paper`.

    python bench/search_files.py FOLDER THREADS STEPS
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

GRAPHS = ("describe", "render", "step_fast")

#: Inputs that are not those of a step.
OTHERS = ("face", "parameters")


def peak_megabytes() -> float:
    """Return the largest resident memory of this process; `ru_maxrss` would include its parent's at the fork."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3


def run_files(folder: Path, threads: int, steps: int) -> dict[str, float]:
    """Describe a photo, search, and judge start and result; return the least time of three, and the peak memory."""
    sessions = {name: open_session(str(folder / f"{name}.onnx"), threads=threads) for name in GRAPHS}
    shapes = {spec.name: spec.shape for session in sessions.values() for spec in session.get_inputs()}
    face = np.random.default_rng(0).random(shapes["face"], np.float32)
    took = []
    for _ in range(3):
        began = time.perf_counter()
        identity, content = sessions["describe"].run(None, {"face": face})
        state = np.full(shapes["state"], 0.5, np.float32)
        given = {"state": state, "before": state, "identity": identity, "content": content}
        given |= {name: np.full(shapes[name], 0.5, np.float32) for name in shapes if name not in (*given, *OTHERS)}
        given["locked"] = np.zeros(shapes["locked"], np.float32)
        for _ in range(steps + 1):
            given["before"], given["state"] = given["state"], sessions["step_fast"].run(["next_state"], given)[0]
        for parameters in (state, given["state"].clip(0.0, 1.0)):
            (image,) = sessions["render"].run(None, {"parameters": parameters})
            sessions["describe"].run(None, {"face": image})
        took.append(time.perf_counter() - began)
    return {"seconds": min(took), "memory_mb": peak_megabytes()}


if __name__ == "__main__":
    print(json.dumps(run_files(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
