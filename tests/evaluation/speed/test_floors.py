"""The file of minimum results: reading, errors, and judgement."""

from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.evaluation.speed.floors import missed, read_floors
from f2p_deploy.evaluation.speed.rows import Row
from f2p_deploy.system.errors import InputError

ROW = Row("one-shot", "onnxruntime", "fp32", 1, "ok", median_ms=4.0, vs_eager=2.5)


def written(folder: Path, text: str) -> Path:
    path = folder / "floors.toml"
    path.write_text(text)
    return path


def test_floors_that_are_kept_and_missed(tmp_path: Path) -> None:
    text = '[[floor]]\nmode = "one-shot"\nruntime = "onnxruntime"\nvs_eager = 2.0\nmedian_ms = 3.5\n'
    floors = read_floors(written(tmp_path, text))
    assert [(floor.field, floor.value) for floor in floors] == [("vs_eager", 2.0), ("median_ms", 3.5)]
    (sentence,) = missed(floors, (ROW,))
    assert sentence == (
        "median_ms of one-shot, onnxruntime at most 3.5: one-shot, onnxruntime, fp32, batch 1 has 4"
    )
    assert missed(floors, (replace(ROW, median_ms=3.0),)) == []


def test_unmeasured_rows_and_failed_parity_miss_floors(tmp_path: Path) -> None:
    floors = read_floors(written(tmp_path, '[[floor]]\nruntime = "openvino"\nvs_eager = 1\n'))
    assert "no such row was measured" in missed(floors, (ROW,))[0]
    floors = read_floors(written(tmp_path, '[[floor]]\nmode = "one-shot"\nvs_eager = 1\n'))
    assert "is parity (PSNR)" in missed(floors, (replace(ROW, status="parity", why="PSNR"),))[0]
    assert "has no vs_eager" in missed(floors, (replace(ROW, vs_eager=None),))[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("floor = 3", r"should hold \[\[floor\]\] tables"),
        ("", r"should hold \[\[floor\]\] tables"),
        ("[[floor]]\nmode = 'render'", "floor 1 limits nothing"),
        ("[[floor]]\nvs_eagr = 2", "unknown entry 'vs_eagr'. Did you mean 'vs_eager'"),
        ("[[floor]]\nvs_eager = 'fast'", "vs_eager must be a number, found 'fast'"),
        ("[[floor", "is not valid TOML at end of document"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_floors(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_floors(tmp_path / "nothing.toml")
