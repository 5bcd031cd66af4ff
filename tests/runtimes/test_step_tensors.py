"""The step of an artifact of format version 2, with momentum, locks and ratios computed around its graph."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.runtimes import Runtime, load
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime
from f2p_deploy.runtimes.search import generate, iterate, starting_state
from f2p_deploy.runtimes.verification import verify
from f2p_deploy.system.errors import InputError

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return load(HERE / "version-2", "onnxruntime", threads=1)


@pytest.mark.parametrize("mode", ["iterative", "hybrid"])
def test_a_search_ends_where_it_ended_before(runtime: Runtime, mode: str) -> None:
    """Momentum, locks and another beta and discrete rate than the graph's give the results of that version."""
    golden, expected = runtime.artifact.golden(), np.load(HERE / "version-2-search.npz")
    faces = golden["describe.face"][:1]
    locked = np.zeros(runtime.schema.n, bool)
    locked[[1, -1]] = True
    settings = runtime.settings.iterative if mode == "iterative" else runtime.settings.hybrid
    found = iterate(runtime, faces, settings, starting_state(runtime, faces, mode), locked)
    assert runtime.artifact.manifest.format == 2 and settings.momentum
    np.testing.assert_allclose(found.losses, expected[f"{mode}.losses"], rtol=1e-5)
    # Another processor rounds otherwise: an iterative search from a start that differs by 1e-7 ends 2e-4 away. With
    # 0.95 times the momentum both modes end 0.04 away.
    atol = 1e-3 if mode == "iterative" else 1e-5
    np.testing.assert_allclose(found.parameters, expected[f"{mode}.parameters"], atol=atol)


def test_it_is_verified(runtime: Runtime) -> None:
    found = verify(runtime.artifact.folder, "onnxruntime", threads=1).measured
    assert found.parity_status == "passed" and found.to_dict()["format"] == 2
    measured = [record.metric for record in found.parity if record.graph == "step"]
    assert "cosine of the update" in measured and "max abs difference" not in measured


def test_it_makes_a_character(runtime: Runtime) -> None:
    face = (runtime.artifact.golden()["one_shot.face"][0].transpose(1, 2, 0) * 255).round().astype(np.uint8)
    assert len(generate(runtime, face, "hybrid").losses) == 1 + runtime.settings.hybrid.iterations


def test_a_step_alone(runtime: Runtime) -> None:
    golden = runtime.artifact.golden()
    state, identity, content = (golden[f"step.{name}"][:1] for name in ("state", "identity", "content"))
    found = runtime.step(state, identity, content, float(golden["step.learning_rate"][0]))
    np.testing.assert_allclose(found.next_state, golden["step.next_state"][:1], atol=1e-2)
    assert np.array_equal(found.lookahead, state)


def test_a_step_that_does_not_move_discrete_groups_cannot_be_told_to() -> None:
    artifact = read_artifact(HERE / "version-2")
    settings = dict(artifact.manifest.settings)
    settings["iterative"] = {**settings["iterative"], "discrete_rate": 0.0}
    changed = Artifact(artifact.folder, replace(artifact.manifest, settings=settings))
    face = (artifact.golden()["one_shot.face"][0].transpose(1, 2, 0) * 255).round().astype(np.uint8)
    with pytest.raises(InputError, match="does not move discrete groups, these settings do"):
        generate(OnnxRuntime(changed, threads=1), face, "hybrid")
