"""`evaluate ablation`: wrong words and missing parts are said before anything is trained."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")


def test_wrong_words_are_said_first(f2p: Callable, tmp_path: Path) -> None:
    words = ("evaluate", "ablation", "--portraits", tmp_path, "-o", tmp_path / "out")
    assert f2p(*words, "--aligned", "yes").err.strip().endswith("--aligned is no or arcface, found 'yes'")
    ran = f2p(*words)
    assert ran.code == 2 and "name a set of pairs, or a folder of people with --people" in ran.err
    assert f2p("evaluate", "ablation").code == 2
    assert "there is no file of pairs" in f2p(*words, tmp_path / "none.bin").err
    assert not (tmp_path / "out").exists(), "nothing is left of a refused measurement"
    ran = f2p(*words, "--steps", "0")
    assert ran.code == 2 and "--steps" in ran.err
