"""The generator of hostile conversations: the same seed says the same, and answers are judged."""

import numpy as np
import pytest
from hostile_photos import pictures
from hostile_talk import CLOSED, Talk, _judge, talk

PROBLEM = b'content-type: application/problem+json\r\ncontent-length: 14\r\n\r\n{"status":404}'


def test_a_seed_says_the_same_and_every_kind_is_said(astronaut: np.ndarray) -> None:
    shown = pictures(astronaut[:320:4, 80:400:4])
    said = [talk(seed, shown) for seed in range(120)]
    assert said == [talk(seed, shown) for seed in range(120)]
    kinds = {each.kind for each in said}
    assert {"form", "chunks", "length", "head", "line", "photo, bomb", "photo, damaged", "photo, polyglot"} <= kinds


@pytest.mark.parametrize(
    ("came", "wrong"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", ""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok" * 2, ""),
        (b"", "answered [0]"),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno", "500 without a problem"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok?", "not HTTP"),
        (b"HTTP/1.1 422 No\r\n" + PROBLEM, "another"),
    ],
)
def test_answers_are_judged(came: bytes, wrong: str) -> None:
    found = _judge(came, Talk("form", (b"POST",), "wait", frozenset({200})), 0.1)[2]
    assert found.startswith(wrong) and bool(found) == bool(wrong)


def test_a_closed_connection_may_be_allowed() -> None:
    assert _judge(b"", Talk("form", (b"POST",), "wait", frozenset({CLOSED})), 0.1) == ((), 0.1, "")
