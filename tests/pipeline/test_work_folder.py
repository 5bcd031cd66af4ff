"""Work folders: removed at the end, or after a kill by the next run, but never while a process uses them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from f2p_deploy.pipeline.work_folder import remove_abandoned, work_folder
from f2p_deploy.system.errors import InputError

_HOLD = """
import sys, time
from pathlib import Path
from f2p_deploy.pipeline.work_folder import work_folder
with work_folder(Path(sys.argv[1])) as work:
    (work / "half").write_text("made")
    print(work, flush=True)
    time.sleep(600)
"""


def test_it_is_gone_at_the_end_and_after_an_error(tmp_path: Path) -> None:
    out = tmp_path / "a" / "out"
    with pytest.raises(ZeroDivisionError), work_folder(out) as work:
        (work / "file").touch()
        assert work.parent == out
        raise ZeroDivisionError
    assert list(out.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_folders_of_killed_runs_are_removed_and_those_in_use_are_not(tmp_path: Path) -> None:
    def start() -> tuple[subprocess.Popen, Path]:
        process = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    (running, used), (killed, left) = start(), start()
    try:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        (tmp_path / ".f2p-empty.work").mkdir()  # killed before it had a lock
        (tmp_path / ".f2p-mine.work.txt").touch()
        assert left.is_dir()
        with work_folder(tmp_path) as own:
            remove_abandoned(tmp_path)
            assert {path.name for path in tmp_path.iterdir()} == {used.name, own.name, ".f2p-mine.work.txt"}
            assert (used / "half").read_text() == "made"
    finally:
        for process in (running, killed):
            process.kill()
            process.wait()


def test_a_place_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="the output folder .*file is a file: choose another place"), work_folder(
        tmp_path / "file"
    ):
        pass
    with pytest.raises(InputError, match="cannot write the output folder .*: Not a directory"), work_folder(
        tmp_path / "file" / "inside"
    ):
        pass
