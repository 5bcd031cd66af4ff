"""Rendered pairs and aligned photos as tensors, and picture sheets."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.system.errors import InputError

#: How many pictures are decoded at once while a set is read.
DECODERS = 4


class PairTensors:
    """A folder of rendered pairs, decoded once and kept in memory as bytes.

    Args:
        folder: what `f2p_deploy.engine.pairs` wrote or describes.
        size: edge of the pictures that training needs, in pixels.
        labels: whether the label maps are needed too; None reads them if the first record has one.
        limit: read only so many of the first pairs.

    Raises:
        InputError: not a folder of pairs, pictures of another size, no label maps although they are needed.
    """

    def __init__(self, folder: Path, size: int, labels: bool | None = False, limit: int | None = None) -> None:
        self.pairs = PairSet(folder)
        if self.pairs.size != size:
            raise InputError(f"{folder} holds pictures of {self.pairs.size} pixels; the bundle needs {size}")
        count = len(self.pairs) if limit is None else min(limit, len(self.pairs))
        if labels is None:
            labels = self.pairs.labels(0) is not None
        self._images = np.empty((count, size, size, 3), np.uint8)
        self._labels = np.empty((count, size, size), np.uint8) if labels else None
        with ThreadPoolExecutor(DECODERS) as pool:
            for _ in pool.map(self._read, range(count)):
                pass

    def _read(self, i: int) -> None:
        self._images[i] = self.pairs.image(i)
        if self._labels is not None:
            found = self.pairs.labels(i)
            if found is None:
                raise InputError(f"{self.pairs.folder} has no label maps; segmentation cannot learn from it")
            self._labels[i] = found

    def __len__(self) -> int:
        return len(self._images)

    @property
    def has_labels(self) -> bool:
        """Whether the label maps were read."""
        return self._labels is not None

    def parameters(self, indices: np.ndarray) -> torch.Tensor:
        """Return (B, n) float32 parameters."""
        return torch.from_numpy(np.array(self.pairs.parameters[indices], np.float32))

    def images(self, indices: np.ndarray) -> torch.Tensor:
        """Return (B, 3, S, S) float32 RGB in [0, 1]."""
        return to_float(self._images[indices])

    def labelled(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (B, S, S, 3) uint8 RGB and (B, S, S) uint8 indices into the Helen classes."""
        if self._labels is None:
            raise InputError(f"the label maps of {self.pairs.folder} were not read")
        return self._images[indices], self._labels[indices]

    def label_maps(self, indices: np.ndarray) -> torch.Tensor:
        """Return (B, S, S) int64 indices into the Helen classes."""
        if self._labels is None:
            raise InputError(f"the label maps of {self.pairs.folder} were not read")
        return torch.from_numpy(self._labels[indices].astype(np.int64))


def to_float(pictures: np.ndarray) -> torch.Tensor:
    """Return (B, H, W, 3) uint8 pictures as (B, 3, H, W) float32 in [0, 1], channels last in memory."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div_(255.0)


def to_uint8(pictures: torch.Tensor) -> np.ndarray:
    """Return (B, 3, H, W) in [0, 1] as (B, H, W, 3) uint8."""
    return (pictures.detach().clamp(0, 1) * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def tile(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return rows of (B, H, W, 3) uint8 pictures as one picture."""
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
