"""The reference engine, and a small engine that needs no assets."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.engine.engine import Rendering, Scene
from f2p_deploy.engine.scenes import FRONT_VIEW


class DiscEngine:
    """A minimal engine: it draws a disc on a background, and its controllers are the disc's position and size."""

    schema = Schema(
        "disc",
        (Controller("disc.x", "disc"), Controller("disc.y", "disc"), Controller("disc.radius", "disc")),
        (DiscreteGroup("hair", ("none", "short", "long")),),
    )

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        x, y, radius = 0.25 + 0.5 * parameters[:3]
        rows, columns = (np.mgrid[:size, :size] + 0.5) / size
        disc = np.hypot(columns - x, rows - y) < 0.3 * radius
        hair = int(np.argmax(parameters[3:]))
        image = np.zeros((size, size, 3), np.uint8)
        image[:] = np.rint(np.array(scene.background) * 255)
        image[disc] = (200, 60 * hair, round(255 * float(parameters[0])))
        return Rendering(image, disc.astype(np.uint8), {name: (float(x * size), float(y * size)) for name in LANDMARKS})

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        for parameters, scene in zip(batch, scenes or [Scene()] * len(batch), strict=True):
            yield self.render(parameters, size, scene)


@pytest.fixture
def disc_engine() -> DiscEngine:
    return DiscEngine()


@pytest.fixture(scope="session")
def engine(makehuman_assets: Path):
    """The reference engine with the demo's schema."""
    pytest.importorskip("numba")
    from f2p_deploy.engine.makehuman.makehuman import load_engine

    return load_engine("makehuman", makehuman_assets)
