"""Golden vectors: an artifact can be compared with PyTorch from its folder alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.artifact.golden import GOLDEN_ITERATIONS, samples_of, trajectory_of
from f2p_deploy.system.errors import InputError


def test_every_graph_has_samples_of_every_tensor(small_artifact: Path) -> None:
    artifact = read_artifact(small_artifact)
    golden = artifact.golden()
    for graph, entry in artifact.manifest.graphs.items():
        samples = samples_of(artifact, golden, graph)
        assert len(samples.names) == (3 if graph == "step" else 2)
        for spec in (*entry.inputs, *entry.outputs):
            value = {**samples.inputs, **samples.reference}[spec.name]
            one = value.shape if spec.name in entry.shared else (1, *value.shape[1:])
            assert (one, str(value.dtype)) == (spec.shape, spec.dtype)


def test_the_trajectory_begins_at_the_first_state_and_moves(small_artifact: Path) -> None:
    artifact = read_artifact(small_artifact)
    golden = artifact.golden()
    trajectory = trajectory_of(golden)
    assert trajectory is not None
    first = np.array(artifact.manifest.first_state, np.float32)
    assert trajectory.states.shape == (GOLDEN_ITERATIONS + 1, len(first))
    assert trajectory.losses.shape == (GOLDEN_ITERATIONS + 1,)
    assert np.array_equal(trajectory.states[0], first)
    assert np.array_equal(trajectory.states[1], golden["step.next_state"][0])
    assert np.allclose(trajectory.learning_rates, [10.0] * 5 + [8.0] * 5)
    assert np.abs(trajectory.rounded_states[0] - first).max() < 1e-6 and (trajectory.rounded_states[0] != first).any()
    assert (np.abs(np.diff(trajectory.states, axis=0)).max(axis=1) > 0).all()


def test_an_export_without_iterations_has_no_trajectory() -> None:
    assert trajectory_of({"step.state": np.zeros((2, 3))}) is None


def test_a_missing_tensor_is_named(forged: Callable[..., Path]) -> None:
    def forget(folder: Path) -> None:
        with np.load(folder / "golden.npz") as arrays:
            kept = {name: arrays[name] for name in arrays.files if name != "render.image"}
        np.savez(folder / "golden.npz", **kept)

    artifact = read_artifact(forged(forget))
    with pytest.raises(InputError, match="no golden vectors render.image.*Make it again: f2p-deploy export"):
        samples_of(artifact, artifact.golden(), "render")
