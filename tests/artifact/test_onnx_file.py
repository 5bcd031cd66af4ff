"""The contents of ONNX files, and the refusal of other files."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.system.errors import InputError

onnx = pytest.importorskip("onnx")
from onnx import ModelProto, TensorProto, helper, numpy_helper  # noqa: E402

from f2p_deploy.artifact import onnx_file  # noqa: E402


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model y = relu(x W + b) in float16 with float32 inputs; W is in a file beside it."""
    weights = [
        numpy_helper.from_array(np.ones((300, 4), np.float16), "w"),
        numpy_helper.from_array(np.zeros(4, np.float32), "b"),
    ]
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
        helper.make_node("MatMul", ["h", "w"], ["m"]),
        helper.make_node("Cast", ["m"], ["c"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["c", "b"], ["a"]),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 300])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 4])
    path = tmp_path / "model.onnx"
    made = helper.make_model(helper.make_graph(nodes, "g", [x], [y], weights))
    onnx.save(made, path, save_as_external_data=True, location="weights.bin", size_threshold=100)
    return path


def test_the_contents(model: Path) -> None:
    read = onnx_file.read_structure(model)
    assert onnx_file.operators(read) == {"Cast": 2, "MatMul": 1, "Add": 1, "Relu": 1}
    assert onnx_file.precision_of(read) == "fp16"
    assert onnx_file.weights(read) == {
        "float16": {"tensors": 1, "values": 1200, "bytes": 2400},
        "float32": {"tensors": 1, "values": 4, "bytes": 16},
    }
    assert onnx_file.external_files(read) == ("weights.bin",)
    assert onnx_file.tensors(read) == {
        "inputs": [{"name": "x", "dtype": "float32", "shape": [1, 300]}],
        "outputs": [{"name": "y", "dtype": "float32", "shape": ["rows", 4]}],
    }


@pytest.mark.parametrize("outside", [False, True])
def test_equal_weights_count_once(tmp_path: Path, outside: bool) -> None:
    from f2p_deploy.export.onnx.onnx_weights import save_sharing_weights

    values = np.arange(1200, dtype=np.float32)
    stored = [numpy_helper.from_array(values.reshape(shape), name) for name, shape in (("a", 1200), ("b", 1200))]
    stored.append(numpy_helper.from_array(values + 1, "c"))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1200])
    graph = helper.make_graph([helper.make_node("Sum", ["x", "a", "b", "c"], ["y"])], "g", [x], [x], stored)
    graph.output[0].name = "y"
    made = helper.make_model(graph)
    if outside:
        save_sharing_weights({"model": made}, tmp_path)
        made = onnx_file.read_structure(tmp_path / "model.onnx")
    assert onnx_file.weights(made) == {"float32": {"tensors": 2, "values": 2400, "bytes": 9600}}


def test_layers_whose_weights_are_8_bit_numbers() -> None:
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s"], ["w"], axis=0),
        helper.make_node("Gemm", ["x", "w"], ["m"], name="rounded", transB=1),
        helper.make_node("MatMul", ["m", "v"], ["y"], name="whole"),
    ]
    weights = [
        numpy_helper.from_array(np.ones((4, 3), np.int8), "q"),
        numpy_helper.from_array(np.ones(4, np.float32), "s"),
        numpy_helper.from_array(np.ones((4, 4), np.float32), "v"),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n]) for name, n in (("x", 3), ("y", 4)))
    made = helper.make_model(helper.make_graph(nodes, "g", [x], [y], weights))
    assert onnx_file.layers_in_8_bits(made) == ("rounded",) and onnx_file.precision_of(made) == "int8"
    del made.graph.node[:2]
    assert onnx_file.layers_in_8_bits(made) == () and onnx_file.precision_of(made) == "fp32"


def test_weights_that_are_only_stored_in_float16() -> None:
    """A float16 weight that only a cast to float32 reads counts as float32, the type it is computed in."""

    def model(widened: bool, read_too: bool) -> ModelProto:
        to = TensorProto.FLOAT if widened else TensorProto.FLOAT16
        nodes = [helper.make_node("Cast", ["w"], ["v"], to=to), helper.make_node("MatMul", ["x", "v"], ["y"])]
        nodes += [helper.make_node("Identity", ["w"], ["z"])] if read_too else []
        weight = numpy_helper.from_array(np.ones((4, 4), np.float16), "w")
        return helper.make_model(helper.make_graph(nodes, "g", [], [], [weight]))

    assert onnx_file.stored_in_float16(model(True, False)) == {"w"}
    assert onnx_file.precision_of(model(True, False)) == "fp32"
    for others in (model(False, False), model(True, True)):
        assert not onnx_file.stored_in_float16(others) and onnx_file.precision_of(others) == "fp16"


def test_weights_beside_the_file_are_not_needed(model: Path) -> None:
    (model.parent / "weights.bin").unlink()
    assert onnx_file.weights(onnx_file.read_structure(model))["float16"]["values"] == 1200


@pytest.mark.parametrize("content", [b"", b"a photo, perhaps", b"\x08\x07", bytes(range(256))])
def test_what_is_not_onnx(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="thing.onnx is not ONNX"):
        onnx_file.read_structure(path)


def test_a_file_cut_short(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-30])
    with pytest.raises(InputError, match="is not ONNX"):
        onnx_file.read_structure(model)
