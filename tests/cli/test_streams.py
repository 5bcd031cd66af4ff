"""Every command with a standard stream that is closed, full, or without a reader."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full, and streams that can be closed")

MAIN = (sys.executable, "-m", "f2p_deploy.cli")

#: What a user reads, by where stdout leads to, and the exit code.
OUTCOMES = {
    "full": (2, "error: cannot write to stdout: No space left on device\n"),
    "closed": (2, "error: cannot write to stdout: it is closed\n"),
    "gone": (141, ""),
}


#: For each line of stdin, a list of words, run that command in a fork, and write its exit code to a pipe.
#: A fork begins as a new process does, with the modules of every help loaded: loading them takes most of its time.
FORKS = """
import gc, json, os, sys
import typer
from f2p_deploy.cli import choices, main, outcome
typer.main.get_command(outcome.app).make_context("f2p-deploy", ["targets"])
for registry in choices.REGISTRIES:
    choices.words_of(registry)
gc.freeze()
answers = int(sys.argv.pop())
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.argv[1:] = json.loads(line)
        main()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(answers, f"{code}\\n".encode())
"""


def start(
    words: tuple[str, ...],
    stdout: str = "pipe",
    closed: tuple[int, ...] = (),
    main: tuple[str, ...] = MAIN,
    **more: object,
) -> "subprocess.Popen[str]":
    """Start a command; stdout leads to a pipe, to a full disk, nowhere, or to a reader that has gone."""

    def close() -> None:
        for number in (*closed, *((1,) if stdout == "closed" else ())):
            os.close(number)

    target: int | IO[bytes] = subprocess.PIPE
    opened: list[int] = []
    if stdout == "full":
        opened = [os.open("/dev/full", os.O_WRONLY)]
    elif stdout == "gone":
        reader, writer = os.pipe()
        os.close(reader)
        opened = [writer]
    process = subprocess.Popen(
        [*main, *words],
        stdout=opened[0] if opened else target,
        text=True,
        preexec_fn=close,  # after Popen has put its own streams there
        env={**os.environ, "NO_COLOR": "1"},
        **{"stderr": subprocess.PIPE, **more},
    )
    for number in opened:
        os.close(number)
    return process


@dataclass(frozen=True)
class Forks:
    """A process that runs one command after another, each in a fork of itself with the same streams.

    Args:
        words: its stdin.
        codes: where it writes the exit codes.
        errors: the file that is stderr of all of them.
    """

    words: IO[str]
    codes: IO[str]
    errors: Path

    def run(self, *words: str) -> tuple[int, str]:
        """Run a command, and return its exit code and what it wrote to stderr."""
        before = self.errors.stat().st_size
        self.words.write(json.dumps(words) + "\n")
        self.words.flush()
        code = int(self.codes.readline())
        return code, self.errors.read_text()[before:]


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Forks]]:
    """One for each place that stdout may lead to; nothing else takes the number of a stream that is closed."""
    folder = tmp_path_factory.mktemp("streams")
    with ExitStack() as stack:
        made = {}
        for where in OUTCOMES:
            errors = folder / where
            file = stack.enter_context(errors.open("a"))
            reader, writer = os.pipe()
            given = {"stdin": subprocess.PIPE, "stderr": file, "pass_fds": (writer,)}
            process = start((str(writer),), where, main=(sys.executable, "-c", FORKS), **given)
            os.close(writer)
            codes = stack.enter_context(os.fdopen(reader))
            stack.callback(process.wait, 60)
            assert process.stdin is not None
            made[where] = Forks(stack.enter_context(process.stdin), codes, errors)
        yield made


def test_help_that_cannot_be_printed_is_one_sentence(any_command: tuple[str, ...], forks: dict[str, Forks]) -> None:
    for where, expected in OUTCOMES.items():
        assert forks[where].run(*any_command, "--help") == expected, where


@pytest.mark.parametrize(
    "words", [("targets",), ("--version",), ("train", "--help"), ("bundle", "show"), ("schema", "list", "--json")]
)
def test_results_that_cannot_be_printed_are_one_sentence(words: tuple[str, ...]) -> None:
    running = {where: start(words, where) for where in OUTCOMES}
    silent = start(words, "closed", closed=(0, 2))
    for where, process in running.items():
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == OUTCOMES[where], where
    _, err = silent.communicate(timeout=60)
    assert (silent.returncode, err) == (2, "")


def test_an_error_keeps_its_code_where_its_object_cannot_be_printed() -> None:
    for where in OUTCOMES:
        process = start(("run", "nowhere.jpg", "--json"), where)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (2, "error: there is no file nowhere.jpg\n"), where


def test_a_reader_that_closes_the_pipe_ends_the_output() -> None:
    with start(("schema", "show", "justice-female")) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode in (0, 141)  # 0: all of it was in the pipe already


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_stdout_that_does_not_block_gets_everything(unbuffered: str) -> None:
    import fcntl

    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with open(reader, "rb") as output:
        words = ["schema", "show", "justice-female", "--json"]
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        with subprocess.Popen([*MAIN, *words], stdout=writer, stderr=subprocess.PIPE, env=environment) as process:
            os.close(writer)
            assert process.stderr is not None
            printed = output.read()
            assert process.stderr.read() == b"" and process.wait() == 0
    assert len(printed) > 8192 and printed.endswith(b"}\n")


@pytest.fixture
def makes(small_artifact: Path, photo: Path, landmarks: Path) -> Callable[[Path], tuple[str, ...]]:
    """Words that make a character of the photo, progress and a sentence included."""

    def words(out: Path) -> tuple[str, ...]:
        where = ["--artifact", small_artifact, "--landmarks", landmarks, "--threads", "1", "-o", out]
        return ("run", str(photo), "--mode", "one-shot", *map(str, where))

    return words


@pytest.mark.parametrize("closed", [(2,), (0, 2), (0,)], ids=["stderr", "stdin and stderr", "stdin"])
def test_a_run_without_some_streams_does_its_work(
    makes: Callable[[Path], tuple[str, ...]], tmp_path: Path, closed: tuple[int, ...]
) -> None:
    process = start(makes(tmp_path / "out"), closed=closed)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert (tmp_path / "out" / "astronaut" / "parameters.json").is_file()
    assert out.splitlines()[-1] == f"page: {tmp_path / 'out' / 'index.html'}"


def test_a_run_without_any_stream_does_its_work_and_says_that_nobody_heard(
    makes: Callable[[Path], tuple[str, ...]], tmp_path: Path
) -> None:
    process = start(makes(tmp_path / "out"), "closed", closed=(0, 2))
    process.communicate(timeout=120)
    assert process.returncode == 2
    assert (tmp_path / "out" / "index.html").is_file()


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    code = f"""
import os
import f2p_deploy.doctor
def diagnose(*_):
    with open({str(tmp_path / "precious")!r}, "w") as file:
        assert file.fileno() > 2
        os.write(2, b"what a library prints")
    raise SystemExit(0)
f2p_deploy.doctor.diagnose = diagnose
from f2p_deploy.cli import main
main()
"""
    for number in (0, 1, 2):
        command = [sys.executable, "-c", code, "doctor"]
        subprocess.run(command, preexec_fn=lambda number=number: os.close(number), check=True, timeout=60)
    assert (tmp_path / "precious").read_bytes() == b""
