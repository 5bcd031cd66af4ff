"""Batches of a fixed size: the last one is padded, the padding is cut off, and shared inputs reach each batch."""

import numpy as np
import pytest

from f2p_deploy.runtimes.batches import run_in_batches


def test_shared_inputs_reach_every_batch_as_they_are() -> None:
    def scale(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"y": inputs["x"] * inputs["by"]}

    inputs = {"by": np.array([3.0]), "x": np.arange(10.0).reshape(5, 2)}
    assert np.array_equal(run_in_batches(scale, inputs, 2, shared=("by",))["y"], inputs["x"] * 3)


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_batches_are_filled_up_and_cut_again(batch: int) -> None:
    seen = []

    def double(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        seen.append(len(inputs["x"]))
        return {"y": inputs["x"] * 2}

    values = np.arange(10.0).reshape(5, 2)
    assert np.array_equal(run_in_batches(double, {"x": values}, batch)["y"], values * 2)
    assert set(seen) == {batch}
