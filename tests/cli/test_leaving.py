"""Immediate exit: the sentence, the object and the code, on whichever streams are open."""

import json
import signal
import subprocess
import sys

import pytest

from f2p_deploy.cli.leaving import stopped_by


def leave_as(code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run some code in a process of its own, with the words of a command line."""
    lines = f"import atexit, os, sys\nfrom f2p_deploy.cli.leaving import leave\n{code}"
    return subprocess.run([sys.executable, "-c", lines, *words], capture_output=True, text=True, check=False)


def test_only_ctrl_c_goes_without_a_name() -> None:
    assert stopped_by(signal.SIGINT) == "stopped"
    assert stopped_by(signal.SIGTERM) == "stopped by SIGTERM" and stopped_by(signal.SIGHUP) == "stopped by SIGHUP"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_one_sentence_and_with_json_one_object(number: signal.Signals) -> None:
    plain, with_json = leave_as(f"leave({int(number)})"), leave_as(f"leave({int(number)})", "doctor", "--json")
    assert (plain.returncode, plain.stdout) == (128 + number, "")
    assert plain.stderr == with_json.stderr == f"error: {stopped_by(number)}\n"
    assert with_json.returncode == 128 + number
    assert json.loads(with_json.stdout) == {"error": stopped_by(number), "exit_code": 128 + number}


def test_nothing_runs_after_it() -> None:
    done = leave_as("atexit.register(print, 'cleaned up')\ntry:\n  leave()\nfinally:\n  print('finally')")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: stopped\n")


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_does_not_keep_the_other_silent(closed: int) -> None:
    done = leave_as(f"os.close({closed})\nleave()", "--json")
    assert done.returncode == 130
    assert bool(done.stdout) is (closed == 2) and bool(done.stderr) is (closed == 1)
