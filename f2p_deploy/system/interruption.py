"""Ctrl-C at a moment when something must not be left half-done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The signals by which a user, a service manager or a closed terminal ends a process; Windows knows two of them.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def postponed() -> Iterator[None]:
    """Let Ctrl-C, and other ends that the process answers itself, wait until the block has ended.

    Python answers signals in the main thread alone; in other threads nothing changes.

    Raises:
        KeyboardInterrupt: at the end of the block, if somebody pressed Ctrl-C meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    answers = {number: signal.getsignal(number) for number in SIGNALS}
    came: dict[int, FrameType | None] = {}
    over = False

    def wait(number: int, frame: FrameType | None) -> None:
        answer = answers[number]
        if over and callable(answer):
            answer(number, frame)
        else:
            came[number] = frame

    try:
        for number, answer in answers.items():
            if callable(answer):
                signal.signal(number, wait)
        yield
    finally:
        over = True
        for number, answer in answers.items():
            if callable(answer):
                signal.signal(number, answer)
        for number, frame in came.items():
            answer = answers[number]
            if callable(answer):
                answer(number, frame)


@contextmanager
def unheard_by_children() -> Iterator[None]:
    """Start processes that Ctrl-C, which a terminal sends to all at once, never reaches: their parent decides.

    From their first moment on, before they run any code of ours. One that comes meanwhile reaches this process at the
    end of the block.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # `multiprocessing` starts it with the first process, and then lets SIGINT through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
