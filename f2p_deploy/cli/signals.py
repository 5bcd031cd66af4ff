"""Ctrl-C, SIGTERM and a closed terminal while a command runs.

Each raises `KeyboardInterrupt`, which cleans up and saves on its way out; meanwhile further ones change nothing.
"""

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from f2p_deploy.cli.leaving import stopped_by
from f2p_deploy.system.interruption import SIGNALS

#: Seconds after which a signal that came at a bad moment comes again.
_AGAIN = 0.02


class _State:
    """Whether a command runs in a process whose signals are ours, and what was sent to it."""

    working = False
    received = int(signal.SIGINT)
    raised = False


def begin(before: Callable[..., None]) -> None:
    """Raise `KeyboardInterrupt` from now on.

    Args:
        before: the handler of the signals so far; what has another one keeps it.
    """
    sys.unraisablehook = _Swallowed(sys.unraisablehook)
    _State.working = True
    _exchange(before, _answer)


def settle() -> None:
    """Ignore signals from now on: the outcome is known, only to be told."""
    _State.working = False


def end() -> None:
    """Let a signal end the process by itself from now on: nothing is left to clean up or to tell."""
    _exchange(_answer, signal.SIG_DFL)


def words() -> str:
    """Return what to say of the last signal."""
    return stopped_by(_State.received)


def exit_code() -> int:
    """Return the exit code of a command that the last signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + _State.received


def received() -> int:
    """Return the number of the last signal."""
    return _State.received


def raised() -> bool:
    """Return whether a signal was answered by `KeyboardInterrupt`, whatever became of that."""
    return _State.raised


def caused(error: BaseException) -> bool:
    """Return whether an error is a signal's, or came up while one was being answered."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        found = pending.pop()
        if isinstance(found, KeyboardInterrupt):
            return True
        if found is not None and id(found) not in seen:
            seen.add(id(found))
            pending += [found.__cause__, found.__context__]
    return False


def _exchange(before: Any, after: Any) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is before:
            signal.signal(number, after)


def _answer(number: int, frame: FrameType | None) -> None:
    handled = sys.exc_info()[1]
    if not _State.working or (handled is not None and caused(handled)):
        return
    if _importing(frame):
        _come_again(number)
        return
    _State.received, _State.raised = number, True
    raise KeyboardInterrupt


def _importing(frame: FrameType | None) -> bool:
    """Return whether a module is being imported: native code in the middle of that swallows exceptions."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _come_again(number: int) -> None:
    def send() -> None:
        time.sleep(_AGAIN)
        if not _State.working:
            return
        if hasattr(signal, "pthread_kill"):
            # A real one, which ends a wait of the main thread.
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        else:
            _thread.interrupt_main(signal.Signals(number))

    _thread.start_new_thread(send, ())


class _Swallowed:
    """Python's hook for exceptions that nobody can catch (in `__del__`, in callbacks): the signal comes again."""

    def __init__(self, before: Callable[[Any], object]) -> None:
        self.before = before

    def __call__(self, unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            _come_again(_State.received)
        else:
            self.before(unraisable)
