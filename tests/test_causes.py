"""What a library said stays out of the sentence and is in the log."""

import logging

import pytest

from f2p_deploy.causes import log_causes
from f2p_deploy.errors import InputError


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
