"""The measurement over photos: early errors, interrupts, and results that depend on the photo only."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.schema import load_schema
from f2p_deploy.engine.engine import Engine, Rendering, Scene
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.evaluation.landmarks.degrade import CONDITIONS
from f2p_deploy.evaluation.landmarks.landmark_report import REFERENCES
from f2p_deploy.evaluation.landmarks.landmark_tables import pose_true_note
from f2p_deploy.system.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from f2p_deploy.alignment import AlignedFace, MediaPipeFinder
    from f2p_deploy.model.bundle import Bundle

pytest.importorskip("torch")


class _Recorder:
    """An engine that keeps what it was asked to draw."""

    def __init__(self, engine: Engine) -> None:
        self.schema = engine.schema
        self.engine = engine
        self.drawn: list[np.ndarray] = []

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        drawn = self.engine.render(parameters, size, scene)
        self.drawn.append(np.array(parameters))
        return drawn


@pytest.fixture
def engine(engine_drawing: Callable[[np.ndarray], Engine], aligned: "AlignedFace") -> Engine:
    """Draws the astronaut."""
    return engine_drawing(aligned.image)


def test_photos_are_measured_or_refused(
    small_bundle: "Bundle", engine: Engine, mesh_finder: "MediaPipeFinder", photo: Path, tmp_path: Path
) -> None:
    from f2p_deploy.evaluation.landmarks.measure_landmarks import measure_landmarks

    Image.new("RGB", (300, 300), "grey").save(photo.with_name("wall.png"))
    told: list[tuple[int, int]] = []
    report = measure_landmarks(
        [photo.parent],
        small_bundle,
        engine,
        mesh_finder,
        ["one-shot", "iterative", "one-shot"],
        imitator=True,
        out=tmp_path / "out",
        progress=lambda doing, done, total: told.append((done, total)),
    )
    assert report.complete and report.modes == ("one-shot", "iterative")
    assert report.subjects[-2:] == ("one-shot, imitator", "iterative, imitator")
    assert [one.name for one in report.measured] == ["photos/astronaut.png"]
    assert [(one.name, one.reason) for one in report.refused] == [("photos/wall.png", "no-face")]
    assert set(report.measured[0].distances) == set(report.subjects) == set(report.measured[0].pictures)
    assert told == sorted(told) and told[-1][1] == 4
    assert report.engine == f"{type(engine).__module__}:{type(engine).__qualname__}"
    # This engine cannot turn a head: characters are compared as seen from the front, and the page says so.
    assert not report.turns and not report.neutral and set(report.pose_true) == {*REFERENCES, *report.modes}
    assert "cannot turn a head" in pose_true_note(report) and "still in its mesh" in pose_true_note(report)
    assert report.pose_true["one-shot"].figures["together"].value < 0.03


def test_a_stop_keeps_what_was_measured(
    small_bundle: "Bundle", engine: Engine, mesh_finder: "MediaPipeFinder", photo: Path
) -> None:
    from f2p_deploy.evaluation.landmarks.measure_landmarks import measure_landmarks

    Image.open(photo).save(photo.with_name("second.png"))

    def stop(doing: str, done: float = 0.0, total: float = 0.0) -> None:
        if doing.startswith("second.png: one-shot"):
            raise KeyboardInterrupt

    words = (small_bundle, engine, mesh_finder, ["one-shot"])
    report = measure_landmarks([photo.parent], *words, progress=stop)
    assert not report.complete and (len(report.measured), report.total) == (1, 2)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_names_of_any_bytes_reach_the_page(
    small_bundle: "Bundle", engine: Engine, mesh_finder: "MediaPipeFinder", photo: Path, tmp_path: Path
) -> None:
    from f2p_deploy.evaluation.landmarks.landmark_page import write_landmark_results
    from f2p_deploy.evaluation.landmarks.measure_landmarks import measure_landmarks

    photo.rename(photo.with_name(os.fsdecode(b"caf\xe9.png")))
    (photo.parent / os.fsdecode(b"=bad\xe9\n.jpg")).write_text("not a picture")
    out = tmp_path / "out"
    words = (small_bundle, engine, mesh_finder, ["one-shot"])
    report = measure_landmarks([photo.parent], *words, out=out, conditions=[CONDITIONS[0]])
    assert (len(report.measured), len(report.refused)) == (1, 1)
    text = write_landmark_results(report, out).read_bytes().decode("utf-8")
    assert r"photos/caf\xe9.png" in text and r"=bad\xe9\n.jpg: this is not" in text
    sources = [source for source in re.findall(r'src="([^"]+)"', text) if not source.startswith("data:")]
    assert sources and all(os.path.isfile(os.fsencode(out) + b"/" + unquote_to_bytes(source)) for source in sources)
    data = json.loads((out / "report.json").read_bytes().decode("utf-8"))
    assert data["results"][0]["photo"] == r"photos/caf\xe9.png"
    assert r"photos/caf\xe9.png" in (out / "landmarks.csv").read_bytes().decode("utf-8")


def test_a_photos_random_character_is_its_own(
    small_bundle: "Bundle", engine: Engine, mesh_finder: "MediaPipeFinder", photo: Path
) -> None:
    from f2p_deploy.evaluation.landmarks.measure_landmarks import measure_landmarks

    def strangers(paths: list[Path], seed: int) -> list[bytes]:
        recorder = _Recorder(engine)
        words = (small_bundle, recorder, mesh_finder, ["one-shot"])
        measure_landmarks(paths, *words, seed=seed)  # type: ignore[arg-type]
        return [drawn.tobytes() for drawn in recorder.drawn[1::2]]  # the average, then each stranger before its photo's

    other = photo.with_name("another.png")
    Image.open(photo).save(other)
    both = strangers([other, photo], 0)
    assert strangers([photo], 0) == both[1:] and both[0] != both[1]
    assert strangers([photo], 1) != both[1:]


def test_invalid_inputs_are_refused(
    small_bundle: "Bundle", engine: Engine, mesh_finder: "MediaPipeFinder", photo: Path, tmp_path: Path
) -> None:
    from f2p_deploy.evaluation.landmarks.measure_landmarks import check_measured_modes, measure_landmarks
    from f2p_deploy.model.bundle import create_bundle

    with pytest.raises(InputError, match="no mode named 'hybird'. Did you mean 'hybrid'"):
        check_measured_modes(["hybird"])
    assert check_measured_modes([]) == ("one-shot", "iterative", "hybrid")
    other = create_bundle(tmp_path / "other", "other", load_schema("justice-male"), small_bundle.settings)
    with pytest.raises(InputError, match="engine is for schema 'small', the bundle 'other' is for 'justice-male'"):
        measure_landmarks([photo], other, engine, mesh_finder)
    empty = create_bundle(tmp_path / "empty", "empty", small_bundle.schema, small_bundle.settings)
    with pytest.raises(InputError, match="has no recognition yet: f2p-deploy train recognition --bundle .* makes it"):
        measure_landmarks([photo], empty, engine, mesh_finder)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file: choose another place"):
        measure_landmarks([photo], small_bundle, engine, mesh_finder, out=tmp_path / "file")


def test_without_the_landmarker_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mediapipe")
    from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker

    monkeypatch.delenv("F2P_FACE_LANDMARKER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingDependency, match="f2p-deploy landmarker downloads it"):
        open_landmarker()
    with pytest.raises(InputError, match="gone.task is not a file"):
        open_landmarker(tmp_path / "gone.task")
