"""A library's message is in the log and not in the error message."""

import json
import logging
import tomllib

import pytest

from f2p_deploy.system.causes import log_causes, place_of, reason_of, reason_of_text
from f2p_deploy.system.errors import InputError


def test_the_words_of_libraries_are_logged_and_ours_are_not(caplog: pytest.LogCaptureFixture) -> None:
    try:
        try:
            try:
                raise ValueError("line 3: odd")
            except ValueError as error:
                raise InputError("the file is damaged") from error
        except InputError as error:
            raise InputError("bundle: the file is damaged") from error
    except InputError as error:
        with caplog.at_level(logging.INFO, "f2p_deploy"):
            log_causes(error)
    assert caplog.messages == ["ValueError: line 3: odd"]


def test_what_was_put_aside_on_purpose_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "f2p_deploy"):
        try:
            try:
                raise KeyError("x")
            except KeyError:
                raise InputError("no x") from None
        except InputError as error:
            log_causes(error)
        log_causes(None)
    assert not caplog.messages


def test_the_place_of_a_fault_may_be_told() -> None:
    for read, text, place in (
        (json.loads, '{"a": 1,\n "b"}', " at line 2, column 5"),
        (tomllib.loads, "a = 1\nb = ]", " at line 2, column 5"),
        (tomllib.loads, "a = '", " at end of document"),
        (lambda text: text.encode("latin-1").decode(), "gr\xfc\xdf", " at byte 2, which is not UTF-8"),
        (int, "x", ""),
    ):
        with pytest.raises(ValueError) as caught:
            read(text)
        assert place_of(caught.value) == place, text


def test_the_system_s_words_may_be_told() -> None:
    assert reason_of(OSError(28, "No space left on device"), "no picture") == "No space left on device"
    assert reason_of(OSError("image file is truncated"), "no picture") == "no picture"  # Pillow's, not the system's
    assert reason_of(ValueError("x"), "no picture") == "no picture"
    fault = UnicodeDecodeError("utf-8", b"gr\xfc", 2, 3, "invalid start byte")
    assert reason_of_text(fault) == "it is not UTF-8 text, from byte 2 on"
    assert reason_of_text(OSError(21, "Is a directory")) == "Is a directory"
