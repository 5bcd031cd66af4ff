"""The number of compute threads: the user's number, or the cores that this process may use.

The usable cores are those of the affinity mask, limited by the CPU quota of a container or a systemd slice. No
maintained library considers all of these: psutil and `os.process_cpu_count` read the mask only, and loky 3.7.0 reads
`/sys/fs/cgroup/cpu.max`, but not that of the process's group or of the groups above it.
"""

import logging
import math
import os
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from f2p_deploy.system.errors import InputError

logger = logging.getLogger(__name__)


class _Default:
    """The process's default number of threads, set by `limit_threads`."""

    threads: int | None = None


def usable_cores(root: Path = Path("/")) -> int:
    """Return the number of cores that this process may use, at least 1.

    A quota is rounded up: with 1.5 cores, a second thread can run for half of the time.

    Args:
        root: the folder that holds `proc` and `sys`.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(root)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Return the CPU quota of this process's control groups in cores; None without a limit, or on other systems.

    The result is the smallest quota of the process's group and of all visible groups above it, in cgroup v2
    (`cpu.max`) and v1 (`cpu.cfs_quota_us`).

    Args:
        root: the folder that holds `proc` and `sys`.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    mounts = root / "sys/fs/cgroup"
    quotas: list[float] = []
    for group in groups:
        number, controllers, path = (*group.split(":", 2), "", "")[:3]
        if number == "0" and not controllers:
            for mount in (mounts, mounts / "unified"):
                quotas += [quota for folder in _upwards(mount, path) if (quota := _quota_v2(folder)) is not None]
        elif "cpu" in controllers.split(","):
            for mount in {mounts / controllers, mounts / "cpu"}:
                quotas += [quota for folder in _upwards(mount, path) if (quota := _quota_v1(folder)) is not None]
    return min(quotas, default=None)


def default_threads() -> int | None:
    """Return the default number of threads, or None if each library should use its default.

    This is None if the process may use all cores of the machine and `limit_threads` has set no number. A library's
    default may then be better (ONNX Runtime counts physical cores, not hyper-threads).
    """
    if _Default.threads is not None:
        return _Default.threads
    cores = usable_cores()
    return cores if cores < (os.cpu_count() or 1) else None


def check_threads(threads: int | None) -> None:
    """Check a number of threads, and warn once if it exceeds the number of usable cores.

    Raises:
        InputError: fewer than one thread.
    """
    if threads is None:
        return
    if threads < 1:
        raise InputError(f"threads must be at least 1, found {threads}")
    cores = usable_cores()
    if threads > cores:
        _warn(threads, cores)


def limit_threads(threads: int | None) -> None:
    """Set the number of threads for PyTorch, and the default of runtimes that are opened from now on.

    Args:
        threads: the number; if None, PyTorch is limited to the cores that this process may use, as runtimes always are.

    Raises:
        InputError: fewer than one thread.
    """
    check_threads(threads)
    if threads is not None:
        _Default.threads = threads
    # If PyTorch is missing, the code that needs it reports that.
    if default_threads() is not None and find_spec("torch") is not None:
        use_torch_threads(threads)


def use_torch_threads(threads: int | None) -> None:
    """Set PyTorch's number of threads for the calling thread, and for threads that start later.

    PyTorch with OpenMP stores the number per calling thread, so it must be set in each thread that computes.

    Args:
        threads: the number; if None, PyTorch's default (which follows `OMP_NUM_THREADS`), limited to
            `default_threads`.
    """
    import torch

    most = default_threads()
    current = torch.get_num_threads()
    number = threads if threads is not None else current if most is None else min(current, most)
    if number != current:
        torch.set_num_threads(number)


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """Yield the folders of a group and of the groups above it, up to the mount (in a container: its root group)."""
    folder = mount / path.strip("/")
    while folder != mount and mount in folder.parents:
        yield folder
        folder = folder.parent
    yield mount


def _quota_v2(folder: Path) -> float | None:
    """Return a group's quota in cores; `cpu.max` holds quota and period in microseconds, or `max` and the period."""
    words = _words(folder / "cpu.max")
    return _cores(words[0], words[1]) if len(words) == 2 else None


def _quota_v1(folder: Path) -> float | None:
    quota, period = _words(folder / "cpu.cfs_quota_us"), _words(folder / "cpu.cfs_period_us")
    return _cores(quota[0], period[0]) if len(quota) == len(period) == 1 else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return []


def _cores(quota: str, period: str) -> float | None:
    """Return quota / period; None for `max`, for -1 and for text that is not a number."""
    if not (quota.isdecimal() and period.isdecimal()):
        return None
    return int(quota) / int(period) if int(quota) and int(period) else None


@cache
def _warn(threads: int, cores: int) -> None:
    logger.warning(
        "%d threads were requested, but this process may use %d %s: more threads than cores wait for one another",
        threads,
        cores,
        "core" if cores == 1 else "cores",
    )
