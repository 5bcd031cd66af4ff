"""The cache of aligned faces: it grows, resumes after any interruption, and reads only what is asked for."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.character.face_shape import LENGTH  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data import face_cache  # noqa: E402
from f2p_deploy.training.data.face_cache import (  # noqa: E402
    FACES,
    FACT_RECORD,
    FACTS,
    INDEX,
    FaceCache,
    MappedRows,
    cache_key,
    choose_rows,
    face_record,
)
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS  # noqa: E402

SIZE = 16


def _aligned(value: int) -> dict[str, np.ndarray]:
    return {
        "pictures": np.full((SIZE, SIZE, 3), value, np.uint8),
        "regions": np.full((SIZE, SIZE), value % 11, np.uint8),
        "yaw": np.asarray(value, np.float32),
        "pitch": np.asarray(-value, np.float32),
        "sharpness": np.asarray(1.0, np.float32),
        "eye_distance": np.asarray(60.0, np.float32),
        "shapes": np.full((len(CONTOUR_POINTS), 2), np.nan, np.float32),
        "face_shapes": np.zeros(LENGTH, np.float32),
    }


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"p{i}.jpg" for i in range(5)]
    for i, path in enumerate(paths):
        path.write_bytes(bytes([i]) * (i + 1))
    return paths


def _fill(folder: Path, photos: list[Path]) -> FaceCache:
    """Align all photos but those that are there; the second has no face."""
    cache = FaceCache(folder, SIZE)
    with cache:
        for i, photo in enumerate(photos):
            if cache.find(photo, photo.name) is None:
                cache.append(photo, photo.name, "no face was found" if i == 1 else _aligned(10 + i))
    return cache


def _rows_of(cache: FaceCache, photos: list[Path]) -> MappedRows:
    entries = [cache.find(photo, photo.name) for photo in photos]
    return cache.mapped("pictures", np.array([entry["record"] for entry in entries if entry and "record" in entry]))


def _flip(path: Path, position: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def test_faces_are_found_again_by_name_or_by_content(photos: list[Path], tmp_path: Path) -> None:
    _fill(tmp_path / "cache", photos)
    cache = FaceCache(tmp_path / "cache", SIZE)
    assert cache.faces == cache.faces_written == 4
    entries = [cache.find(photo, photo.name) for photo in photos]
    assert [entry and entry.get("record") for entry in entries] == [0, None, 1, 2, 3]
    assert entries[1] is not None and entries[1]["reason"] == "no face was found"
    moved = photos[2].rename(tmp_path / "moved.jpg")
    assert cache.find(moved, "moved.jpg") == entries[2]
    moved.write_bytes(b"another picture")
    assert cache.find(moved, "moved.jpg") is None
    rows = cache.mapped("pictures", np.array([3, 0]))
    assert rows.shape == (2, SIZE, SIZE, 3)
    assert [int(row[0, 0, 0]) for row in rows] == [14, 10]
    assert cache.facts(np.array([1, 2]))["yaw"].tolist() == [12.0, 13.0]


@pytest.mark.parametrize("cut", ["index", "faces", "facts"])
def test_what_an_interruption_left_half_written_is_written_again(
    cut: str, photos: list[Path], tmp_path: Path
) -> None:
    """A kill may come after the record and before its line, or in the middle of the line."""
    folder = tmp_path / "cache"
    _fill(folder, photos[:4])
    index = (folder / INDEX).read_bytes()
    if cut == "index":
        (folder / INDEX).write_bytes(index[:-7])
    else:
        name = FACES if cut == "faces" else FACTS
        with (folder / name).open("ab") as file:
            file.write(b"half a record")
    _fill(folder, photos)
    cache = FaceCache(folder, SIZE)
    records = [cache.find(photo, photo.name) for photo in photos]
    rows = cache.mapped("pictures", np.array([entry["record"] for entry in records if entry and "record" in entry]))
    assert [int(row[0, 0, 0]) for row in rows] == [10, 12, 13, 14]
    assert all(json.loads(line) for line in (folder / INDEX).read_text().splitlines())


@pytest.mark.parametrize("lost", [FACES, FACTS])
@pytest.mark.parametrize("kept", [0, 2])
def test_of_a_file_cut_short_the_whole_faces_stay_and_the_others_are_aligned_again(
    lost: str, kept: int, photos: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "cache"
    _fill(folder, photos)
    record = face_record(SIZE) if lost == FACES else FACT_RECORD
    os.truncate(folder / lost, kept * record.itemsize + (7 if kept else 0))
    cache = FaceCache(folder, SIZE)
    assert f"{kept} of 4 aligned faces are whole" in caplog.text
    found = [cache.find(photo, photo.name) for photo in photos]
    assert [entry is not None for entry in found] == [kept > 0, True, kept > 1, False, False], "the second has none"
    cache = _fill(folder, photos)
    rows = _rows_of(FaceCache(folder, SIZE), photos)
    assert [int(row[0, 0, 0]) for row in rows] == [10, 12, 13, 14] and cache.faces == 4


def test_a_damaged_face_is_found_when_it_is_read_and_aligned_again_afterwards(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "cache"
    _fill(folder, photos)
    _flip(folder / FACES, face_record(SIZE).itemsize + 5)
    with monkeypatch.context() as patch:
        patch.setattr(face_cache, "SYNC_EVERY", 1)  # otherwise the opening finds it among the last
        cache = FaceCache(folder, SIZE)
        rows = _rows_of(cache, photos)
        assert int(rows[0][0, 0, 0]) == 10 and int(rows[2:][0][0, 0, 0]) == 13
        for _ in range(2):
            with pytest.raises(InputError, match="the aligned face of .* changed since it was written"):
                rows[np.array([0, 1])]
        again = FaceCache(folder, SIZE)
    assert again.faces == 3 and again.find(photos[2], photos[2].name) is None
    _fill(folder, photos)
    assert [int(row[0, 0, 0]) for row in _rows_of(FaceCache(folder, SIZE), photos)] == [10, 12, 13, 14]
    assert not caplog.text


def test_damage_in_the_last_records_is_found_at_the_opening(
    photos: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine without power may keep the lines and lose the bytes."""
    folder = tmp_path / "cache"
    _fill(folder, photos)
    _flip(folder / FACTS, 3 * FACT_RECORD.itemsize)
    assert FaceCache(folder, SIZE).find(photos[4], photos[4].name) is None
    assert "which are aligned again: 1" in caplog.text
    _fill(folder, photos)
    assert FaceCache(folder, SIZE).facts(np.array([4]))["yaw"].tolist() == [14.0]


