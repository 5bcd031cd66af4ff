"""A tiny engine and tiny data, so that every stage trains for real in a second."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.engine.engine import Rendering, Scene

SIZE = 128


class DiscEngine:
    """Draws a disc as a face: one controller is its height, one its width, a discrete group its colour."""

    schema = Schema(
        "disc",
        (Controller("disc.width", "disc"), Controller("disc.height", "disc")),
        (DiscreteGroup("colour", ("red", "green", "blue")),),
    )

    def render(self, parameters: np.ndarray, size: int, scene: Scene | None = None) -> Rendering:
        y, x = (np.mgrid[:size, :size] + 0.5) / size - 0.5
        width, height = 0.15 + 0.3 * parameters[:2]
        inside = (x / width) ** 2 + (y / height) ** 2 < 1
        image = np.full((size, size, 3), 235, np.uint8)
        image[inside] = np.eye(3)[int(np.argmax(parameters[2:]))] * 200
        labels = np.where(inside, np.where(y < 0, 1, 6), 0).astype(np.uint8)
        points = {name: (size / 2 + 3.0 * i, size / 2) for i, name in enumerate(LANDMARKS)}
        return Rendering(image, labels, points)

    def render_many(self, batch, size, scenes=None, workers=1):
        return (self.render(row, size) for row in batch)


@pytest.fixture(scope="session")
def disc_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 60 pairs, two pictures a character."""
    from f2p_deploy.engine.pairs import Sampling, write_pairs

    folder = tmp_path_factory.mktemp("pairs") / "discs"
    write_pairs(DiscEngine(), folder, 60, Sampling(seed=3, pictures_per_character=2), SIZE)
    return folder
