"""Locks on files: one process at a time, released by its end."""

import subprocess
import sys
from pathlib import Path

import pytest

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.file_lock import hold_lock, one_process

_HOLDER = """
import sys
from pathlib import Path
from f2p_deploy.system.file_lock import one_process
with one_process(Path(sys.argv[1]), "busy"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_one_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], **pipes) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="it is in use"), one_process(path, "it is in use"):
            pass
        assert path.exists(), "the holder's file was removed"
        holder.kill()
    with one_process(path, "still held"):
        assert path.exists()
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot write"), one_process(tmp_path / "file" / "lock", "busy"):
        pass


def test_one_open_file_keeps_another_out(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("wb") as one, (tmp_path / "lock").open("ab") as other:
        hold_lock(one)
        with pytest.raises(BlockingIOError):
            hold_lock(other)
