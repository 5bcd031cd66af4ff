"""Silenced libraries: nothing of theirs is seen inside the block, and everything is restored behind it."""

import logging
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from f2p_deploy.system.quiet import quiet


def speak() -> None:
    print("printed")
    print("printed as an error", file=sys.stderr)
    warnings.warn("warned", stacklevel=1)
    logging.getLogger("chatty").warning("logged")
    logging.getLogger("other").warning("logged elsewhere")


@pytest.mark.filterwarnings("error")
def test_everything_is_silent_inside(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with quiet("chatty"):
        speak()
        logging.getLogger("chatty").error("failed")
    assert capsys.readouterr() == ("", "")
    assert caplog.messages == ["logged elsewhere", "failed"]


def test_everything_is_restored_even_after_an_error(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    chatty = logging.getLogger("chatty")
    before = chatty.level
    with pytest.raises(ValueError, match="mine"), quiet("chatty"):
        assert not chatty.isEnabledFor(logging.WARNING)
        raise ValueError("mine")
    with pytest.warns(UserWarning, match="warned"):
        speak()
    assert chatty.level == before and "logged" in caplog.messages
    assert capsys.readouterr() == ("printed\n", "printed as an error\n")


def test_streams_may_stay_and_errors_be_silenced(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with quiet("chatty", level=logging.CRITICAL, streams=False):
        speak()
        logging.getLogger("chatty").error("failed")
    assert capsys.readouterr() == ("printed\n", "printed as an error\n")
    assert caplog.messages == ["logged elsewhere"]


def test_threads_restore_the_streams_that_were_there_before() -> None:
    before, entered = sys.stdout, Event()

    def first() -> None:
        with quiet("chatty"):
            entered.set()
            second_waits.wait(0.2)  # long enough for the other thread to enter, if it could

    def second() -> None:
        entered.wait()
        with quiet("chatty"):
            second_waits.set()

    second_waits = Event()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda run: run(), (first, second)))
    assert sys.stdout is before


def test_blocks_of_one_thread_may_be_nested() -> None:
    before = sys.stdout
    with quiet("chatty"), quiet("other"):
        assert sys.stdout is not before
    assert sys.stdout is before
