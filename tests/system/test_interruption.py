"""Ctrl-C waits for the end of an operation that must not stop halfway, and is not lost."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from f2p_deploy.system.interruption import postponed, unheard_by_children

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Restore the default handler: a test run started in the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_block_is_finished_first() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), postponed():
        press()
        time.sleep(0.01)
        done.append("all")
    assert done == ["all"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_one_nothing_changes() -> None:
    with postponed():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        press()
        time.sleep(1)


def test_the_innermost_block_does_not_end_the_outer_one() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), postponed():
        with postponed():
            press()
        done.append("all")
    assert done == ["all"]


def test_an_error_of_the_block_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, postponed():
        press()
        raise ValueError("first")
    assert "first" in str(caught.value.__context__)
    with pytest.raises(ValueError, match="only"), postponed():
        raise ValueError("only")


def test_an_answer_of_the_caller_is_his_own() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with postponed():
            signal.raise_signal(signal.SIGTERM)
            assert heard == []
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_change_nothing() -> None:
    found: list[object] = []

    def work() -> None:
        with postponed():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs masks of signals")
def test_a_process_does_not_hear_it_from_its_first_moment_on() -> None:
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0.2,))
    with unheard_by_children():
        process.start()
    assert process.pid is not None
    for _ in range(100):
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.001)
    process.join(30)
    assert process.exitcode == 0
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs masks of signals")
def test_one_that_comes_meanwhile_reaches_this_process() -> None:
    with pytest.raises(KeyboardInterrupt), unheard_by_children():
        press()
        time.sleep(0.01)
