"""`engine`: rendering a folder of pairs and finding its faults."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest


def test_render_then_check_then_damage(f2p: Callable, makehuman_assets: Path, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    out = tmp_path / "pairs"
    words = ("--count", 3, "--size", 64, "--workers", 1, "--assets", makehuman_assets, "-o", out)
    ran = f2p("engine", "render", *words)
    assert ran.code == 0 and ran.out.startswith(f"{out}: 3 pairs, 3 rendered now, "), ran.err
    assert f2p("engine", "render", *words, "--json").json["rendered"] == 0
    assert f2p("engine", "check", out).out == f"{out}: 3 records, all sound\n"

    (out / "images" / "000001.png").unlink()
    ran = f2p("engine", "check", out)
    assert ran.code == 2 and ran.err == f"error: {out} has 1 fault in 3 records\n"
    assert "missing" in ran.out and "images/000001.png" in ran.out
    (problem,) = f2p("engine", "check", out, "--json").json["problems"]
    assert (problem["record"], problem["reason"]) == (1, "missing")


def test_scenes_are_what_was_asked_for(f2p: Callable, makehuman_assets: Path, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    words = ("--count", 1, "--size", 32, "--workers", 1, "--assets", makehuman_assets)
    for flags, scenes in (((), "front"), (("--varied",), "varied"), (("--varied", "--expressive"), "expressive")):
        out = tmp_path / scenes
        ran = f2p("engine", "render", *words, *flags, "-o", out)
        assert ran.code == 0, ran.err
        assert json.loads((out / "manifest.json").read_text())["sampling"]["scenes"] == scenes


def test_no_assets_is_code_3(f2p: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("F2P_MAKEHUMAN_ASSETS", raising=False)
    ran = f2p("engine", "render", "--count", 1, "-o", tmp_path / "pairs")
    assert ran.code == 3 and "--assets" in ran.err
    assert not (tmp_path / "pairs").exists()


def test_a_folder_without_pairs(f2p: Callable, tmp_path: Path) -> None:
    ran = f2p("engine", "check", tmp_path)
    assert ran.code == 2 and "is not a folder of rendered pairs" in ran.err


def test_the_first_run_says_that_it_compiles_before_it_does(
    f2p: Callable, makehuman_assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    from f2p_deploy.engine.makehuman import compiled, makehuman

    def load_engine(*_: object) -> None:
        raise KeyboardInterrupt  # whatever is said, is said before this

    monkeypatch.setattr(makehuman, "load_engine", load_engine)
    for before in (True, False):
        monkeypatch.setattr(compiled, "compiled_before", lambda before=before: before)
        ran = f2p("engine", "render", "--count", 1, "--assets", makehuman_assets, "-o", tmp_path / "pairs")
        assert ("compiling the reference engine, once on this machine" in ran.err) is not before
