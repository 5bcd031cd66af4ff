"""Compilers in a child process: every way in which it can end becomes an error message, and no process is left."""

import importlib
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from f2p_deploy.export.tensorrt.compiler_process import run_in_child
from f2p_deploy.system.errors import CompilerError, InputError

TASKS = r"""
import logging, os, signal, sys, time
from f2p_deploy.system.errors import CompilerError, InputError

log = logging.getLogger("f2p_deploy.some_compiler")

def add(progress, a, b):
    progress("adding", 1, 2)
    print("a library talks on the standard output")
    log.info("added")
    return a + b, os.getpid()

def die(progress, number):
    log.error("layer seven is too wide")
    os.write(2, b"terminate called\n")
    signal.raise_signal(number)

def leave(progress):
    os.write(2, b"license expired\n")
    os._exit(3)

def refuse(progress):
    raise InputError("that is no graph")

def fill(progress):
    open("/dev/full", "wb", buffering=0).write(b"x")

def stumble(progress):
    raise ZeroDivisionError("division by zero")

def pass_on(progress):
    try:
        raise ValueError("node 7 is odd")
    except ValueError as error:
        raise CompilerError("it failed") from error

def take(progress, *words):
    pass

def beget(progress):
    import subprocess
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    progress(f"pid {other.pid}")
    time.sleep(60)

def wait(progress, seconds):
    progress(f"pid {os.getpid()}")
    time.sleep(seconds)
"""


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that the other process can import: what stands for compilers here."""
    (tmp_path / "compiler_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "compiler_tasks", raising=False)
    return importlib.import_module("compiler_tasks")


def gone(pid: int) -> bool:
    """Return whether a process ends within half a minute."""
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if sys.platform == "linux" and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True  # nobody has collected it yet
        time.sleep(0.05)
    return False


def test_the_result_the_progress_and_the_log_come_back(
    tasks: ModuleType, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    stages: list[tuple[object, ...]] = []
    with caplog.at_level(logging.INFO, logger="f2p_deploy"):
        total, pid = run_in_child(tasks.add, (2, 3), lambda *stage: stages.append(stage))
    assert total == 5 and pid != os.getpid() and gone(pid)
    assert ("adding", 1, 2) in stages
    assert ("f2p_deploy.some_compiler", logging.INFO, "added") in caplog.record_tuples
    assert capfd.readouterr().out == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (signal.SIGSEGV, "building failed: its process crashed in native code (SIGSEGV)"),
        (signal.SIGABRT, "building failed: its process crashed in native code (SIGABRT)"),
        (getattr(signal, "SIGKILL", 9), "building failed: its process was killed (SIGKILL), by a user or for lack of"),
    ],
)
def test_what_the_compiler_complained_about_before_it_crashed_is_in_the_log(
    tasks: ModuleType, caplog: pytest.LogCaptureFixture, number: int, sentence: str
) -> None:
    with caplog.at_level(logging.INFO, "f2p_deploy"), pytest.raises(CompilerError) as caught:
        run_in_child(tasks.die, (number,), doing="building")
    assert str(caught.value).startswith(sentence) and str(caught.value).endswith("; --verbose shows what it said")
    assert "layer seven is too wide" in caplog.text and "layer seven" not in str(caught.value)


def test_the_last_words_before_an_exit_are_in_the_log(tasks: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    sentence = "ended by itself with exit code 3; --verbose shows what it said$"
    with caplog.at_level(logging.INFO, "f2p_deploy"), pytest.raises(CompilerError, match=sentence):
        run_in_child(tasks.leave)
    assert "license expired" in caplog.text


def test_errors_of_the_package_and_the_system_stay_what_they_are(tasks: ModuleType) -> None:
    with pytest.raises(InputError, match="that is no graph"):
        run_in_child(tasks.refuse)
    if Path("/dev/full").exists():
        with pytest.raises(OSError, match="No space left"):
            run_in_child(tasks.fill)


def test_any_other_error_is_a_sentence(tasks: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    sentence = "^building failed with an unforeseen ZeroDivisionError; --verbose shows what it said$"
    with caplog.at_level(logging.INFO, "f2p_deploy"), pytest.raises(CompilerError, match=sentence):
        run_in_child(tasks.stumble, doing="building")
    assert "division by zero" in caplog.text


def test_the_cause_of_an_f2p_error_in_the_child_is_in_the_log(
    tasks: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "f2p_deploy"), pytest.raises(CompilerError, match="^it failed$"):
        run_in_child(tasks.pass_on)
    assert "ValueError: node 7 is odd" in caplog.text


def test_ctrl_c_takes_the_compiler_along(tasks: ModuleType) -> None:
    pids: list[int] = []

    def interrupt(stage: str, done: float = 0.0, total: float = 0.0, /) -> None:
        pids.append(int(stage.removeprefix("pid ")))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_child(tasks.wait, (60,), interrupt)
    assert gone(pids[0])


@pytest.mark.skipif(sys.platform != "linux", reason="knows the size of a pipe")
def test_a_process_that_dies_before_it_has_read_its_task_is_a_sentence(
    tasks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe takes 64 KiB of it, the buffer before that the rest, which closing would still write."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nsleep 0.5\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(CompilerError, match="ended by itself with exit code 1"):
        run_in_child(tasks.take, (bytes(69_000),))


@pytest.mark.skipif(os.name == "nt", reason="needs groups of processes")
def test_ctrl_c_takes_along_what_the_compiler_started(tasks: ModuleType) -> None:
    pids: list[int] = []

    def interrupt(stage: str, done: float = 0.0, total: float = 0.0, /) -> None:
        pids.append(int(stage.removeprefix("pid ")))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_child(tasks.beget, (), interrupt)
    assert gone(pids[0])


def test_a_long_silence_is_counted(tasks: ModuleType) -> None:
    stages: list[str] = []
    run_in_child(tasks.wait, (1.3,), lambda stage, *numbers: stages.append(stage))
    assert stages[0].startswith("pid ") and stages[1] == f"{stages[0]}, 1 s"


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_parent_leaves_no_compiler(tasks: ModuleType, tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import compiler_tasks\n"
        "from f2p_deploy.export.tensorrt.compiler_process import run_in_child\n"
        "run_in_child(compiler_tasks.wait, (60,), lambda stage, *numbers: print(stage, flush=True))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline().removeprefix("pid "))
        parent.kill()
        parent.wait()
    assert gone(pid)
