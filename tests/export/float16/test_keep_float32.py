"""The rules for nodes that stay float32, on the graphs of a bundle."""

from collections import Counter
from pathlib import Path

import onnx
import pytest

from f2p_deploy.export.float16.convert_float16 import to_float16, value_infos
from f2p_deploy.export.float16.keep_float32 import LAYERS, PASSING, always_float32, computing_nodes


@pytest.fixture(scope="module")
def step(small_artifact: Path) -> onnx.ModelProto:
    return onnx.load(small_artifact / "step.onnx")


def test_the_state_never_goes_through_float16_on_its_way(step: onnx.ModelProto) -> None:
    half = to_float16(step, always_float32(step))
    infos = {name: info.type.tensor_type for name, info in value_infos(half).items()}
    vectors = {name for name, info in infos.items() if len(info.shape.dim) <= 2}
    reached = {"state", "learning_rate"}
    for node in half.graph.node:  # in topological order: whatever depends on the two before a network begins
        if reached.intersection(node.input) and vectors.issuperset(node.output) and node.op_type != "Cast":
            reached.update(node.output)
    assert "next_state" in reached
    assert {infos[name].elem_type for name in reached} <= {onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL}


def test_the_update_is_computed_in_float32(step: onnx.ModelProto) -> None:
    """From the networks' end to the next state a gradient may be handed on in half precision, but not changed."""
    half = to_float16(step, always_float32(step))
    produced = {name: node for node in half.graph.node for name in node.output}
    infos = {name: info.type.tensor_type for name, info in value_infos(half).items()}
    seen, todo = set(), ["next_state"]
    while todo:
        name = todo.pop()
        if name in produced and name not in seen and len(infos[name].shape.dim) <= 2:
            seen.add(name)
            todo += produced[name].input
            if produced[name].op_type not in PASSING | {"Cast"}:
                assert infos[name].elem_type == onnx.TensorProto.FLOAT, name
    assert {"Sub", "Clip", "Softmax"} <= {produced[name].op_type for name in seen}


def test_losses_are_float32_and_networks_are_not(step: onnx.ModelProto) -> None:
    kept = set(always_float32(step))
    operators = Counter((node.op_type, node.name in kept) for node in step.graph.node)
    for operator in ("Sqrt", "ReduceMean", "Abs", "Sign"):
        assert operators[operator, True] and not operators[operator, False], operator
    for operator in ("Conv", "ConvTranspose", "MaxPool"):
        assert operators[operator, False] and not operators[operator, True], operator


def test_nodes_that_pass_on_a_float32_value_are_float32(step: onnx.ModelProto) -> None:
    """Else a maximum would be looked for among rounded values and not be found: pooling compares with its input."""
    by_name = {node.name: node for node in step.graph.node}
    pool = next(node for node in step.graph.node if node.op_type == "MaxPool")
    producer = next(node for node in step.graph.node if pool.input[0] in node.output)
    before = set(always_float32(step))
    more = set(always_float32(step, (producer.name,))) - before
    while producer.op_type in PASSING:
        producer = next(node for node in step.graph.node if producer.input[0] in node.output)
        more = set(always_float32(step, (producer.name,))) - before
    assert {"MaxPool", "Equal", "Slice"} <= {by_name[name].op_type for name in more}


def test_only_computing_nodes_are_candidates(step: onnx.ModelProto) -> None:
    kept = always_float32(step)
    names = computing_nodes(step, kept)
    found = {node.op_type for node in step.graph.node if node.name in names}
    assert LAYERS & found and not PASSING & found
    assert not set(kept) & set(names)
