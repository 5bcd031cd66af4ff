"""A tiny engine and tiny data, with which every stage trains for real in a second."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.engine.engine import Rendering, Scene

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.training.data.pair_tensors import PairTensors
    from f2p_deploy.training.data.portraits import Portraits

SIZE = 128


class DiscEngine:
    """An engine whose face is a disc: one controller is its height, one its width, a discrete group its colour."""

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
    """A folder of 60 pairs, two pictures per character."""
    from f2p_deploy.engine.pairs import Sampling, write_pairs

    folder = tmp_path_factory.mktemp("pairs") / "discs"
    write_pairs(DiscEngine(), folder, 60, Sampling(seed=3, pictures_per_character=2), SIZE)
    return folder


@pytest.fixture(scope="session")
def disc_bundle(tmp_path_factory: pytest.TempPathFactory) -> "Bundle":
    """A complete bundle for `DiscEngine`: the paper's networks, very narrow, with random weights."""
    torch = pytest.importorskip("torch")
    from f2p_deploy.model.bundle import create_bundle, store_network
    from f2p_deploy.model.networks.table import REQUIRED_NETWORKS, build_network
    from f2p_deploy.model.settings import Architecture, BundleSettings

    widths = {f"{name}_width": 0.06 for name in REQUIRED_NETWORKS}
    settings = BundleSettings(Architecture(image_size=SIZE, segmentation_size=64, **widths))
    bundle = create_bundle(tmp_path_factory.mktemp("disc") / "bundle", "disc", DiscEngine.schema, settings)
    torch.manual_seed(0)
    for name in REQUIRED_NETWORKS:
        bundle = store_network(bundle, name, build_network(name, bundle.schema, settings), {})
    return bundle


@pytest.fixture
def disc_tensors(disc_pairs: Path) -> "PairTensors":
    """The 60 pairs in memory, with label maps."""
    pytest.importorskip("torch")
    from f2p_deploy.training.data.pair_tensors import PairTensors

    return PairTensors(disc_pairs, SIZE, labels=True)


@pytest.fixture
def disc_portraits(disc_tensors: "PairTensors") -> "Portraits":
    """The pictures of the pairs in the role of photos: frontal, with random contour points."""
    from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS
    from f2p_deploy.training.data.portraits import Portraits

    pictures, labels = disc_tensors.labelled(np.arange(40))
    points = np.random.default_rng(0).random((40, len(CONTOUR_POINTS), 2), np.float32)
    names = tuple(f"people/p{i:04d}.jpg" for i in range(40))
    return Portraits(names, pictures, labels, np.zeros(40, np.float32), points, np.zeros((40, 24), np.float32))
