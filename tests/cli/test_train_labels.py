"""`train labels` writes a table, and `train STAGE` is unaffected by it."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")


def test_a_table_is_written(
    f2p: Callable, photo: Path, landmarker: Path, age_sex_file: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mediapipe")
    (photo.parent / "broken.png").write_text("not a picture")
    out = tmp_path / "labels.csv"
    words = ("train", "labels", photo.parent, "--age-sex", age_sex_file, "--landmarker", landmarker, "-o", out)
    ran = f2p(*words)
    assert ran.code == 2, ran.err  # the table is there; a photo is not in it
    assert ran.out == f"labels: {out}, 1 photo labelled\n" and "refused: " in ran.err and "broken.png" in ran.err
    with out.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["photo"] == "photos/astronaut.png" and set(row) == {"photo", "head.age", "head.masculinity"}
    assert f2p(*words, "--json").json == {"labels": str(out), "photos": 1, "refused": 1}


def test_bad_words(f2p: Callable, photo: Path, age_sex_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    ran = f2p("train", "labels", photo, "--age-sex", tmp_path / "gone.json", "-o", out)
    assert ran.code == 2 and "cannot read" in ran.err and not out.exists()
    ran = f2p("train", "labels", photo, "--age-sex", age_sex_file, "-o", out, "--schema", "justice-male")
    assert ran.code == 2 and "tags no controller as age or sex" in ran.err
    ran = f2p("train", "labels", photo, "-o", out)
    assert ran.code == 2 and "--age-sex" in ran.err and ran.err.rstrip().endswith("f2p-deploy train labels --help")


def test_a_place_that_cannot_be_written_is_found_before_photos_are_read(
    f2p: Callable, photo: Path, age_sex_file: Path, tmp_path: Path
) -> None:
    for out, why in ((tmp_path / "none" / "l.csv", "No such file or directory"), (tmp_path, "it is a folder")):
        ran = f2p("train", "labels", tmp_path / "no.jpg", "--age-sex", age_sex_file, "-o", out)
        assert ran.code == 2 and f"cannot write {out}: {why}" in ran.err


def test_both_have_their_help(f2p: Callable) -> None:
    ran = f2p("train", "labels", "--help")
    assert ran.code == 0 and "f2p-deploy train labels" in ran.out and "--age-sex" in ran.out and "makehuman" in ran.out
    ran = f2p("train", "--help")
    assert ran.code == 0 and "--front" in ran.out and "--age-sex" not in ran.out
    assert "`f2p-deploy train labels` makes a table" in " ".join(ran.out.split())
