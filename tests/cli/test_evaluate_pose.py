"""`evaluate pose`: errors that are raised before slow work, and one small sweep."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")


def test_bad_words(f2p: Callable, photo: Path, tmp_path: Path) -> None:
    for words, said in (
        (("--mode", "oneshot"), "Did you mean 'one-shot'?"),
        (("--people", tmp_path / "gone"), "cannot look into the folder"),
        ((photo, "--people", tmp_path), "give either photos"),
        ((tmp_path / "gone.jpg",), "there is no file"),
        ((photo, "--seed", 3), "--seed is for random characters: leave it out with photos"),
        (("--people", tmp_path, "--seed", 0), "--seed is for random characters: leave it out with photos"),
        (("--step", 3), "greater than or equal to 5"),
    ):
        ran = f2p("evaluate", "pose", *words)
        assert ran.code == 2 and said in ran.err, ran.err


def test_a_sweep_of_a_photos_character(
    f2p: Callable, photo: Path, makehuman_assets: Path, landmarker: Path, tmp_path: Path
) -> None:
    pytest.importorskip("numba")
    pytest.importorskip("mediapipe")
    words = (photo, "--assets", makehuman_assets, "--landmarker", landmarker, "--mode", "one-shot", "--step", 30)
    ran = f2p("evaluate", "pose", *words, "--threads", 1, "-o", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    found = ran.json
    assert found["yaws"] == [-60, -30, 0, 30, 60] and found["heads"] == 1 and found["known_characters"]
    sliders = found["modes"]["one-shot"]["sliders"]
    assert sliders[2] is None and 0 < sliders[1] < 0.15 and 0 < sliders[3] < 0.15
    assert (tmp_path / "out" / "index.html").is_file()
