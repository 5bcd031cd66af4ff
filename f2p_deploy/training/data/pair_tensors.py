"""Rendered pairs and aligned photos as tensors, and picture sheets."""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import open_whole

#: Bytes of decoded pictures and label maps, above which they are kept on the disk instead of in memory.
MOST_IN_MEMORY = 4 * 2**30

#: Number of threads that decode pictures while a set is read.
DECODERS = 4


class PairTensors:
    """A folder of rendered pairs, decoded once and held as uint8: in memory, or on the disk if they are many.

    Args:
        folder: in the format of `f2p_deploy.engine.pairs`.
        size: required edge of the pictures in pixels.
        labels: True to read the label maps, which must exist; None to read them if the first record has one.
        limit: maximum number of pairs to read, from the first.
        cache: folder for decoded pictures; used for more than `MOST_IN_MEMORY` bytes, and read again by later calls.

    Raises:
        InputError: not a folder of pairs, pictures of another size, or required label maps are missing.
    """

    def __init__(
        self,
        folder: Path,
        size: int,
        labels: bool | None = False,
        limit: int | None = None,
        cache: Path | None = None,
    ) -> None:
        self.pairs = PairSet(folder)
        if self.pairs.size != size:
            raise InputError(f"{folder} holds pictures of {self.pairs.size} pixels; the bundle needs {size}")
        count = len(self.pairs) if limit is None else min(limit, len(self.pairs))
        if labels is None:
            labels = self.pairs.labels(0) is not None
        self._images: np.ndarray
        self._labels: np.ndarray | None = None
        maps = [("labels", np.uint8, (size, size))] if labels else []
        record = np.dtype([("images", np.uint8, (size, size, 3)), *maps])
        if cache is None or count * record.itemsize <= MOST_IN_MEMORY:
            self._take(np.empty(count, record))
            self._decode()
            return
        facts = [self.pairs.manifest.get("parameters_sha256"), count, size, bool(labels), self.pairs.records[:1]]
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
        path = cache / f"pairs-{key}.bin"
        if not path.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            with open_whole(path) as file:
                file.truncate(count * record.itemsize)
                self._take(np.memmap(file.name, record, "r+", shape=(count,)))
                self._decode()
        self._take(np.memmap(path, record, "r", shape=(count,)))

    def _take(self, records: np.ndarray) -> None:
        self._images = records["images"]
        self._labels = records["labels"] if "labels" in (records.dtype.names or ()) else None

    def _decode(self) -> None:
        with ThreadPoolExecutor(DECODERS) as pool:
            for _ in pool.map(self._read, range(len(self))):
                pass

    def _read(self, i: int) -> None:
        self._images[i] = self.pairs.image(i)
        if self._labels is not None:
            label_map = self.pairs.labels(i)
            if label_map is None:
                raise InputError(f"{self.pairs.folder} has no label maps; segmentation cannot learn from it")
            self._labels[i] = label_map

    def __len__(self) -> int:
        return len(self._images)

    @property
    def has_labels(self) -> bool:
        """True if the label maps were read."""
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
    """Return (B, H, W, 3) uint8 pictures as (B, 3, H, W) float32 in [0, 1], in the channels-last memory format."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div_(255.0)


def to_uint8(pictures: torch.Tensor) -> np.ndarray:
    """Return (B, 3, H, W) in [0, 1] as (B, H, W, 3) uint8."""
    return (pictures.detach().clamp(0, 1) * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def tile(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return rows of (B, H, W, 3) uint8 pictures as one picture, the rows below each other."""
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
