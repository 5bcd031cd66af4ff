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
    split = {name: value for name, value in inputs.items() if name not in shared}
    whole = {name: inputs[name] for name in shared if name in inputs}
    count = len(next(iter(split.values())))
    parts = [compute({**part, **whole}) for part in split_in_batches(split, batch)]
    if len(parts) == 1:
        return {name: value[:count] for name, value in parts[0].items()}
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}


def split_in_batches(arrays: Arrays, batch: int) -> list[dict[str, np.ndarray]]:
    """Split arrays along their first axis into batches; the last batch is padded with the last sample.

    Args:
        arrays: by tensor name, K samples along the first axis.
        batch: the static batch size.
    """
    count = len(next(iter(arrays.values())))
    if count == batch:
        return [{name: np.ascontiguousarray(value) for name, value in arrays.items()}]
    parts = []
    for start in range(0, count, batch):
        rows = np.minimum(np.arange(start, start + batch), count - 1)
        parts.append({name: np.ascontiguousarray(value[rows]) for name, value in arrays.items()})
    return parts
