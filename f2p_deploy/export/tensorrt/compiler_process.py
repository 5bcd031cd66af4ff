"""Compilers run in a process of their own: whatever ends one, a crash in native code included, is a sentence here."""

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

#: Seconds between two signs of life of a compiler that says nothing.
TICK = 1.0

#: What the new process begins with: the parent's search path, then the rest of `_serve`.
_BEGIN = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from f2p_deploy.export.tensorrt.compiler_process import _serve; _serve()"
)


def run_in_child(
    function: Callable[..., Any], arguments: tuple[Any, ...] = (), progress: Progress = silent, doing: str = "compiling"
) -> Any:
    """Call a function in a fresh Python process and return its result.

    What the function logs is logged here, at INFO at most: an error of a compiler belongs into the sentence that it
    leads to. When this call ends, by Ctrl-C too, the process is gone with all that it started; when this process ends,
    so are they.

    Args:
        function: of an importable module; called as `function(progress, *arguments)`.
        arguments: what `pickle` can carry, as the result must be.
        progress: told what the function tells its own, and once a second how long the last of it is taking.
        doing: the subject of the error's sentence ("building the engine of step").

    Raises:
        CompilerError: the process crashed or was killed, or the function raised something unforeseen.
        F2PError, OSError: what the function raised.
    """
    with tempfile.TemporaryFile() as last_words:
        with postponed():  # Ctrl-C before the process is known would leave it behind
            process = subprocess.Popen(
                [sys.executable, "-c", _BEGIN],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=last_words,
                start_new_session=True,  # Ctrl-C reaches this process alone, which decides
            )
        try:
            return _follow(process, (function, arguments), progress, doing, last_words)
        finally:
            with postponed():
                _end_all(process)


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started; raises nothing that would hide why."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # what it did not read any more is still to be written
            if pipe is not None:
                pipe.close()


def _follow(
    process: subprocess.Popen[bytes], task: tuple[Any, ...], progress: Progress, doing: str, last_words: IO[bytes]
) -> Any:
    """Hand the task over, pass on what comes back, and return the result."""
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
    last_words.seek(0)
    said = last_words.read().decode(errors="replace").splitlines()
    logger.info("%s: the process said: %s", doing, "\n".join(said))
    raise CompilerError(f"{doing} failed: {_end(code)}; {SAID}")


def _end(code: int) -> str:
    """Say how a process ended that did not say it itself."""
    if code >= 0:
        return f"its process ended by itself with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL":
        return "its process was killed (SIGKILL), by someone or for want of memory"
    return f"its process crashed in native code ({name})"


class _Forward(logging.Handler):
    """Sends log records to the parent."""

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__()
        self.tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self.tell("log", record.name, record.levelno, self.format(record))


def _serve() -> None:
    """Be the other process: run one task, tell the parent about it on what was the standard output."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a native library prints is no message
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
        log_causes(error)  # they do not travel with it
        message = ("failed", error, "")
    except Exception as error:  # whatever else a compiler raises becomes one sentence of the parent's
        logger.info("the compiler raised %s", type(error).__name__, exc_info=True)
        message = ("failed", None, type(error).__name__)
    tell(*message)
    os._exit(0)  # a native library that crashes on its way out has done its work


def _die_with_parent() -> None:
    """Wait for the end of the parent, which keeps the pipe open as long as it lives."""
    while os.read(0, 1):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)  # with what the compiler started
    os._exit(1)


def _tick(tell: Callable[..., None]) -> None:
    while True:
        time.sleep(TICK)
        tell("tick")
