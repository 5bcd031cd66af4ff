"""Files of choices: read, and refused by name if they are damaged or belong elsewhere."""

import json
import logging
from pathlib import Path

import pytest

from f2p_deploy.evaluation.selection.selection_choices import SelectedCharacter, read_choices, read_sittings
from f2p_deploy.evaluation.selection.selection_set import SelectionSet
from f2p_deploy.system.errors import InputError


def test_choices_are_methods(selection: SelectionSet, judged: Path) -> None:
    ann, bob = read_sittings([judged], selection)
    assert (ann.judge, len(ann.choices), bob.judge, len(bob.choices)) == ("Ann", 3, "Bob", 2)
    photo = next(photo for photo in selection.photos if photo.name == "ben")
    assert ann.choices[photo.identity].method == "fancy" and bob.choices[photo.identity].method == "plain"
    place = sorted(photo.candidates.values()).index(photo.candidates["plain"])
    assert bob.choices[photo.identity] == SelectedCharacter("plain", place, 2.5)


def test_the_last_file_of_a_sitting_counts(
    selection: SelectionSet, judged: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = json.loads((judged / "choices-Bob.json").read_text())
    later = {**data, "saved": "2026-02-02T00:00:00Z", "choices": data["choices"][:1]}
    (judged / "bob-again.json").write_text(json.dumps(later))
    other = {**data, "judge_id": "another"}
    (judged / "other-bob.json").write_text(json.dumps(other))
    (judged / "notes.json").write_text("[]")
    with caplog.at_level(logging.WARNING):
        found = {one.judge: len(one.choices) for one in read_sittings([judged], selection)}
    assert found == {"Bob": 1, "Ann": 3, "Bob (2)": 2} and "saved more than once" in caplog.text


def test_damage_is_refused_by_name(selection: SelectionSet, judged: Path) -> None:
    path = judged / "choices-Ann.json"
    data = json.loads(path.read_text())
    first = data["choices"][0]
    for content, said in (
        (path.read_text()[:100], "choices-Ann.json is damaged: let the judge save it again"),
        ("[]", "is no file of choices"),
        (json.dumps({**data, "version": 2}), "has version 2"),
        (json.dumps({**data, "selection": "0" * 64}), "has the choices of another selection"),
        (json.dumps({**data, "choices": [{**first, "chosen": "x"}]}), "is damaged"),
        (json.dumps({**data, "choices": [{**first, "order": first["order"][:1]}]}), "is damaged"),
        (json.dumps({**data, "choices": [first, first]}), "is damaged"),
        (json.dumps({**data, "choices": [{**first, "photo": "x"}]}), "is damaged"),
        (json.dumps({**data, "choices": 3}), "is damaged"),
        (json.dumps({**data, "judge": None}), "'judge' should be a text, found null: let the judge save it again"),
        (json.dumps({**data, "judge_id": 3}), "'judge_id' should be a text, found 3"),
        (json.dumps({**data, "saved": None}), "'saved' should be a text, found null"),
    ):
        path.write_text(content)
        with pytest.raises(InputError, match=said):
            read_choices(path, selection)
    with pytest.raises(InputError, match="there is no file of choices"):
        read_sittings([judged / "gone.json"], selection)
    (judged / "empty").mkdir()
    with pytest.raises(InputError, match="has no file of choices"):
        read_sittings([judged / "empty"], selection)
    path.write_text(json.dumps({**data, "choices": []}))
    with pytest.raises(InputError, match="there are no choices"):
        read_sittings([path], selection)
