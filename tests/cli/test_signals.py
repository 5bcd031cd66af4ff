"""Ctrl-C, SIGTERM and a closed terminal at any moment of any command."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

STOPPED = "error: stopped\n"

#: Seconds over which the signals of all commands are spread: the last come when a command has ended already.
SPREAD = 0.3


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """A suite that was started in the background ignores signals, and its children would: a terminal's do not."""
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def start(*words: str, cwd: Path | None = None, code: str = "") -> "subprocess.Popen[str]":
    """Start a command, or what runs some code before it."""
    command = [sys.executable, "-c", f"{code}\nfrom f2p_deploy.cli import main; main()"]
    return subprocess.Popen(
        [*command, *words],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )


def wait_until_signals_are_answered(process: "subprocess.Popen[str]") -> None:
    """Return as soon as the process catches SIGTERM, which Python itself does not."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), "0")
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.0005)
    process.kill()
    process.communicate()
    raise AssertionError("the process never answered SIGTERM")


def test_ctrl_c_at_any_moment_is_one_sentence(any_command: tuple[str, ...], share: float) -> None:
    process = start(*any_command, "--help")
    wait_until_signals_are_answered(process)
    time.sleep(SPREAD * share)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    if process.returncode == 130:
        assert err == STOPPED
    else:  # it had told everything already; a signal after that ends it at once
        assert process.returncode in (0, -signal.SIGINT) and err == "" and out.endswith("\n")


def test_ctrl_c_at_any_moment_of_a_run_leaves_nothing_half_written(
    small_artifact: Path, photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ["run", str(photo), "--artifact", str(small_artifact), "--landmarks", str(landmarks), "--threads", "1"]
    words += ["--mode", "one-shot", "-o", "out"]

    def timed(folder: Path, wait: float) -> float:
        folder.mkdir()
        process = start(*words, cwd=folder)
        begun = time.monotonic()
        wait_until_signals_are_answered(process)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 130, -signal.SIGINT)
        assert (process.returncode == 130) is ("error: stopped" in err)
        assert "Traceback" not in err and "Exception" not in err
        assert not [path for path in folder.rglob("*") if path.name.startswith(".")]
        return time.monotonic() - begun

    whole = timed(tmp_path / "whole", 60.0)
    for i in range(6):
        timed(tmp_path / str(i), whole * (i + 1) / 7)


@pytest.mark.parametrize("moment", ["before the command", "in the command"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_each_signal_has_its_sentence_its_code_and_its_object(number: signal.Signals, moment: str) -> None:
    kill = f"import os; os.kill(os.getpid(), {int(number)})"
    if moment == "in the command":
        code = f"import f2p_deploy.doctor, time\ndef diagnose(*_):\n {kill}; time.sleep(60)\n"
        code += "f2p_deploy.doctor.diagnose = diagnose"
    else:
        code = f"import threading\nfrom f2p_deploy.cli import streams\ndef look_after():\n {kill}\n"
        code += "streams.look_after = look_after"
    process = start("doctor", "--json", code=code)
    out, err = process.communicate(timeout=30)
    said = "stopped" if number == signal.SIGINT else f"stopped by {number.name}"
    assert (process.returncode, err) == (128 + number, f"error: {said}\n")
    assert out == f'{{\n  "error": "{said}",\n  "exit_code": {128 + number}\n}}\n'


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    code = "import signal, os; signal.signal(signal.SIGHUP, signal.SIG_IGN)\nimport f2p_deploy.doctor\n"
    code += "def diagnose(*_):\n os.kill(os.getpid(), signal.SIGHUP); raise SystemExit(0)\n"
    code += "f2p_deploy.doctor.diagnose = diagnose"
    process = start("doctor", code=code)
    assert process.communicate(timeout=30) == ("", "") and process.returncode == 0


#: What a command does, in the place of `doctor`, and what becomes of it.
MOMENTS = {
    "a second one while the first is cleaned up after": """
    from f2p_deploy.system.files import write_folder
    with write_folder(Path("made"), "marker", "artifact") as folder:
        (folder / "half").write_text("")
        Path("lock").touch()
        try:
            interrupt()
        finally:
            interrupt()
            Path("lock").unlink()
""",
    "while a file is written": """
    from f2p_deploy.system.files import open_whole
    with open_whole(Path("made")) as file:
        file.write(b"half")
        interrupt()
""",
    "where nobody can catch it": """
    class Held:
        def __del__(self):
            interrupt()
    held = Held()
    del held
    time.sleep(30)
""",
    "while a module is imported, which takes it for a failed import": """
    Path("module_here.py").write_text(
        "import os, signal\\n"
        "try:\\n  os.kill(os.getpid(), signal.SIGINT)\\n"
        "except BaseException:\\n  raise ImportError('numpy.core.multiarray failed to import') from None\\n"
    )
    sys.path.insert(0, os.getcwd())
    sys.dont_write_bytecode = True
    import module_here
    os.remove("module_here.py")
    time.sleep(30)
""",
    "where native code makes another error of it": """
    try:
        interrupt()
    except KeyboardInterrupt:
        pass
    raise ValueError("could not determine the shape of object type 'torch.storage.UntypedStorage'")
""",
    "and cleaning up fails": """
    from f2p_deploy.system.errors import InputError
    try:
        interrupt()
    finally:
        raise InputError("cannot remove the temporary file")
""",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_a_bad_moment(moment: str, tmp_path: Path) -> None:
    code = "import os, signal, sys, time\nfrom pathlib import Path\nimport f2p_deploy.doctor\n"
    code += "def interrupt():\n    os.kill(os.getpid(), signal.SIGINT)\n"
    code += f"def diagnose(*_):{MOMENTS[moment]}    return []\nf2p_deploy.doctor.diagnose = diagnose"
    process = start("doctor", cwd=tmp_path, code=code)
    out, err = process.communicate(timeout=25)
    assert (process.returncode, out, err) == (130, "", STOPPED)
    assert not list(tmp_path.iterdir())


def test_nothing_slow_is_imported_before_signals_are_answered() -> None:
    code = "import sys; before = set(sys.modules); import f2p_deploy.cli; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["f2p_deploy", "f2p_deploy.cli", "f2p_deploy.cli.leaving"]
