"""The description of a benchmark's machine: names, clocks, load, versions."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.threads import usable_cores

#: Packages whose versions affect the results.
PACKAGES = (
    "f2p-deploy",
    "torch",
    "onnx",
    "onnxruntime",
    "onnxruntime-gpu",
    "openvino",
    "tensorrt",
    "tensorrt-rtx",
    "coremltools",
    "numpy",
)

_ASKED = "name,driver_version,clocks.sm,clocks.max.sm,clocks.mem,clocks.max.mem,power.limit,temperature.gpu"


def describe_device(threads: int | None) -> dict[str, Any]:
    """Return the description of this machine as plain data.

    Args:
        threads: number of cores for the benchmark; None means all that this process may use.
    """
    cores = usable_cores()
    return {
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "processor": processor(),
        "cores": cores,
        "threads": threads or cores,
        "clock_mhz": _clock(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "cards": _cards(),
        "versions": {package: number for package in PACKAGES if (number := _version(package))},
    }


def processor() -> str:
    """Return the processor's name from `/proc/cpuinfo`, else Python's name for it."""
    names = _cpuinfo("model name")
    return names[0] if names else platform.processor()


def _clock() -> float | None:
    """Return the current mean clock of the cores in MHz; None if the system does not report it."""
    clocks = [float(value) for value in _cpuinfo("cpu MHz")]
    return round(sum(clocks) / len(clocks), 1) if clocks else None


def _cpuinfo(key: str) -> list[str]:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [line.partition(":")[2].strip() for line in lines if line.startswith(key)]


def _cards() -> list[dict[str, str]]:
    """Return the NVIDIA GPUs with their clocks as nvidia-smi reports them, else without clocks from the driver."""
    tool = shutil.which("nvidia-smi")
    if tool:
        line = [tool, f"--query-gpu={_ASKED}", "--format=csv,noheader"]
        done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode == 0:
            keys = _ASKED.split(",")
            return [dict(zip(keys, map(str.strip, row.split(",")), strict=False)) for row in done.stdout.splitlines()]
    return [{"name": card.name, "compute_capability": card.compute_capability} for card in cuda_devices()]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
