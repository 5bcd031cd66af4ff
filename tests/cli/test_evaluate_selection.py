"""`evaluate selection`: from folders to the page for judges, and from their choices to the tables."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def words(tmp_path: Path) -> list[object]:
    """The command that makes a selection of two methods and two photos into `study`."""
    rng = np.random.default_rng(1)
    for folder in ("photos", "a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("anna", "ben"):
            picture = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / folder / f"{name}.png")
    methods = [f"one-shot={tmp_path / 'a'}", f"hybrid={tmp_path / 'b'}"]
    return ["evaluate", "selection", *methods, "--photos", tmp_path / "photos", "-o", tmp_path / "study"]


def test_a_page_is_made_and_its_choices_are_evaluated(f2p: Callable, words: list[object], tmp_path: Path) -> None:
    ran = f2p(*words)
    study = tmp_path / "study"
    assert ran.code == 0 and "2 photos, 2 methods" in ran.out and f"page for judges: {study}" in ran.out, ran.err
    page = (study / "selection.html").read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    key = {photo["id"]: photo["candidates"] for photo in json.loads((study / "key.json").read_text())["photos"]}
    choices = [
        {"photo": photo["id"], "order": sorted(key[photo["id"]].values()), "chosen": key[photo["id"]]["hybrid"],
         "seconds": 1.0}
        for photo in data["photos"]
    ]  # fmt: skip
    saved = {"format": "f2p-selection-choices", "version": 1, "selection": data["selection"], "judge": "Ann"}
    saved |= {"judge_id": "1", "saved": "2026-01-01", "choices": choices}
    (tmp_path / "choices.json").write_text(json.dumps(saved))
    again = f2p(*words, "--json")  # the stored seed: the same selection, so the choices still fit
    assert again.json["selection"] == data["selection"] and again.json["seed"] == data["seed"]
    found = f2p("evaluate", "selection", "--choices", tmp_path / "choices.json", "-o", study)
    assert found.code == 0 and "Table 7: selection ratio" in found.out and (study / "index.html").is_file()
    assert re.search(r"hybrid +100.0 %", found.out) and "one-shot" in found.out and "48.7 ± 1.1 %" in found.out
    found = f2p("evaluate", "selection", "--choices", tmp_path / "choices.json", "-o", study, "--json")
    assert found.json["methods"]["hybrid"]["ratio"] == 1.0


def test_bad_input_is_one_sentence_and_leaves_nothing(f2p: Callable, words: list[object], tmp_path: Path) -> None:
    for changed, said in (
        (words[:3], "found only 'one-shot'"),
        (["evaluate", "selection"], "two methods or more"),
        ([*words, "--choices", tmp_path / "x"], "give either METHOD=FOLDER"),
        ([*words[:-1], tmp_path / "a"], "holds the characters of 'one-shot'"),
        (["evaluate", "selection", "--choices", "x.json", "--common"], "are for making a page"),
        (["evaluate", "selection", "--choices", "x.json", "-o", tmp_path / "study"], "holds no selection"),
    ):
        ran = f2p(*changed)
        assert ran.code == 2 and said in ran.err, ran.err
    assert not (tmp_path / "study").exists()
    assert f2p(*words).code == 0
    ran = f2p("evaluate", "selection", "--choices", tmp_path / "gone.json", "-o", tmp_path / "study")
    assert ran.code == 2 and "there is no file of choices" in ran.err
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "a" / "ben.png")
    ran = f2p(*words)
    assert ran.code == 2 and "another selection, which is not replaced" in ran.err


def test_equal_pictures_are_told(f2p: Callable, words: list[object], tmp_path: Path) -> None:
    (tmp_path / "b" / "ben.png").write_bytes((tmp_path / "a" / "ben.png").read_bytes())
    ran = f2p(*words)
    assert ran.code == 0 and "one-shot and hybrid have the same picture of ben" in ran.err
