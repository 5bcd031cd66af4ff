"""Run compilers in a child process, so that even a crash in native code becomes an error with a message."""

import contextlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from f2p_deploy.system.causes import SAID, log_causes
from f2p_deploy.system.errors import CompilerError, F2PError
from f2p_deploy.system.interruption import postponed
from f2p_deploy.system.progress import Progress, silent

logger = logging.getLogger(__name__)

#: Seconds between two progress reports of a compiler that reports nothing itself.
TICK = 1.0

#: The child's program: take over the parent's search path, then run `_serve`.
_BEGIN = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from f2p_deploy.export.tensorrt.compiler_process import _serve; _serve()"
)


def run_in_child(
    function: Callable[..., Any], arguments: tuple[Any, ...] = (), progress: Progress = silent, doing: str = "compiling"
) -> Any:
    """Call a function in a new Python process and return its result.

    The child's log records are logged here, at INFO at most: errors of a compiler belong into the message of the
    exception that they lead to. The child and all its own children end with this call, even on Ctrl-C, and with this
    process.

    Args:
        function: of an importable module; called as `function(progress, *arguments)`.
        arguments: picklable, like the result.
        progress: called with the function's own progress reports, and once a second with the time since the last one.
        doing: the subject of the error message ("building the engine of step").

    Raises:
        CompilerError: the process crashed or was killed, or the function raised an unexpected exception.
        F2PError, OSError: raised by the function.
    """
    with tempfile.TemporaryFile() as errors:
        with postponed():  # a Ctrl-C before `process` is assigned would leave the child running
            process = subprocess.Popen(
                [sys.executable, "-c", _BEGIN],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C reaches only this process, which ends the child
            )
        try:
            return _follow(process, (function, arguments), progress, doing, errors)
        finally:
            with postponed():
                end_all(process)


def end_all(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all its children, without raising exceptions that would hide the original one."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # closing flushes data that the process no longer reads
            if pipe is not None:
                pipe.close()


def _follow(
    process: subprocess.Popen[bytes], task: tuple[Any, ...], progress: Progress, doing: str, errors: IO[bytes]
) -> Any:
    """Send the task to the child, pass on its messages, and return the result."""
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise CompilerError(f"{doing} could not start: no pipe to its process")
    stage: tuple[Any, ...] = (doing,)
    since = time.monotonic()
    try:
        stdin.write(pickle.dumps(sys.path) + pickle.dumps(logger.getEffectiveLevel()) + pickle.dumps(task))
        stdin.flush()
        while True:
            kind, *content = pickle.load(stdout)
            if kind == "result":
                return content[0]
            if kind == "failed":
                raise content[0] or CompilerError(f"{doing} failed with an unforeseen {content[1]}; {SAID}")
            if kind == "progress":
                stage, since = tuple(content), time.monotonic()
                progress(*stage)
            elif kind == "tick":
                progress(f"{stage[0]}, {time.monotonic() - since:.0f} s", *stage[1:])
            else:
                name, level, text = content
                logging.getLogger(name).log(min(level, logging.INFO), text)
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        code = process.wait()
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    logger.info("%s: standard error of the process: %s", doing, "\n".join(lines))
    raise CompilerError(f"{doing} failed: {how_it_ended(code)}; {SAID}")


def how_it_ended(code: int) -> str:
    """Describe how a process ended that sent no result."""
    if code >= 0:
        return f"its process ended by itself with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL":
        return "its process was killed (SIGKILL), by a user or for lack of memory"
    return f"its process crashed in native code ({name})"


class _Forward(logging.Handler):
    """Sends log records to the parent."""

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__()
        self.tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self.tell("log", record.name, record.levelno, self.format(record))


def _serve() -> None:
    """Run one task in the child process, and report to the parent over the original standard output."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of native libraries goes to the standard error, so that it does not mix with messages
    lock = threading.Lock()

    def tell(*message: Any) -> None:
        data = pickle.dumps(message)
        with lock:
            messages.write(data)
            messages.flush()

    level = pickle.load(sys.stdin.buffer)
    root = logging.getLogger()
    root.addHandler(_Forward(tell))
    root.setLevel(logging.WARNING)
    logging.getLogger("f2p_deploy").setLevel(level)
    message: tuple[Any, ...]
    try:
        function, arguments = pickle.load(sys.stdin.buffer)
        threading.Thread(target=_die_with_parent, daemon=True).start()
        threading.Thread(target=_tick, args=(tell,), daemon=True).start()
        message = ("result", function(lambda *stage: tell("progress", *stage), *arguments))
    except (F2PError, OSError) as error:
        log_causes(error)  # pickling the error loses its causes
        message = ("failed", error, "")
    except Exception as error:  # any other exception of a compiler becomes a message of the parent
        logger.info("the compiler raised %s", type(error).__name__, exc_info=True)
        message = ("failed", None, type(error).__name__)
    tell(*message)
    os._exit(0)  # skips the clean-up of native libraries, which may crash


def _die_with_parent() -> None:
    """Exit when the parent ends, which closes the pipe of the standard input."""
    while os.read(0, 1):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)  # also ends processes that the compiler started
    os._exit(1)


def _tick(tell: Callable[..., None]) -> None:
    while True:
        time.sleep(TICK)
        tell("tick")
