"""Refusals: codes, statuses and what they say of the inside."""

import re
from pathlib import Path

import pytest

from f2p_deploy.service.refusals import CODES, Refusal, refusal_of
from f2p_deploy.system.errors import InputError, MissingDependency, PhotoError

DOCS = Path(__file__).resolve().parents[2] / "docs" / "serve.md"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (PhotoError("no-face", "photo: no face"), "no-face", 422),
        (PhotoError("too-many-pixels", "photo: much"), "too-many-pixels", 413),
        (PhotoError("unheard-of", "photo: odd"), "invalid-request", 422),
        (InputError("no"), "invalid-request", 422),
        (TimeoutError(), "timeout", 504),
        (Refusal("busy", "wait"), "busy", 429),
    ],
)
def test_an_error_has_a_code_and_a_status(error: Exception, code: str, status: int) -> None:
    refusal = refusal_of(error)
    assert (refusal.code, refusal.status) == (code, status)
    assert refusal.to_dict("id")["code"] == code


def test_a_bug_says_nothing_of_the_inside() -> None:
    for error in (ValueError("secret"), MissingDependency("secret")):
        refusal = refusal_of(error)
        assert refusal.status == 500 and "secret" not in str(refusal)


def test_every_code_is_documented_with_its_status() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows == {code: str(meaning.status) for code, meaning in CODES.items()}
