"""The methods of every runtime: inputs and outputs are checked, and `step` has momentum and locks."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.runtimes import Runtime, load
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime
from f2p_deploy.system.errors import FloorMissed, InputError

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

FACE = np.full((1, 3, 128, 128), 0.5, np.float32)


@pytest.fixture(scope="module")
def runtime(small_artifact: Path) -> Runtime:
    return load(small_artifact, "onnxruntime", threads=1)


def test_a_wrong_face_is_refused(runtime: Runtime) -> None:
    with pytest.raises(InputError, match=r"one_shot: the tensor 'face' must lie in \[0, 1\], found values from 127.5"):
        runtime.one_shot(FACE * 255)
    with pytest.raises(InputError, match="describe: the tensor 'face' must be float32, found float64"):
        runtime.describe(FACE.astype(np.float64))


def test_a_view_of_a_face_counts_as_the_face(runtime: Runtime) -> None:
    face = np.random.default_rng(0).random((1, 3, 128, 128), np.float32)
    turned = np.ascontiguousarray(face.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert np.array_equal(runtime.one_shot(face), runtime.one_shot(turned))


def test_wrong_tensor_and_graph_names(runtime: Runtime) -> None:
    with pytest.raises(InputError, match="one_shot takes the tensors face; found image"):
        runtime.compute("one_shot", {"image": FACE})
    with pytest.raises(InputError, match="no graph 'stop'. Available: one_shot, describe, render, step"):
        runtime.compute("stop", {})


def test_computed_nan_is_an_error(small_artifact: Path) -> None:
    class Broken(OnnxRuntime):
        def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            outputs = super()._compute(graph, inputs)
            return {name: value * np.float32(np.nan) for name, value in outputs.items()}

    artifact = read_artifact(small_artifact)
    with pytest.raises(FloorMissed, match="one_shot computed NaN or infinite values in parameters"):
        Broken(artifact, threads=1).one_shot(FACE)


def test_threads_must_be_positive(small_artifact: Path) -> None:
    with pytest.raises(InputError, match="threads must be at least 1, found 0"):
        load(small_artifact, threads=0)


def test_schema_and_settings_are_those_of_the_bundle(runtime: Runtime, small_bundle: "Bundle") -> None:
    assert runtime.schema.fingerprint == small_bundle.schema.fingerprint
    assert runtime.settings == small_bundle.settings


def test_one_step(runtime: Runtime) -> None:
    golden = runtime.artifact.golden()
    identity, content = runtime.describe(golden["describe.face"][:1])
    state = np.array([runtime.artifact.manifest.first_state], np.float32)
    still, loss, ahead = runtime.step(state, identity, content, 0.0)
    moved, same, _ = runtime.step(state, identity, content, 10.0)
    assert np.array_equal(ahead, state)
    assert np.array_equal(still, state) and np.array_equal(loss, same) and loss.shape == (1,)
    assert not np.array_equal(moved, state)
    with pytest.raises(InputError, match="'learning_rate' must lie"):
        runtime.step(state, identity, content, -1.0)


def test_a_step_looks_ahead_and_keeps_what_is_locked(runtime: Runtime) -> None:
    golden, schema = runtime.artifact.golden(), runtime.schema
    identity, content = runtime.describe(golden["describe.face"][:1])
    state = np.array([runtime.artifact.manifest.first_state], np.float32)
    before = state + np.linspace(-0.3, 0.3, schema.n, dtype=np.float32)
    locked = np.zeros(schema.n, bool)
    locked[[0, -1]] = True
    moved, _, ahead = runtime.step(state, identity, content, 10.0, before=before, momentum=0.5, locked=locked)
    expected = state + 0.5 * (state - before)
    expected[:, : schema.n_c] = expected[:, : schema.n_c].clip(0, 1)
    np.testing.assert_allclose(ahead, expected, atol=1e-6)
    assert np.array_equal(moved[:, [0, -1]], ahead[:, [0, -1]]) and not np.array_equal(moved, ahead)
    sharper = runtime.step(ahead, identity, content, 10.0, beta=3.0 * runtime.settings.iterative.beta)
    plain = runtime.step(ahead, identity, content, 10.0)
    assert sharper.loss != plain.loss


def test_preparing_what_is_not_there(runtime: Runtime) -> None:
    with pytest.raises(InputError, match="no graph 'stop'"):
        runtime.prepare(["stop"])
