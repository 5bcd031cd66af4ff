"""Atomic writes: files and folders are there whole or not at all."""

import logging
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import open_whole, write_folder, write_whole


def test_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"before")
    write_whole(path, b"after")
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "written", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failed_rename_leaves_what_was_there(tmp_path: Path) -> None:
    occupied = tmp_path / "folder"
    (occupied / "inside").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot write .*folder"):
        write_whole(occupied, b"content")
    assert list(tmp_path.iterdir()) == [occupied]


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write .*absent.*No such file or directory"):
        write_whole(tmp_path / "absent" / "file", b"")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root")
def test_unwritable_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="Permission denied"):
            write_whole(tmp_path / "file", b"")
    finally:
        tmp_path.chmod(0o700)


def test_a_name_as_long_as_the_disk_allows(tmp_path: Path) -> None:
    longest = tmp_path / ("x" * 255)
    write_whole(longest, b"content")
    assert longest.read_bytes() == b"content"
    with write_folder(tmp_path / ("y" * 255), "marker", "thing") as folder:
        (folder / "marker").touch()
    with write_folder(tmp_path / ("y" * 255), "marker", "thing") as folder:  # and replace it
        (folder / "marker").touch()
    assert {path.name for path in tmp_path.iterdir()} == {"x" * 255, "y" * 255}


def test_the_temporary_file_lies_where_it_is_told_to(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with open_whole(tmp_path / "file", beside=work) as file:
        file.write(b"content")
        assert [path.parent for path in tmp_path.rglob("*.part")] == [work]
    assert (tmp_path / "file").read_bytes() == b"content" and not list(work.iterdir())


def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), open_whole(tmp_path / "file") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert (tmp_path / "file").read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 1


def refuse(*_: object, **__: object) -> None:
    raise OSError(30, "Read-only file system")


def test_cleaning_up_does_not_hide_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "fsync", lambda number: refuse())
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(InputError, match="cannot write .*file: Read-only file system"):
        write_whole(tmp_path / "file", b"content")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(next(tmp_path.iterdir())) in caplog.text


@pytest.fixture
def heard() -> Iterator[None]:
    """Restore the default handler: a test run started in the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_between_the_renames_of_a_folder_leaves_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: None
) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "marker").write_text("old")
    rename = Path.rename

    def interrupted(source: Path, target: Path) -> Path:
        moved = rename(source, target)
        press()
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), write_folder(folder, "marker", "artifact") as temporary:
        (temporary / "marker").write_text("new")
    assert (folder / "marker").read_text() == "new"
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_while_cleaning_up_does_not_end_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: None
) -> None:
    rmtree = shutil.rmtree

    def interrupted(*words: object, **options: object) -> None:
        press()
        rmtree(*words, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt), write_folder(tmp_path / "made", "marker", "artifact") as temporary:
        (temporary / "half").write_text("")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_as_the_temporary_folder_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: None
) -> None:
    mkdir = Path.mkdir

    def interrupted(path: Path, *words: object, **options: object) -> None:
        mkdir(path, *words, **options)  # type: ignore[arg-type]
        if path.parent == tmp_path:
            press()

    monkeypatch.setattr(Path, "mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt), write_folder(tmp_path / "made", "marker", "artifact"):
        pass
    assert not list(tmp_path.iterdir())
