"""`evaluate landmarks` with the real engine and landmarker, and errors that are raised before slow work."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

pytest.importorskip("torch")


def test_the_demo_bundle_is_measured(
    f2p: Callable, photo: Path, landmarker: Path, makehuman_assets: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mediapipe")
    out = tmp_path / "out"
    words = ("--landmarker", landmarker, "--assets", makehuman_assets, "--mode", "one-shot", "--imitator")
    ran = f2p("evaluate", "landmarks", photo, *words, "-o", out, "--json", "--threads", 1)
    assert ran.code == 0, ran.err
    summary = ran.json["summary"]
    assert list(summary) == ["photo", "average", "random", "one-shot", "one-shot, imitator"]
    figures = {subject: entry["figures"]["together"]["value"] for subject, entry in summary.items()}
    assert figures["photo"] < 0.03 < figures["average"] < 0.2 and 0.02 < figures["one-shot"] < 0.3
    assert all(entry["failures"] == 0 for entry in summary.values()) and ran.json["complete"]
    with (out / "landmarks.csv").open(newline="") as stream:
        assert [row["subject"] for row in csv.DictReader(stream)] == list(summary)
    assert "one-shot, imitator" in (out / "index.html").read_text()
    assert (out / "report.json").is_file() and len(list((out / "pictures").iterdir())) == 5 + 3
    # The reference engine turns heads: what MediaPipe finds in the turned average face is nearer than from the front.
    posed = ran.json["pose_true"]
    assert posed["turned"] and posed["expression_taken_out"]
    assert list(posed["summary"]) == ["photo", "average", "random", "one-shot"]
    apart = {subject: entry["figures"]["together"]["value"] for subject, entry in posed["summary"].items()}
    assert apart["photo"] < 0.02 < apart["average"] < figures["average"]


def test_no_face_at_all_is_one_sentence(
    f2p: Callable, photo: Path, landmarker: Path, makehuman_assets: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mediapipe")
    empty = photo.with_name("grey.png")
    Image.new("RGB", (300, 300), "grey").save(empty)
    words = ("--landmarker", landmarker, "--assets", makehuman_assets, "--mode", "one-shot", "--json")
    ran = f2p("evaluate", "landmarks", empty, *words)
    assert ran.code == 2 and ran.json == {"error": "no photo has a usable face", "exit_code": 2}


def test_bad_words(f2p: Callable, photo: Path, tmp_path: Path) -> None:
    ran = f2p("evaluate", "landmarks", photo, "--mode", "auto")
    assert ran.code == 2 and ran.err.startswith("error: no mode named 'auto'. ")
    ran = f2p("evaluate", "landmarks", photo, "--only", "test")
    assert ran.code == 2 and "no split named 'test'" in ran.err
    ran = f2p("evaluate", "landmarks", tmp_path / "gone.png", "--json")
    assert ran.code == 2 and ran.json["exit_code"] == 2 and "there is no file" in ran.json["error"]


def test_no_landmarker(f2p: Callable, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mediapipe")
    monkeypatch.delenv("F2P_FACE_LANDMARKER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ran = f2p("evaluate", "landmarks", photo, "-o", tmp_path / "out")
    assert ran.code == 3 and "f2p-deploy landmarker downloads it" in ran.err and not (tmp_path / "out").exists()


def test_no_assets(
    f2p: Callable, photo: Path, landmarker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mediapipe")
    monkeypatch.delenv("F2P_MAKEHUMAN_ASSETS", raising=False)
    ran = f2p("evaluate", "landmarks", photo, "--landmarker", landmarker)
    assert ran.code == 3 and "--assets" in ran.err


def test_a_bundle_that_no_engine_draws(
    f2p: Callable, photo: Path, small_bundle: "Bundle", landmarker: Path, makehuman_assets: Path
) -> None:
    pytest.importorskip("mediapipe")
    words = ("--bundle", small_bundle.path, "--landmarker", landmarker, "--assets", makehuman_assets)
    ran = f2p("evaluate", "landmarks", photo, *words)
    assert ran.code == 2 and ran.err.startswith("error: schema 'small' belongs to another engine")
    assert "--engine-at" in ran.err


def test_a_studio_s_engine_that_is_not_there(f2p: Callable, photo: Path, landmarker: Path) -> None:
    pytest.importorskip("mediapipe")
    ran = f2p("evaluate", "landmarks", photo, "--landmarker", landmarker, "--engine-at", "tcp://127.0.0.1:1")
    assert ran.code == 2 and ran.err == "error: no engine listens at tcp://127.0.0.1:1: start it first\n"
