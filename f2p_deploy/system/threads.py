"""How many threads compute: as many as this process may use cores, or as many as were asked for.

The cores are those of the affinity mask, held to the CPU quota of a container or a systemd slice. No library that is
kept up to date does all of it: psutil and `os.process_cpu_count` know the mask alone, and loky 3.7.0 reads
`/sys/fs/cgroup/cpu.max`, not that of the group which the process is in nor of those above it.
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


class _Asked:
    """What `limit_threads` holds everything to that is told no number."""

    threads: int | None = None


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use, at least 1.

    A quota of one and a half cores counts as two: the second is there for half of the time.

    Args:
        root: where `proc` and `sys` lie.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(root)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Return how many cores' time this process's control groups allow it; None without a limit, and beside Linux.

    The tightest quota counts, of the process's own group and of every group above it that can be seen: of cgroup v2
    (`cpu.max`), and of v1 (`cpu.cfs_quota_us`).

    Args:
        root: where `proc` and `sys` lie.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    mounts = root / "sys/fs/cgroup"
    found: list[float] = []
    for group in groups:
        number, controllers, path = (*group.split(":", 2), "", "")[:3]
        if number == "0" and not controllers:
            for mount in (mounts, mounts / "unified"):
                found += [quota for folder in _upwards(mount, path) if (quota := _quota_v2(folder)) is not None]
        elif "cpu" in controllers.split(","):
            for mount in {mounts / controllers, mounts / "cpu"}:
                found += [quota for folder in _upwards(mount, path) if (quota := _quota_v1(folder)) is not None]
    return min(found, default=None)


def default_threads() -> int | None:
    """Return how many threads to use where nobody is told a number.

    None where nothing holds the process to fewer cores than the machine has: then each library's own choice stands,
    which may know better (ONNX Runtime takes physical cores, not hyper-threads).
    """
    if _Asked.threads is not None:
        return _Asked.threads
    cores = usable_cores()
    return cores if cores < (os.cpu_count() or 1) else None


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads that is none, and warn once of one that is more than the cores.

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
    """Hold what computes in this process from now on to a number of threads: PyTorch, and runtimes told no other.

    Args:
        threads: the number; if None, PyTorch is held to the cores that this process may use, as runtimes are anyway.

    Raises:
        InputError: fewer than one thread.
    """
    check_threads(threads)
    if threads is not None:
        _Asked.threads = threads
    # Without PyTorch, whatever needs it says so itself.
    if default_threads() is not None and find_spec("torch") is not None:
        use_torch_threads(threads)


def use_torch_threads(threads: int | None) -> None:
    """Tell PyTorch how many threads to use for what the calling thread computes, and threads that begin later.

    PyTorch with OpenMP keeps the number for each calling thread, so one number for a process has to be told in each.

    Args:
        threads: the number; if None, PyTorch's own (which follows `OMP_NUM_THREADS`), held to `default_threads`.
    """
    import torch

    most = default_threads()
    set_to = torch.get_num_threads()
    wanted = threads if threads is not None else set_to if most is None else min(set_to, most)
    if wanted != set_to:
        torch.set_num_threads(wanted)


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """Yield the folders of a group and of those above it, up to the mount, which in a container is its own group's."""
    folder = mount / path.strip("/")
    while folder != mount and mount in folder.parents:
        yield folder
        folder = folder.parent
    yield mount


def _quota_v2(folder: Path) -> float | None:
    """Return a group's quota in cores: `cpu.max` holds `150000 100000`, microseconds in a period, or `max 100000`."""
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
    """Return a quota over its period; None for `max`, for -1 and for what is no number."""
    if not (quota.isdecimal() and period.isdecimal()):
        return None
    return int(quota) / int(period) if int(quota) and int(period) else None


@cache
def _warn(threads: int, cores: int) -> None:
    logger.warning(
        "%d threads were asked for, and this process may use %d %s: threads beyond that wait for one another",
        threads,
        cores,
        "core" if cores == 1 else "cores",
    )
