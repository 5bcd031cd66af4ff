"""The pictures of methods: folders of pictures, folders of runs, and what does not fit together."""

import json
import shutil
from pathlib import Path

import pytest

from f2p_deploy.evaluation.selection.method_folders import (
    photos_of,
    read_method,
    read_methods,
    shared_pictures,
    split_method,
)
from f2p_deploy.system.errors import InputError


def character(folder: Path, stem: str, mode: str, picture: Path, engine: bool, digest: str = "a" * 64) -> None:
    """Write what `f2p-deploy run` leaves, as far as it is read here."""
    folder.mkdir(parents=True)
    for name in ("aligned.png", "character.png", *(["engine.png"] if engine else [])):
        shutil.copy(picture, folder / name)
    asked = {"photo_sha256": digest, "mode": mode}
    (folder / "result.json").write_text(json.dumps({"stem": stem, "mode": mode, "asked": asked}))


def test_the_engines_pictures_are_taken_if_every_method_has_them(pictures: Path) -> None:
    picture = pictures / "plain" / "anna.png"
    character(pictures / "a" / "anna", "anna", "one-shot", picture, engine=True)
    character(pictures / "b" / "anna", "anna", "hybrid", picture, engine=True)
    methods = read_methods([f"one={pictures / 'a'}", f"two={pictures / 'b'}"])
    assert shared_pictures(methods) == (("anna",), True)
    assert photos_of(methods, ["anna"], None) == {"anna": pictures / "a" / "anna" / "aligned.png"}
    (pictures / "b" / "anna" / "engine.png").unlink()
    methods = read_methods([f"one={pictures / 'a'}", f"two={pictures / 'b'}"])
    assert shared_pictures(methods) == (("anna",), False)


def test_a_folder_of_several_modes_is_named_by_one_of_them(pictures: Path) -> None:
    picture = pictures / "plain" / "anna.png"
    for mode in ("one-shot", "hybrid"):
        character(pictures / "both" / f"anna-{mode}", "anna", mode, picture, engine=False)
    found = read_method("hybrid", pictures / "both")
    assert found.imitated == {"anna": pictures / "both" / "anna-hybrid" / "character.png"}
    with pytest.raises(InputError, match="characters of several modes, hybrid, one-shot: name the method after one"):
        read_method("mine", pictures / "both")


def test_what_does_not_fit_is_refused_by_name(pictures: Path) -> None:
    plain, fancy = f"plain={pictures / 'plain'}", f"fancy={pictures / 'fancy'}"
    for words, said in (
        ([], "two methods or more, METHOD=FOLDER"),
        ([plain], "found only 'plain'"),
        ([plain, plain], "two methods have the name 'plain'"),
        ([plain, "fancy"], "METHOD=FOLDER, such as one-shot=f2p-out, found 'fancy'"),
        ([plain, f"gone={pictures / 'gone'}"], "the method 'gone' has no folder"),
    ):
        with pytest.raises(InputError, match=said):
            read_methods(words)
    (pictures / "fancy" / "ben.jpg").unlink()
    methods = read_methods([plain, fancy])
    with pytest.raises(InputError, match="the method 'fancy' has no picture of ben in .*fancy"):
        shared_pictures(methods)
    assert shared_pictures(methods, common=True)[0] == ("anna", "cleo")
    with pytest.raises(InputError, match="no folder of f2p-deploy run has the photo anna, cleo: name .* --photos"):
        photos_of(methods, ["anna", "cleo"], None)
    (pictures / "photos" / "cleo.png").unlink()
    with pytest.raises(InputError, match="photos has no photo cleo"):
        photos_of(methods, ["anna", "cleo"], pictures / "photos")
    for name in ("anna", "cleo"):
        (pictures / "fancy" / f"{name}.jpg").rename(pictures / "fancy" / f"{name}2.jpg")
    with pytest.raises(InputError, match="no photo has a picture in each of"):
        shared_pictures(read_methods([plain, fancy]))


def test_one_name_for_two_photos_and_a_damaged_result_are_refused(pictures: Path) -> None:
    picture = pictures / "plain" / "anna.png"
    character(pictures / "a" / "anna", "anna", "one-shot", picture, engine=False)
    character(pictures / "b" / "anna", "anna", "one-shot", picture, engine=False, digest="b" * 64)
    methods = read_methods([f"one={pictures / 'a'}", f"two={pictures / 'b'}"])
    with pytest.raises(InputError, match="'anna' is not the same photo in all folders"):
        shared_pictures(methods)
    (pictures / "b" / "anna" / "result.json").write_text("{")
    with pytest.raises(InputError, match="result.json is damaged"):
        read_method("two", pictures / "b")


def test_a_name_may_have_spaces_and_a_folder_equals_signs() -> None:
    assert split_method("my way=a=b") == ("my way", Path("a=b"))
