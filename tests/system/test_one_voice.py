"""Processes of one command report one error between them."""

import subprocess
import sys
from pathlib import Path

import pytest

from f2p_deploy.system import one_voice
from f2p_deploy.system.one_voice import Said, end_voice, share_voice, speak_first


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A temporary folder for the shared file, and a process that shares nothing afterwards."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    share_voice("")


def test_a_command_of_one_process_always_speaks() -> None:
    assert speak_first("one", 2) is None and speak_first("two", 2) is None


def test_the_second_to_fail_hears_what_the_first_one_said() -> None:
    share_voice("abc")
    assert speak_first("the loss became nan", 2) is None
    assert speak_first("connection closed by peer", 70) == Said("the loss became nan", 2)
    share_voice("def")
    assert speak_first("another command", 2) is None


def test_a_damaged_file_and_a_missing_folder_silence_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_voice, "_PATIENCE", 0.05)
    share_voice("abc")
    (tmp_path / ".f2p-failed-abc.json").write_text("{")
    assert speak_first("said all the same", 2) is None
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    share_voice("abc")
    assert speak_first("said all the same", 2) is None


def test_nothing_is_left_when_the_others_have_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_voice, "_PATIENCE", 5.0)
    end_voice([])  # shares nothing
    share_voice("abc")
    end_voice([])  # and nobody has failed
    assert speak_first("the loss became nan", 2) is None
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        end_voice([other])
        assert other.returncode == 0 and not list(tmp_path.iterdir())
