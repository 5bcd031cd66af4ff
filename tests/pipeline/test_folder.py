"""The output folder: results are complete, and other files are not touched."""

from pathlib import Path

import pytest

from f2p_deploy.pipeline.folder import character_folder, prepare_folder, refuse_measurement
from f2p_deploy.system.errors import InputError


def test_a_result_appears_whole(tmp_path: Path) -> None:
    with character_folder(tmp_path, tmp_path / "anna") as place:
        (place / "parameters.json").write_text("1")
        assert not (tmp_path / "anna").exists()
    assert (tmp_path / "anna" / "parameters.json").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["anna"]


def test_an_error_leaves_the_earlier_result(tmp_path: Path) -> None:
    with character_folder(tmp_path, tmp_path / "anna") as place:
        (place / "parameters.json").write_text("1")
    with pytest.raises(ZeroDivisionError), character_folder(tmp_path, tmp_path / "anna") as place:
        (place / "parameters.json").write_text("2")
        raise ZeroDivisionError
    assert (tmp_path / "anna" / "parameters.json").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["anna"]


def test_a_new_result_replaces_ours_and_keeps_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "anna"
    folder.mkdir()
    for name in ("parameters.json", "engine.png", "edited-by-hand.json"):
        (folder / name).write_text("old")
    with character_folder(tmp_path, tmp_path / "anna") as place:
        (place / "parameters.json").write_text("new")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "parameters.json": "new",
        "edited-by-hand.json": "old",
    }


def test_a_kill_between_two_files_leaves_nothing_that_is_taken_for_a_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ("parameters.json", "character.png", "result.json")
    for content in ("old", "new"):
        if content == "new":
            replaced = []

            def replace(source: Path, target: Path, count: list = replaced) -> None:
                if len(count) == 1:
                    raise KeyboardInterrupt
                count.append(target.name)

            monkeypatch.setattr("os.replace", replace)
        try:
            with character_folder(tmp_path, tmp_path / "anna") as place:
                for name in files:
                    (place / name).write_text(content)
        except KeyboardInterrupt:
            assert replaced == ["parameters.json"]
    assert not (tmp_path / "anna" / "result.json").exists()


def test_an_earlier_folder_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    prepare_folder(tmp_path, ["anna"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_way_is_found_before_slow_work(tmp_path: Path) -> None:
    (tmp_path / "anna").write_text("a file")
    with pytest.raises(InputError, match="anna is a file where a folder is needed"):
        prepare_folder(tmp_path, ["anna"])


def test_characters_of_a_run_are_not_in_the_way_of_a_page(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("another measurement")
    prepare_folder(tmp_path, ())
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "result.json").write_text("{}")
    with pytest.raises(InputError, match="holds characters of f2p-deploy run and their page: choose another folder"):
        prepare_folder(tmp_path, ())
    (tmp_path / "anna" / "result.json").unlink()
    (tmp_path / "summary.csv").write_text("photo")
    with pytest.raises(InputError, match="holds characters"):
        prepare_folder(tmp_path, ())


def test_a_measurement_is_not_in_the_way_of_characters(tmp_path: Path) -> None:
    refuse_measurement(tmp_path / "none")
    refuse_measurement(tmp_path)
    (tmp_path / "index.html").write_text("a measurement")
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(InputError, match="a page that is not of f2p-deploy run .*: choose another folder"):
        refuse_measurement(tmp_path)
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "result.json").write_text("{}")
    refuse_measurement(tmp_path)
    (tmp_path / "anna" / "result.json").unlink()
    (tmp_path / "summary.csv").write_text("photo")
    refuse_measurement(tmp_path)
