"""The log: one JSON object per line."""

import io
import json
import logging

import pytest

from f2p_deploy.service.json_log import JsonLines, Stopwatch


@pytest.fixture
def logged():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, stream


def test_a_record_is_one_line_with_its_facts(logged) -> None:
    logger, stream = logged
    logger.info("request", extra={"facts": {"id": "a\nb", "seconds": 0.5}})
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {"level": "info", "event": "request", "id": "a\nb", "seconds": 0.5}


def test_a_bug_keeps_its_traceback_on_the_line(logged) -> None:
    logger, stream = logged
    try:
        raise ValueError("no")
    except ValueError as error:
        logger.error("bug", exc_info=error)
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: no" in json.loads(line)["traceback"]


def test_a_stopwatch_measures_laps() -> None:
    watch = Stopwatch()
    assert 0 <= watch.lap() <= watch.total
