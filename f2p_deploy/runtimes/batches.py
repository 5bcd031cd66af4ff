"""Splits any number of samples into batches of a graph's fixed size."""

from collections.abc import Callable, Collection

import numpy as np

from f2p_deploy.artifact.artifact import Arrays


def run_in_batches(
    compute: Callable[[dict[str, np.ndarray]], Arrays], inputs: Arrays, batch: int, shared: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """Run a graph of static batch size over any number of samples.

    Args:
        compute: runs one batch.
        inputs: by tensor name, K samples along the first axis; the last batch is padded with the last sample.
        batch: the static batch size.
        shared: names of inputs that are not split: every batch gets them whole.

    Returns:
        The outputs by tensor name, K samples along the first axis.
    """
    count = len(next(value for name, value in inputs.items() if name not in shared))
    parts = []
    for start in range(0, count, batch):
        rows = np.minimum(np.arange(start, start + batch), count - 1)
        part = {name: value if name in shared else np.ascontiguousarray(value[rows]) for name, value in inputs.items()}
        parts.append(compute(part))
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}
