"""Rendered pairs and photos in memory, for bundles that nobody trained."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameters import random_batch
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Rendering, Scene

if TYPE_CHECKING:
    from f2p_deploy.alignment import AlignedFace
    from f2p_deploy.evaluation.stages.stage_data import Photos, Renders
    from f2p_deploy.model.bundle import Bundle


class Shades:
    """An engine whose picture is one shade of grey, the first parameter; skin above, hair below."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def render(self, parameters: np.ndarray, size: int, scene: Scene | None = None) -> Rendering:
        labels = np.where(np.arange(size)[:, None] < size // 2, 1, 10).astype(np.uint8) * np.ones((1, size), np.uint8)
        points = {name: (size / 2 + 3.0 * i, size / 3) for i, name in enumerate(LANDMARKS)}
        return Rendering(np.full((size, size, 3), round(255 * float(parameters[0])), np.uint8), labels, points)

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        return (self.render(parameters, size) for parameters in batch)


@pytest.fixture
def shades(small_bundle: "Bundle") -> Shades:
    """The engine for the small bundle's schema."""
    return Shades(small_bundle.schema)


@pytest.fixture
def drawn_by() -> "Callable[..., Renders]":
    """Make renders of random characters that are exactly what a bundle's imitator draws."""
    pytest.importorskip("torch")
    import torch

    from f2p_deploy.evaluation.stages.stage_data import Renders
    from f2p_deploy.training.data.pair_tensors import to_uint8

    def make(bundle: "Bundle", count: int, labels: np.ndarray | None = None) -> "Renders":
        parameters = random_batch(bundle.schema, count, seed=5)
        with torch.inference_mode():
            pictures = to_uint8(bundle.imitator(torch.from_numpy(parameters)))
        usual = random_batch(bundle.schema, 200, seed=6).mean(axis=0)
        return Renders(pictures, labels, parameters, np.arange(count), None, usual, count)

    return make


@pytest.fixture
def photos_of() -> "Callable[..., Photos]":
    """Make photos of pictures (N, S, S, 3) and, where they matter, of how the faces were aligned."""
    pytest.importorskip("torch")
    from f2p_deploy.evaluation.stages.stage_data import Photos
    from f2p_deploy.training.data.portrait_labels import UNKNOWN

    def make(pictures: np.ndarray, faces: "tuple[AlignedFace, ...]" = (), refused: int = 0) -> "Photos":
        return Photos(faces, pictures, np.full(pictures.shape[:3], UNKNOWN, np.uint8), refused)

    return make
