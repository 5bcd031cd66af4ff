"""Fixtures for the landmark measurement: MediaPipe, and an engine that draws a given picture."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine, Rendering, Scene
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.evaluation.landmarks.degrade import CONDITIONS
from f2p_deploy.evaluation.landmarks.landmark_groups import FIGURES
from f2p_deploy.evaluation.landmarks.landmark_report import LandmarkReport, Measured, Refused, Spoiled
from f2p_deploy.evaluation.landmarks.pose_true import PoseTrue
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.alignment import AlignedFace, MediaPipeFinder
    from f2p_deploy.model.bundle import Bundle


class PictureEngine:
    """An engine whose every character looks the same: what the figures must be is then known."""

    def __init__(self, schema: Schema, picture: np.ndarray) -> None:
        self.schema = schema
        self.picture = picture

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        """Return the picture, whatever the parameters; there is none of a turned head."""
        if scene != FRONT_VIEW:
            raise InputError("this engine draws the front view alone")
        assert self.picture.shape == (size, size, 3) and parameters.shape == (self.schema.n,)
        return Rendering(self.picture)

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Return the picture as often as asked."""
        return (self.render(parameters, size) for parameters in batch)


@pytest.fixture(scope="session")
def aligned(small_bundle: "Bundle", mesh_finder: "MediaPipeFinder", astronaut: np.ndarray) -> "AlignedFace":
    """The astronaut's face as `small_bundle` sees it, 128 pixels."""
    from f2p_deploy.alignment import align

    settings = small_bundle.settings
    return align(astronaut, mesh_finder, settings.alignment.landmarks, settings.architecture.image_size)


@pytest.fixture(scope="session")
def engine_drawing(small_bundle: "Bundle") -> Callable[[np.ndarray], Engine]:
    """Give an engine that draws a picture."""
    return lambda picture: PictureEngine(small_bundle.schema, picture)


@pytest.fixture
def turned_report(report: LandmarkReport) -> LandmarkReport:
    """The same with meshes: the average face is a hundredth of the eyes' distance off, hybrid a tenth, once lost."""
    mesh = np.random.default_rng(0).uniform(0.2, 0.8, (478, 2))
    mesh[33], mesh[263] = (0.3, 0.4), (0.7, 0.4)
    measured = []
    for i, one in enumerate(report.measured):
        meshes: dict[str, np.ndarray | None] = dict.fromkeys(("photo", "random", "one-shot"), mesh)
        meshes["average"] = mesh + [0.0, 0.004]
        meshes["hybrid"] = None if i == 3 else mesh + [0.04, 0.0]
        measured.append(replace(one, pose_true=PoseTrue(mesh, meshes, {"hybrid": 0.5}, (one.yaw, 0.0))))
    return replace(report, measured=tuple(measured))


@pytest.fixture
def report() -> LandmarkReport:
    """Twelve photos: hybrid at 0.04 and once without a face, one-shot at 0.08, the average face at 0.1; one refused."""

    def figures(value: float) -> np.ndarray:
        return np.full(len(FIGURES), value)

    measured = []
    for i in range(12):
        distances = {"photo": 0.01, "average": 0.1, "random": 0.2, "one-shot": 0.08, "hybrid": 0.04 + 0.0001 * i}
        distances["hybrid"] = np.inf if i == 3 else distances["hybrid"]
        twice = {mode: figures(2 * distances[mode]) for mode in ("one-shot", "hybrid")}
        lost = {mode: figures(np.inf) for mode in ("one-shot", "hybrid")}
        spoiled = {CONDITIONS[0].label: Spoiled(twice, moved=0.02)}
        if i < 2:
            spoiled[CONDITIONS[-1].label] = Spoiled(lost, "too-small")
        shown = {subject: figures(value) for subject, value in distances.items()}
        measured.append(Measured(f"faces/{i:02}.png", -4.0 * i, 80.0, shown, spoiled=spoiled))
    refused = (Refused("faces/wall.png", "no-face", "wall.png: no face was found"),)
    used = (CONDITIONS[0], CONDITIONS[4], CONDITIONS[-1])
    modes = ("one-shot", "hybrid")
    return LandmarkReport("demo", "my/demo", "0" * 64, "small", modes, 13, tuple(measured), refused, conditions=used)
