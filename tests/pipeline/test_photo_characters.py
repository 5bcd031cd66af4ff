"""The characters of one photo: a folder that cannot be written fails only this photo."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

pytest.importorskip("torch")


def test_an_output_error_of_one_photo_is_its_row(
    small_bundle: "Bundle", many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    (out / "1" / "parameters.json").mkdir(parents=True)  # no file can be put there
    finder = finder_for(*(path.name for path in many))
    report = create_characters(many, small_bundle, out, ["one-shot"], finder=finder)
    assert [result.photo.name for result in report.results] == [path.name for path in many]
    (failure,) = report.failed
    assert failure.reason == "unwritable"
    assert failure.message == f"1.png: cannot write {out / '1'}: Is a directory"
    assert report.page.is_file() and report.table.is_file() and not list(out.rglob(".f2p-*"))


def test_an_output_error_of_one_mode_leaves_the_others(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    (out / "astronaut-one-shot" / "aligned.png").mkdir(parents=True)
    report = create_characters([photo], small_bundle, out, ["one-shot", "hybrid"], finder=finder)
    assert [failure.reason for failure in report.failed] == ["unwritable"]
    assert [result.name for result in report.created] == ["astronaut-hybrid"]


@pytest.mark.parametrize("file", ["index.html", "summary.csv"])
def test_without_page_or_table_the_run_ends_in_a_sentence_and_the_characters_stay(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path, file: str
) -> None:
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    (out / file).mkdir(parents=True)
    with pytest.raises(InputError, match=f"cannot write .*{file}: Is a directory"):
        create_characters([photo], small_bundle, out, ["one-shot"], finder=finder)
    assert (out / "astronaut" / "result.json").is_file() and (out / "index.html").exists()
    assert (out / "summary.csv").exists() and not list(out.glob(".f2p-*"))


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_a_file_in_the_way_gives_the_folder_another_name(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    out.mkdir()
    (out / "astronaut").write_text("mine")
    (result,) = create_characters([photo], small_bundle, out, ["one-shot"], finder=finder).created
    assert result.name == "astronaut-2" and (out / "astronaut").read_text() == "mine"