def test_the_cache_of_an_earlier_version_has_no_checksums_and_is_read(photos: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    _fill(folder, photos)
    entries = [json.loads(line) for line in (folder / INDEX).read_text().splitlines()]
    assert entries[0]["pitch"] == -10.0
    old = [{key: entry[key] for key in entry if key not in ("crc32", "pitch")} for entry in entries]
    (folder / INDEX).write_text("".join(json.dumps(entry) + "\n" for entry in old))
    assert [int(row[0, 0, 0]) for row in _rows_of(FaceCache(folder, SIZE), photos)] == [10, 12, 13, 14]


def test_an_unusable_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot use the cache of faces"):
        FaceCache(tmp_path / "file" / "cache", SIZE)


def test_rows_on_the_disk_are_chosen_without_copying_them(photos: list[Path], tmp_path: Path) -> None:
    rows = _fill(tmp_path / "cache", photos).mapped("regions", np.arange(4))
    chosen = choose_rows(rows, np.array([False, True, False, True]))
    assert isinstance(chosen, MappedRows) and chosen.array is rows.array and len(chosen) == 2
    assert isinstance(chosen.array.base, np.memmap | np.ndarray)
    assert chosen[0:1].shape == (1, SIZE, SIZE)
    memory = np.arange(6).reshape(3, 2)
    np.testing.assert_array_equal(choose_rows(memory, np.array([2])), [[4, 5]])


def test_the_key_depends_on_template_size_and_finder() -> None:
    template = {"left-eye": (0.3, 0.4), "right-eye": (0.7, 0.4)}
    keys = {
        cache_key(template, 128, "a"),
        cache_key(template, 256, "a"),
        cache_key(template, 128, "b"),
        cache_key({**template, "left-eye": (0.31, 0.4)}, 128, "a"),
    }
    assert len(keys) == 4
    assert cache_key(dict(reversed(template.items())), 128, "a") in keys


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(tmp_path / "cache", photos[:3])

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="cannot write the cache of faces .*: No space left on device"):
            _fill(tmp_path / "cache", photos)
    assert FaceCache(tmp_path / "cache", SIZE).faces >= 2
    with pytest.raises(RuntimeError, match="append outside"):
        FaceCache(tmp_path / "cache", SIZE).append(photos[0], "p", "no face")
