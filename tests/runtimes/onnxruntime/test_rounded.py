"""The CPU stand-in for float16 graphs: every value is rounded, so overflows of a card show on a processor."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.export.float16.convert_float16 import to_float16
from f2p_deploy.runtimes.onnxruntime.rounded import RoundedOnnx, rounded

F = np.float32
MakeModel = Callable[..., onnx.ModelProto]
Run = Callable[..., list[float]]


@pytest.fixture
def overflowing(toy_model: MakeModel) -> onnx.ModelProto:
    nodes = [("Mul", ["x", "large"], "a"), ("Mul", ["a", "small"], "y")]
    return toy_model(nodes, {"large": np.array([1000.0], F), "small": np.array([0.001], F)})


def test_overflow_shows(overflowing: onnx.ModelProto, run_toy: Run) -> None:
    assert run_toy(rounded(to_float16(overflowing)), 1.0, 300.0)[1] == np.inf
    assert run_toy(rounded(to_float16(overflowing, ("a",))), 1.0, 300.0)[1] == np.inf, "cast down behind the kept node"
    assert np.allclose(run_toy(rounded(to_float16(overflowing, ("a", "y"))), 1.0, 300.0), [1.0, 300.0])


def test_every_step_is_rounded_as_numpy_rounds(toy_model: MakeModel, run_toy: Run) -> None:
    x, w = np.array([0.1234567, 3.2109876], F), np.array([0.7654321], F)
    model = toy_model([("Mul", ["x", "w"], "a"), ("Relu", ["a"], "b"), ("Add", ["b", "x"], "y")], {"w": w})
    half = x.astype("e")
    expected = half * w.astype("e") + half
    assert run_toy(rounded(to_float16(model)), *x) == expected.astype("f").tolist()


def test_float32_nodes_are_not_rounded(toy_model: MakeModel, run_toy: Run) -> None:
    model = toy_model([("Mul", ["x", "w"], "y")], {"w": np.array([1 / 3], F)})
    assert run_toy(rounded(to_float16(model, ("y",))), 0.1, 0.2) == run_toy(model, 0.1, 0.2)


def test_it_runs_an_artifact_and_proves_the_graph_only(small_artifact: Path) -> None:
    runtime = RoundedOnnx(read_artifact(small_artifact))
    golden = runtime.artifact.golden()
    found = runtime.one_shot(golden["one_shot.face"][:1])  # of float32 nothing is rounded
    np.testing.assert_allclose(found, golden["one_shot.parameters"][:1], atol=1e-4)
    assert runtime.proves == "graph" and "every float16 value rounded" in runtime.describe_device()
