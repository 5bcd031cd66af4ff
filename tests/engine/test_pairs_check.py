"""The check of a folder of pairs: every kind of damage is reported with its record and reason."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.pairs import Sampling, write_pairs
from f2p_deploy.engine.pairs_check import REASONS, check_pairs
from f2p_deploy.system.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, disc_engine: Engine) -> Path:
    write_pairs(disc_engine, tmp_path / "pairs", 8, Sampling(seed=1), 32)
    return tmp_path / "pairs"


def change_parameters(folder: Path, index: int, column: int, value: float) -> None:
    table = np.fromfile(folder / "parameters.f32", "<f4").reshape(8, 6)
    table[index, column] = value
    table.tofile(folder / "parameters.f32")


def change_record(folder: Path, index: int, change: Callable[[dict], None]) -> None:
    lines = (folder / "records.jsonl").read_text().splitlines()
    record = json.loads(lines[index])
    change(record)
    lines[index] = json.dumps(record)
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n")


def repeat_parameters(folder: Path) -> None:
    table = np.fromfile(folder / "parameters.f32", "<f4").reshape(8, 6)
    table[5] = table[2]
    table.tofile(folder / "parameters.f32")


def shorten(path: Path, by: int) -> None:
    path.write_bytes(path.read_bytes()[:-by])


def drop_line(folder: Path, index: int) -> None:
    lines = (folder / "records.jsonl").read_text().splitlines()
    (folder / "records.jsonl").write_text("\n".join(lines[:index] + lines[index + 1 :]) + "\n")


def repeat_line(folder: Path, index: int) -> None:
    text = (folder / "records.jsonl").read_text()
    (folder / "records.jsonl").write_text(text + text.splitlines()[index] + "\n")


def save(folder: Path, name: str, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(folder / name)


DAMAGE: dict[str, tuple[Callable[[Path], object], int | None, str]] = {
    "picture removed": (lambda f: (f / "images/000003.png").unlink(), 3, "missing"),
    "labels removed": (lambda f: (f / "labels/000002.png").unlink(), 2, "missing"),
    "line removed": (lambda f: drop_line(f, 4), 4, "missing"),
    "all lines removed": (lambda f: (f / "records.jsonl").unlink(), None, "missing"),
    "parameters removed": (lambda f: (f / "parameters.f32").unlink(), None, "missing"),
    "picture cut": (lambda f: shorten(f / "images/000001.png", 60), 1, "truncated"),
    "picture is text": (lambda f: (f / "images/000001.png").write_text("hello"), 1, "truncated"),
    "picture is empty": (lambda f: (f / "images/000001.png").write_bytes(b""), 1, "truncated"),
    "line cut": (lambda f: shorten(f / "records.jsonl", 30), None, "truncated"),
    "parameters cut": (lambda f: shorten(f / "parameters.f32", 5), None, "truncated"),
    "landmarks cut": (lambda f: shorten(f / "landmarks.f32", 8), None, "truncated"),
    "landmarks too long": (lambda f: (f / "landmarks.f32").write_bytes(b"\0" * 400), None, "size"),
    "picture of another size": (lambda f: save(f, "images/000006.png", np.zeros((16, 16, 3), np.uint8)), 6, "size"),
    "grey picture": (lambda f: save(f, "images/000006.png", np.zeros((32, 32), np.uint8)), 6, "size"),
    "unknown label": (lambda f: save(f, "labels/000006.png", np.full((32, 32), 11, np.uint8)), 6, "range"),
    "controller above 1": (lambda f: change_parameters(f, 5, 1, 1.5), 5, "range"),
    "two options at once": (lambda f: change_parameters(f, 5, slice(3, 6), 1.0), 5, "range"),
    "controller not a number": (lambda f: change_parameters(f, 7, 0, np.nan), 7, "nan"),
    "record beyond the count": (lambda f: change_record(f, 7, lambda r: r.update(index=40)), 40, "range"),
    "line twice": (lambda f: repeat_line(f, 3), 3, "duplicate"),
    "same picture": (lambda f: change_record(f, 4, lambda r: r.update(image="images/000001.png")), 4, "duplicate"),
    "same parameters": (repeat_parameters, 5, "duplicate"),
    "file of nobody": (lambda f: (f / "images/000099.png").write_bytes(b""), None, "extra"),
    "picture changed": (lambda f: save(f, "images/000000.png", np.zeros((32, 32, 3), np.uint8)), 0, "hash"),
    "parameters changed": (lambda f: change_parameters(f, 1, 0, 0.123), None, "hash"),
    "path out of the folder": (lambda f: change_record(f, 2, lambda r: r.update(image="../../x.png")), 2, "manifest"),
}  # fmt: skip


def test_a_whole_folder_has_no_problems(folder: Path) -> None:
    seen = []
    report = check_pairs(folder, lambda done, total: seen.append((done, total)))
    assert report.ok and report.problems == () and report.count == 8
    assert seen[-1] == (8, 8)


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found(folder: Path, name: str) -> None:
    damage, record, reason = DAMAGE[name]
    damage(folder)
    report = check_pairs(folder)
    assert not report.ok
    found = {(problem.record, problem.reason) for problem in report.problems}
    assert (record, reason) in found, report.problems
    assert {problem.reason for problem in report.problems} <= set(REASONS)
    if record is not None and record < 8:
        assert {problem.record for problem in report.problems} <= {record, None}, "other records are not accused"


def test_a_changed_schema_is_found(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["schema"]["controllers"][0]["name"] = "disc.z"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert [problem.reason for problem in check_pairs(folder).problems] == ["manifest"]


def test_several_faults_are_all_named_in_order(folder: Path) -> None:
    (folder / "images/000006.png").unlink()
    (folder / "images/000002.png").unlink()
    (folder / "notes.txt").write_text("")
    problems = check_pairs(folder).problems
    assert [(problem.record, problem.reason) for problem in problems] == [
        (None, "extra"),
        (2, "missing"),
        (6, "missing"),
    ]


def test_only_a_folder_of_something_else_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder of rendered pairs"):
        check_pairs(tmp_path)
    (tmp_path / "manifest.json").write_text(
        '{"format_version": 1, "schema": {}, "fingerprint": "", "count": 1, "size": 8}'
    )
    with pytest.raises(InputError, match="is missing"):
        check_pairs(tmp_path)
