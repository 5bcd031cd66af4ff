"""`f2p-deploy preset`: shipped presets are listed and printed as files."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("tomli_w")


def test_presets_are_listed_and_shown(f2p, tmp_path: Path) -> None:
    assert "paper" in f2p("preset", "list").out
    shown = f2p("preset", "show", "small").out
    (tmp_path / "mine.toml").write_text(shown)
    assert f2p("preset", "show", tmp_path / "mine.toml").out == shown
    wrong = f2p("preset", "show", "smal")
    assert wrong.code == 2 and "no preset named 'smal'" in wrong.err and "small" in wrong.err
