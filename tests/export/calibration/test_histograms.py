"""Histograms of a graph's values: every number is counted, independent of the order of the inputs."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from f2p_deploy.export.calibration.histograms import BINS, observe
from f2p_deploy.system.errors import InputError


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    """y = relu(2 x - 1), made of two nodes."""
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["doubled"]),
        helper.make_node("Sub", ["doubled", "one"], ["moved"]),
        helper.make_node("Relu", ["moved"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 4)) for name in "xy"]
    weights = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in (("two", 2), ("one", 1))]
    graph = helper.make_graph(nodes, "toy", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def inputs(*rows: list[float]) -> list[dict[str, np.ndarray]]:
    return [{"x": np.array([row], np.float32)} for row in rows]


def test_inputs_values_between_nodes_and_outputs_are_counted(model: onnx.ModelProto) -> None:
    found = observe(model, ["x", "moved", "y"], inputs([0, 1, 2, 3], [0.5, 0.5, 0.5, -1]))
    assert (found["x"].low, found["x"].high) == (-1, 3)
    assert (found["moved"].low, found["moved"].high) == (-3, 5)
    assert (found["y"].low, found["y"].high) == (0, 5)
    assert all(histogram.counts.sum() == 8 and len(histogram.counts) == BINS for histogram in found.values())
    assert found["y"].counts[0] == 5, "0 and four rectified numbers"
    assert len(model.graph.output) == 1, "the given model stays as it was"


def test_the_order_of_inputs_makes_no_difference(model: onnx.ModelProto) -> None:
    rng = np.random.default_rng(0)
    given = inputs(*rng.normal(size=(20, 4)).tolist())
    first = observe(model, ["moved", "y"], given)
    second = observe(model, ["moved", "y"], [given[i] for i in rng.permutation(20)])
    for name, histogram in first.items():
        assert (histogram.low, histogram.high) == (second[name].low, second[name].high)
        np.testing.assert_array_equal(histogram.counts, second[name].counts)


@pytest.mark.parametrize("sample", range(6))
def test_every_input_counts(model: onnx.ModelProto, sample: int) -> None:
    rows = [[0.0, 0.1, 0.2, 0.3] for _ in range(6)]
    before = observe(model, ["moved"], inputs(*rows))["moved"]
    rows[sample] = [0.0, 0.1, 0.2, 9.0]
    after = observe(model, ["moved"], inputs(*rows))["moved"]
    assert before.high == pytest.approx(-0.4) and after.high == 17


def test_a_value_that_never_changes_has_a_range(model: onnx.ModelProto) -> None:
    found = observe(model, ["y"], inputs([0, 0, 0, 0]))["y"]
    assert (found.low, found.high, found.counts.sum()) == (0, 0, 4)
    assert found.magnitudes().sum() == 4


def test_magnitudes_fold_the_negative_side_over(model: onnx.ModelProto) -> None:
    magnitudes = observe(model, ["x"], inputs([-2, -1, 1, 2]))["x"].magnitudes()
    assert magnitudes.sum() == 4 and magnitudes[-1] == 2
    assert magnitudes[BINS // 2 - 2 : BINS // 2 + 2].sum() == 2


def test_no_input_and_numbers_without_end_are_refused(model: onnx.ModelProto) -> None:
    with pytest.raises(InputError, match="at least one input, found none"):
        observe(model, ["y"], [])
    with pytest.raises(InputError, match="moved is not finite for calibration input 1"):
        observe(model, ["moved"], inputs([0, 0, 0, 0], [0, np.inf, 0, 0]))
