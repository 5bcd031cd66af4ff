"""Postpone Ctrl-C and similar signals while an operation must not stop halfway."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Signals with which a user, a service manager or a closed terminal ends a process; Windows has two of them.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def postponed() -> Iterator[None]:
    """Delay Ctrl-C, and other signals that have a Python handler, until the end of the block.

    Python handles signals in the main thread only, so in other threads this does nothing.

    Raises:
        KeyboardInterrupt: at the end of the block, if Ctrl-C was pressed during it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    received: dict[int, FrameType | None] = {}
    over = False

    def wait(number: int, frame: FrameType | None) -> None:
        handler = handlers[number]
        if over and callable(handler):
            handler(number, frame)
        else:
            received[number] = frame

    try:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, wait)
        yield
    finally:
        over = True
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, handler)
        for number, frame in received.items():
            handler = handlers[number]
            if callable(handler):
                handler(number, frame)


@contextmanager
def unheard_by_children() -> Iterator[None]:
    """Block Ctrl-C for the child processes that are started in the block, so that their parent decides when to end.

    A terminal sends Ctrl-C to all processes at once. In the children it is blocked from the start, before they run code
    of this package. If it is pressed during the block, this process receives it at the end of the block.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # otherwise multiprocessing starts it with the first child, and unblocks SIGINT after that
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
