"""Handling of Ctrl-C, SIGTERM and a closed terminal while a command runs.

Each raises `KeyboardInterrupt`, and the command cleans up and saves while that propagates; further signals are ignored
meanwhile.
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

#: Seconds after which a signal that could not be handled is sent again.
_AGAIN = 0.02


class _State:
    """The state of signal handling: a command is running, the last signal, and a flag that it was raised."""

    working = False
    received = int(signal.SIGINT)
    raised = False


def begin(before: Callable[..., None]) -> None:
    """Raise `KeyboardInterrupt` on signals from now on.

    Args:
        before: the current handler of the signals; a signal with another handler keeps that.
    """
    sys.unraisablehook = _Swallowed(sys.unraisablehook)
    _State.working = True
    _exchange(before, _answer)


def settle() -> None:
    """Ignore signals from now on, since the outcome is known and only has to be reported."""
    _State.working = False


def end() -> None:
    """Restore the default handlers, since nothing is left to clean up or to report."""
    _exchange(_answer, signal.SIG_DFL)


def words() -> str:
    """Return the message for the last signal."""
    return stopped_by(_State.received)


def exit_code() -> int:
    """Return the exit code of a command that the last signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + _State.received


def received() -> int:
    """Return the number of the last signal."""
    return _State.received


def raised() -> bool:
    """Return whether a signal has raised `KeyboardInterrupt`, even if that was caught."""
    return _State.raised


def caused(error: BaseException) -> bool:
    """Return whether an error is a `KeyboardInterrupt`, or has one among its causes and contexts."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if isinstance(current, KeyboardInterrupt):
            return True
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            pending += [current.__cause__, current.__context__]
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
    """Return whether a module is being imported; native code would swallow an exception there."""
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
            # A real signal, which interrupts a blocking call of the main thread.
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        else:
            _thread.interrupt_main(signal.Signals(number))

    _thread.start_new_thread(send, ())


class _Swallowed:
    """A hook for exceptions that cannot be caught (in `__del__`, in callbacks): it sends the signal again."""

    def __init__(self, before: Callable[[Any], object]) -> None:
        self.before = before

    def __call__(self, unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            _come_again(_State.received)
        else:
            self.before(unraisable)
