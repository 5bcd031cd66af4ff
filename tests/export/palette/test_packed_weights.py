"""Packed weights: ONNX Runtime computes exactly the rounded ones, with no node left for each call."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx import checker, numpy_helper  # noqa: E402

from f2p_deploy.artifact.onnx_file import precision_of  # noqa: E402
from f2p_deploy.export.palette.layer_weights import layer_weights  # noqa: E402
from f2p_deploy.export.palette.packed_weights import with_packed_weights  # noqa: E402
from f2p_deploy.export.palette.planes import PLANES  # noqa: E402
from f2p_deploy.export.palette.rounding import round_weight  # noqa: E402
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session  # noqa: E402
from tests.export.palette.test_layer_weights import model_of  # noqa: E402


@pytest.mark.parametrize("bits", list(PLANES))
@pytest.mark.parametrize(
    ("kind", "dims", "attributes", "shape"),
    [
        ("Conv", (32, 16, 3, 3), {}, (1, 16, 8, 8)),
        ("ConvTranspose", (64, 16, 4, 4), {}, (1, 64, 4, 4)),
        ("Gemm", (64, 128), {"transB": 1}, (2, 128)),
        ("MatMul", (64, 128), {}, (2, 64)),
        ("Gemm", (65, 67), {"transB": 1}, (2, 67)),
    ],
)
def test_onnx_runtime_computes_the_rounded_weights(
    kind: str, dims: tuple[int, ...], attributes: dict[str, int], shape: tuple[int, ...], bits: int, tmp_path: Path
) -> None:
    model = model_of(kind, dims, **attributes)
    (weight,) = layer_weights(model)
    rounded = round_weight(weight, bits, None, False)
    packed = with_packed_weights(model, {weight.key: rounded})
    checker.check_model(packed, full_check=True)
    assert precision_of(packed) == "int4" and precision_of(model) == "fp32"
    stored = sum(numpy_helper.to_array(one).nbytes for one in packed.graph.initializer)
    assert stored < rounded.size + 160
    plain = type(model)()
    plain.CopyFrom(model)
    plain.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight.restored(rounded.matrix()), "w"))
    value = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found, expected = (open_session(one.SerializeToString()).run(None, {"x": value})[0] for one in (packed, plain))
    assert np.array_equal(found, expected)


def test_arrays_of_zeros_are_stored_by_the_others() -> None:
    model = model_of("MatMul", (64, 128))
    values = np.zeros((64, 128), np.float32)
    values[np.arange(64), np.arange(64) * 2] = np.random.default_rng(0).normal(size=64)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(values, "w"))
    packed = with_packed_weights(model, {})
    assert sum(numpy_helper.to_array(one).nbytes for one in packed.graph.initializer) < 1500
    value = np.random.default_rng(0).normal(size=(2, 64)).astype(np.float32)
    found, expected = (open_session(one.SerializeToString()).run(None, {"x": value})[0] for one in (packed, model))
    assert np.array_equal(found, expected)


def test_weights_without_a_rounding_stay() -> None:
    model = model_of("MatMul", (64, 128))
    assert with_packed_weights(model, {}) == model


@pytest.mark.parametrize("bits", list(PLANES))
def test_openvino_computes_the_rounded_weights(bits: int) -> None:
    """OpenVINO 2026.4 shifts the codes of a matrix product by a division that it rounds."""
    openvino = pytest.importorskip("openvino")
    model = model_of("Gemm", (64, 128), transB=1)
    (weight,) = layer_weights(model)
    rounded = round_weight(weight, bits, None, False)
    packed = with_packed_weights(model, {weight.key: rounded})
    value = np.random.default_rng(0).normal(size=(1, 128)).astype(np.float32)
    core, exact = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(packed.SerializeToString()), "CPU", exact)
    expected = value @ rounded.matrix().T
    assert np.abs(compiled([value])[0] - expected).max() < 1e-4
