"""The sentences of the command line, with the codes of the page's texts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f2p_deploy.alignment import Landmarks, align, decode_photo
from f2p_deploy.alignment.sample_faces import ASTRONAUT
from f2p_deploy.character.parameter_files import read_parameters, to_json
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema
from f2p_deploy.editor.character_file import ChangedOnDisk, RemovedFromDisk
from f2p_deploy.editor.plain_errors import Stopped, plain_error, plain_warning
from f2p_deploy.system.errors import InputError, MissingDependency, PhotoError

TEMPLATE = {name: (x / 512, y / 512) for name, (x, y) in ASTRONAUT.items()}


class Finder:
    """Finds one face, as large and as turned as a test wants it; none if it is None."""

    def __init__(self, **facts: float) -> None:
        self.facts = facts

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        """Return the face."""
        return [Landmarks(ASTRONAUT, source="file", **self.facts)] if self.facts else []  # type: ignore[arg-type]


def aligned(size: int = 512, **facts: float) -> tuple[str, ...]:
    return align(np.zeros((size, size, 3), np.uint8), Finder(**facts), TEMPLATE, 64).warnings


@pytest.mark.parametrize(
    ("facts", "code", "values"),
    [
        ({"eye_distance": 40.7, "yaw": 0.0}, "small", {"pixels": 40}),
        ({"eye_distance": 90.0, "yaw": -41.2}, "largeYaw", {"degrees": 41}),
        ({"eye_distance": 90.0, "yaw": 0.0, "size": 150}, "cutOff", {}),
    ],
)
def test_warnings_have_codes_and_numbers(facts: dict[str, float], code: str, values: dict[str, int]) -> None:
    (sentence,) = aligned(**facts)  # type: ignore[arg-type]
    assert plain_warning(sentence) == {"code": code, "message": sentence, "values": values}


@pytest.mark.parametrize(
    ("facts", "kind", "code", "values"),
    [
        ({}, "no-face", "noFace", {}),
        ({"eye_distance": 11.5, "yaw": 0.0}, "too-small", "tooSmall", {"pixels": 11, "needed": 24}),
        ({"eye_distance": 90.0, "yaw": 70.0}, "turned", "turned", {"degrees": 70, "limit": 60}),
    ],
)
def test_a_photos_errors_have_codes_and_numbers(
    facts: dict[str, float], kind: str, code: str, values: dict[str, int]
) -> None:
    with pytest.raises(PhotoError) as caught:
        aligned(**facts)  # type: ignore[arg-type]
    assert plain_error(caught.value) == {"kind": kind, "message": str(caught.value), "values": values, "code": code}


def test_other_errors() -> None:
    with pytest.raises(PhotoError) as caught:
        decode_photo(b"text", "a.jpg")
    assert (plain_error(caught.value)["kind"], plain_error(caught.value)["code"]) == ("unreadable", "unreadable")
    assert plain_error(InputError("no")) == {"kind": "invalid-input", "message": "no", "values": {}, "code": ""}
    assert plain_error(MissingDependency("no"))["kind"] == "missing"
    assert plain_error(ChangedOnDisk("no"))["code"] == "changedOnDisk"
    assert plain_error(RemovedFromDisk("no"))["code"] == "removedFromDisk"
    assert plain_error(Stopped("stopped"))["kind"] == plain_error(Stopped("stopped"))["code"] == "stopped"


def test_a_bug_is_logged_and_has_no_kind(caplog: pytest.LogCaptureFixture) -> None:
    plain = plain_error(ZeroDivisionError("by\nzero"))
    assert plain["kind"] == "" and plain["message"].startswith(r"unexpected ZeroDivisionError: by\nzero. This is a bug")
    assert "unexpected ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("content", "code", "values"),
    [
        ("[]", "notParameters", {}),
        ('{"format"', "notParameters", {}),
        ({"schema": "other"}, "otherSchema", {"wanted": "makehuman", "found": "other"}),
        ({"schema_fingerprint": "0"}, "otherSchema", {"wanted": "makehuman", "found": "makehuman"}),
        ({"locked": ["horn"]}, "unknownLock", {"name": "horn"}),
        ({"controllers": {"nose.width": float("nan")}}, "wrongEntry", {"name": "nose.width"}),
        ({"controllers": {"horn": 0.5}}, "wrongEntry", {"name": "horn"}),
        ({"controllers": {"nose.width": "a"}}, "wrongEntry", {"name": "nose.width"}),
        ({"discrete": {"hair": "none such"}}, "wrongEntry", {"name": "hair"}),
        ({"discrete": {"hair": {"bald": 0.5}}}, "wrongEntry", {"name": "hair"}),
        ({"horn": 1}, "wrongEntry", {"name": "horn"}),
    ],
    ids=str,
)
def test_a_wrong_file_of_parameters_has_the_codes_of_the_page(
    tmp_path: Path, content: Any, code: str, values: dict[str, str]
) -> None:
    schema = load_schema("makehuman")
    path = tmp_path / "parameters.json"
    if isinstance(content, dict):
        data = to_json(average(schema))
        for key, value in content.items():
            data[key] = {**data[key], **value} if isinstance(value, dict) else value  # type: ignore[dict-item]
        content = json.dumps(data)
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_parameters(path, schema)
    plain = plain_error(caught.value)
    assert (plain["kind"], plain["code"], plain["message"]) == ("invalid-input", code, str(caught.value))
    assert plain["values"] == {"file": str(path), **values}
