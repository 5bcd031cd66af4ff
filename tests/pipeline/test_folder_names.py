"""Names of characters' folders: unique, safe, short enough, and the same in the next run."""

import os
from pathlib import Path

import pytest

from f2p_deploy.pipeline.folder_names import folder_names


def test_photos_of_one_stem_get_separate_folders() -> None:
    photos = [Path("a/anna.jpg"), Path("b/Anna.png"), Path("anna-2.jpg"), Path("c/anna.webp")]
    assert folder_names(photos) == ("anna", "Anna-2", "anna-2-2", "anna-3")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("index.html.jpg", "index.html-2"),
        ("...jpg", "photo"),
        (".anna.jpg", "anna"),
        ("a. .png", "a"),
        (" .jpg", "photo"),
        ("CON.jpg", "CON_"),
        ("aux.b.jpg", "aux.b_"),
        ("console.jpg", "console"),
        ("new\nline\x1b[2J.jpg", "new_line_[2J"),
        ("caf\udce9.jpg", "caf_"),
        ("\u202egpj.jpg", "_gpj"),
        ("写真.jpg", "写真"),
    ],
)
def test_names_that_no_folder_may_have(name: str, folder: str) -> None:
    assert folder_names([Path(name)]) == (folder,)


def test_accents_in_two_spellings_are_one_name_on_some_disks() -> None:
    assert folder_names([Path("\u00e9.jpg"), Path("e\u0301.jpg")]) == ("\u00e9", "e\u0301-2")


def test_long_names_are_cut_and_stay_apart(tmp_path: Path) -> None:
    photos = [Path("写" * 74 + f"{end}.jpg") for end in "ab"] + [Path("x" * 251 + ".jpg")]
    names = folder_names(photos)
    assert len(set(names)) == 3
    for name in names:
        (tmp_path / f"{name}-iterative-12345.part.jpg").mkdir()  # 255 bytes are all that a disk takes
        assert len(os.fsencode(name)) > 170


def test_a_photo_keeps_the_name_of_an_earlier_run(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in ("anna.jpg", "anna.png", "anna.webp"))
    assert folder_names([a, c]) == ("anna", "anna-2")
    assert folder_names([a, b, c], {a: "anna", c: "anna-2"}) == ("anna", "anna-3", "anna-2")
    assert folder_names([b, c], {c: "anna"}) == ("anna-2", "anna")
    assert folder_names([a, b], {a: "anna", b: "anna"}) == ("anna", "anna-2")  # a folder that was copied
    assert folder_names([a], taken=["ANNA"]) == ("anna-2",)


def test_thousands_of_one_name() -> None:
    names = folder_names([Path(f"{i}/IMG_0001.jpg") for i in range(3000)])
    assert len(set(names)) == 3000 and names[-1] == "IMG_0001-3000"


def test_no_name_is_invalid_on_another_system() -> None:
    assert folder_names([Path('<a>"b"|c?*:.jpg'), Path("=cmd|calc.jpg")]) == ("_a__b__c___", "=cmd_calc")
