"""ONNX from float32 to float16: consistent types, and no float32 value rounded through float16 on its way."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from f2p_deploy.export.float16.convert_float16 import LARGEST, to_float16
from f2p_deploy.system.errors import CompilerError

F = np.float32
CHAIN = [("Add", ["x", "one"], "a"), ("Sub", ["a", "one"], "b"), ("Mul", ["b", "two"], "y")]
WEIGHTS = {"one": np.array([1.0], F), "two": np.array([2.0], F)}

MakeModel = Callable[..., onnx.ModelProto]
Run = Callable[..., list[float]]


def types(model: onnx.ModelProto) -> dict[str, str]:
    """The type of each node's output."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    found = {i.name: i.type.tensor_type.elem_type for i in (*inferred.graph.value_info, *inferred.graph.output)}
    return {node.name: TensorProto.DataType.Name(found[node.output[0]]) for node in inferred.graph.node}


def test_inputs_and_outputs_stay_float32(toy_model: MakeModel, run_toy: Run) -> None:
    half = to_float16(toy_model(CHAIN, WEIGHTS))
    assert types(half) == {
        "x.float16.cast": "FLOAT16", "a": "FLOAT16", "b": "FLOAT16", "y": "FLOAT16", "y.float32.cast": "FLOAT",
    }  # fmt: skip
    assert {w.data_type for w in half.graph.initializer} == {TensorProto.FLOAT16}
    assert run_toy(half, 0.25, 0.5) == [0.5, 1.0]


def test_a_value_between_float32_nodes_is_never_rounded(toy_model: MakeModel, run_toy: Run) -> None:
    model = toy_model(CHAIN, WEIGHTS)
    kept = to_float16(model, ("a", "b", "y"))
    assert types(kept) == {"a": "FLOAT", "b": "FLOAT", "y": "FLOAT"}
    assert run_toy(kept, 0.0001, 0.5) == run_toy(model, 0.0001, 0.5)


def test_one_cast_a_value_and_both_types_of_a_shared_weight(toy_model: MakeModel, run_toy: Run) -> None:
    nodes = [("Mul", ["x", "w"], "a"), ("Mul", ["x", "w"], "b"), ("Mul", ["a", "w"], "c"), ("Add", ["b", "c"], "y")]
    half = to_float16(toy_model(nodes, {"w": np.array([1 / 3], F)}), ("c",))
    assert [node.name for node in half.graph.node if node.op_type == "Cast"] == [
        "x.float16.cast", "a.float32.cast", "c.float16.cast", "y.float32.cast",
    ]  # fmt: skip
    assert {w.data_type for w in half.graph.initializer} == {TensorProto.FLOAT16, TensorProto.FLOAT}
    assert np.allclose(run_toy(half, 1.0, 2.0), [4 / 9, 8 / 9], rtol=1e-3)


def test_an_output_that_others_read_as_well(toy_model: MakeModel, run_toy: Run) -> None:
    nodes = [("Mul", ["x", "w"], "y"), ("Add", ["y", "w"], "z"), ("Add", ["y", "z"], "unread")]
    half = to_float16(toy_model(nodes, {"w": np.array([3.0], F)}), ("z",))
    assert run_toy(half, 1.0, 2.0) == [3.0, 6.0]


def test_masks_and_shapes_are_left_alone(toy_model: MakeModel, run_toy: Run) -> None:
    nodes = [("Greater", ["x", "w"], "mask"), ("Where", ["mask", "x", "w"], "c"), ("Reshape", ["c", "shape"], "y")]
    half = to_float16(toy_model(nodes, {"w": np.array([1.0], F), "shape": np.array((1, 2))}))
    assert types(half)["mask"] == "BOOL"
    assert run_toy(half, 0.5, 2.0) == [1.0, 2.0]


def test_weights_round_as_ieee_does_and_end_at_the_largest_number(toy_model: MakeModel) -> None:
    values = np.array([1e-9, 3e-6, -1e38, np.inf, 1 / 3], F)
    half = to_float16(toy_model([("Add", ["x", "w"], "z"), ("Identity", ["x"], "y")], {"w": values[:1]}))
    assert numpy_helper.to_array(half.graph.initializer[0])[0] == 0, "not raised to the smallest number"
    model = toy_model([("Gather", ["w", "at"], "g"), ("Mul", ["x", "g"], "y")], {"w": values, "at": np.array([1])})
    found = numpy_helper.to_array(next(w for w in to_float16(model).graph.initializer if w.name == "w.float16"))
    assert found.tolist() == [0.0, float(np.float16(3e-6)), -LARGEST, np.inf, float(np.float16(1 / 3))]


def test_inconvertible_graphs_are_refused(toy_model: MakeModel) -> None:
    model = toy_model(CHAIN, WEIGHTS)
    with pytest.raises(CompilerError, match="no node is called 'c', which should stay float32"):
        to_float16(model, ("a", "c"))
    model.graph.node[1].name = "a"
    with pytest.raises(CompilerError, match="a Add is called 'a', but needs a unique name"):
        to_float16(model)
    cast = toy_model([("Cast", ["x"], "y")], {})
    cast.graph.node[0].attribute.append(helper.make_attribute("to", TensorProto.FLOAT))
    with pytest.raises(CompilerError, match="y is a Cast, which cannot be converted to float16"):
        to_float16(cast)
