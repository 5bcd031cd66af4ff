"""The number of threads: the affinity mask, the quota of control groups, and the user's number."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from f2p_deploy.system import threads
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.threads import check_threads, cpu_quota, default_threads, limit_threads, usable_cores


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads._Default, "threads", None)
    threads._warn.cache_clear()


def tree(root: Path, groups: str, files: dict[str, str]) -> Path:
    """Write `proc` and `sys` folders of a process in some control groups."""
    for name, content in {"proc/self/cgroup": groups, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


CGROUP = "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("groups", "files", "quota"),
    [
        # A container whose group is its root (docker run --cpus 1.5 --cgroupns private).
        ("0::/\n", {f"{CGROUP}/cpu.max": "150000 100000\n"}, 1.5),
        # A container with the host's group names, but with the files of its group only (--cgroupns host).
        ("0::/docker/abc\n", {f"{CGROUP}/cpu.max": "200000 100000\n"}, 2.0),
        # A service on a host: its group has no limit, but the slice above has one (CPUQuota=70%).
        (
            "0::/a.slice/b.service\n",
            {f"{CGROUP}/a.slice/cpu.max": "70000 100000\n", f"{CGROUP}/a.slice/b.service/cpu.max": "max 100000\n"},
            0.7,
        ),
        # The smallest quota counts, in any group.
        (
            "0::/a/b\n",
            {f"{CGROUP}/a/cpu.max": "400000 100000\n", f"{CGROUP}/a/b/cpu.max": "300000 100000\n"},
            3.0,
        ),
        # Another group beside it does not count.
        ("0::/a\n", {f"{CGROUP}/a/cpu.max": "max 100000\n", f"{CGROUP}/b/cpu.max": "100000 100000\n"}, None),
        # Both versions side by side; v2 has no CPU controller.
        (
            "4:cpu,cpuacct:/jobs/7\n1:name=systemd:/\n0::/jobs/7\n",
            {
                f"{CGROUP}/cpu,cpuacct/jobs/7/cpu.cfs_quota_us": "250000\n",
                f"{CGROUP}/cpu,cpuacct/jobs/7/cpu.cfs_period_us": "100000\n",
                f"{CGROUP}/unified/jobs/7/cgroup.procs": "",
            },
            2.5,
        ),
        ("0::/x\n", {f"{CGROUP}/unified/x/cpu.max": "50000 100000\n"}, 0.5),
        # No limit: -1 in v1, no file in a host's root group, no readable file.
        ("1:cpu:/\n", {f"{CGROUP}/cpu/cpu.cfs_quota_us": "-1\n", f"{CGROUP}/cpu/cpu.cfs_period_us": "100000\n"}, None),
        ("0::/\n", {}, None),
        ("0::/\n", {f"{CGROUP}/cpu.max": "many 0\n"}, None),
        ("0::/\n", {f"{CGROUP}/cpu.max": "100000 0\n"}, None),
        ("0::/../outside\n", {f"{CGROUP}/cpu.max": "100000 100000\n"}, 1.0),
        ("nothing like it\n", {f"{CGROUP}/cpu.max": "100000 100000\n"}, None),
    ],
)
def test_the_quota_of_control_groups(tmp_path: Path, groups: str, files: dict[str, str], quota: float | None) -> None:
    assert cpu_quota(tree(tmp_path, groups, files)) == quota


def test_no_control_groups(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("quota", "cores"), [(30_000, 1), (100_000, 1), (100_001, 2), (10**9, None)])
def test_a_started_core_counts_and_the_mask_is_the_most(tmp_path: Path, quota: int, cores: int | None) -> None:
    here = len(os.sched_getaffinity(0))
    root = tree(tmp_path, "0::/\n", {f"{CGROUP}/cpu.max": f"{quota} 100000\n"})
    assert usable_cores(root) == min(here, cores or here)


@pytest.fixture
def real_group() -> Iterator[Path]:
    """A control group on this machine with a quota of one core, in the cgroup version that is available."""
    name = f"f2p-deploy-{os.getpid()}"
    for mount, write in (
        (Path("/sys/fs/cgroup"), {"cpu.max": "100000 100000"}),
        (Path("/sys/fs/cgroup/cpu"), {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"}),
    ):
        folder = mount / name
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            for file, content in write.items():
                with (folder / file).open("r+") as stream:  # the controller is off if the file is missing
                    stream.write(content)
        except OSError:
            with suppress(OSError):
                folder.rmdir()
            continue
        yield folder
        folder.rmdir()
        return
    pytest.skip("no control group with a quota can be made here")


ASK = """
import os, sys
from pathlib import Path
(Path(sys.argv[1]) / "cgroup.procs").write_text(str(os.getpid()))
from f2p_deploy.system.threads import cpu_quota, default_threads, usable_cores
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import session_options
print(cpu_quota(), usable_cores(), default_threads(), session_options(None).intra_op_num_threads)
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core is one core with and without a quota")
def test_a_real_quota(real_group: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ASK, real_group], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1.0", "1", "1", "1"]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core alone")
def test_the_affinity_mask_holds_every_library() -> None:
    ask = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from f2p_deploy.system.threads import default_threads, use_torch_threads
import torch
torch.set_num_threads(7)
use_torch_threads(None)
print(default_threads(), torch.get_num_threads())
"""
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


def test_a_library_decides_where_nothing_holds_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: usable_cores())
    assert default_threads() is None
    monkeypatch.setattr(os, "cpu_count", lambda: 1000)
    assert default_threads() == usable_cores()


def test_more_threads_than_cores_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    cores = usable_cores()
    with caplog.at_level(logging.WARNING):
        check_threads(cores)
        check_threads(None)
        assert not caplog.records
        check_threads(cores + 1)
        check_threads(cores + 1)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{cores + 1} threads were requested, but this process may use {cores} core")
    with pytest.raises(InputError, match="threads must be at least 1, found 0"):
        check_threads(0)


def test_a_limit_reaches_pytorch_and_sessions_that_are_told_no_number() -> None:
    torch = pytest.importorskip("torch")
    from f2p_deploy.runtimes.onnxruntime.onnx_runtime import session_options

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(5)
        limit_threads(1)
        assert torch.get_num_threads() == session_options(None).intra_op_num_threads == 1
        assert session_options(3).intra_op_num_threads == 3
    finally:
        torch.set_num_threads(before)


def test_pytorch_is_told_in_each_thread() -> None:
    """PyTorch stores the number per thread that computes: setting it in one does not set it in another."""
    torch = pytest.importorskip("torch")
    from concurrent.futures import ThreadPoolExecutor

    before = torch.get_num_threads()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(torch.set_num_threads, 2).result()
        try:
            torch.set_num_threads(1)
            pool.submit(threads.use_torch_threads, 1).result()
            assert pool.submit(torch.get_num_threads).result() == 1
        finally:
            torch.set_num_threads(before)
