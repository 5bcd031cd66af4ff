"""Any number of samples through a graph whose batch size is fixed."""

from collections.abc import Callable, Collection

import numpy as np

from f2p_deploy.artifact.artifact import Arrays


def run_in_batches(
    compute: Callable[[dict[str, np.ndarray]], Arrays], inputs: Arrays, batch: int, shared: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """Run a graph of static batch size over any number of samples.

    Args:
        compute: runs one batch.
        inputs: by tensor name, K samples along the first axis; the last batch is filled up with its last sample.
        batch: the static batch size.
        shared: names of inputs that every batch gets as they are.

    Returns:
        The outputs by tensor name, K samples along the first axis.
    """
    count = len(next(value for name, value in inputs.items() if name not in shared))
    parts = []
    for start in range(0, count, batch):
        rows = np.minimum(np.arange(start, start + batch), count - 1)
        given = {name: value if name in shared else np.ascontiguousarray(value[rows]) for name, value in inputs.items()}
        parts.append(compute(given))
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}
