"""Batches of a training: which samples an update takes, in which parts, and who prepares them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import cast

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from f2p_deploy.training.stage import Prepared, Stage

#: Parts that every preparing process keeps ready.
AHEAD = 2


class PartDataset(Dataset[Prepared]):
    """The parts of all batches of a training, in the order in which one process computes them.

    Args:
        stage: prepares them.
        size: samples of a batch.
        seed: of order and augmentation.
        parts: number of parts of a batch.
        own: the positions of the parts that this process computes.
    """

    def __init__(self, stage: Stage, size: int, seed: int, parts: int, own: Sequence[int]) -> None:
        self.stage, self.size, self.seed, self.parts, self.own = stage, size, seed, parts, own

    def __getitem__(self, index: int) -> Prepared:
        """Prepare one part; everything random in it depends on the seed, the update and the part only."""
        step, position = divmod(index, len(self.own))
        part = self.own[position]
        rng = np.random.default_rng((self.seed, step, part) if part else (self.seed, step))
        batch = np.array_split(batch_positions(self.stage.samples, self.size, step, self.seed), self.parts)[part]
        torch.manual_seed(int(rng.integers(2**31)))
        prepared = self.stage.prepare(batch, step, rng)
        return {**prepared, "torch_seed": int(rng.integers(2**31))}


def prepared_parts(
    stage: Stage,
    size: int,
    steps: range,
    seed: int,
    parts: int,
    own: Sequence[int],
    workers: int,
    to_device: Callable[[Prepared], Prepared],
) -> Iterator[Iterator[Prepared]]:
    """Yield one iterator over prepared parts for every update; each must be exhausted before the next is taken.

    Args:
        stage, size, seed, parts, own: see `PartDataset`.
        steps: the updates.
        workers: number of processes that prepare parts in advance; 0 to prepare them when they are taken. A stage whose
            batches depend on updates is prepared here in any case.
        to_device: moves the tensors of a part.
    """
    dataset = PartDataset(stage, size, seed, parts, own)
    indices = range(steps.start * len(own), steps.stop * len(own))
    loaded: Iterator[Prepared]
    if workers and stage.prepares_ahead and len(indices):
        loader = DataLoader(
            dataset,
            batch_size=None,
            sampler=cast("Sequence[int]", indices),
            num_workers=workers,
            prefetch_factor=AHEAD,
            worker_init_fn=_one_thread,
        )
        loaded = iter(loader)
    else:
        loaded = (dataset[index] for index in indices)

    def here(part: Prepared) -> Prepared:
        moved = to_device(part)
        torch.manual_seed(moved.pop("torch_seed"))
        return moved

    for step in steps:
        stage.begin(step)
        yield (here(part) for part in islice(loaded, len(own)))


def batch_positions(samples: int, size: int, step: int, seed: int) -> np.ndarray:
    """Return the sorted positions of the samples of update `step`: a new permutation every epoch."""
    size = min(size, samples)
    epoch, position = divmod(step, max(1, samples // size))
    order = np.random.default_rng((seed, 7, epoch)).permutation(samples)
    return np.sort(order[position * size : (position + 1) * size])


def _one_thread(worker: int) -> None:
    torch.set_num_threads(1)
