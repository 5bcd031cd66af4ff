"""Weights of few bits in Core ML packages: those that were chosen, read back and computed from the saved file."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("coremltools")
pytest.importorskip("onnxsim")

from f2p_deploy.artifact.coreml_file import contents_of, package_precision  # noqa: E402
from f2p_deploy.character.parameters import random_batch  # noqa: E402
from f2p_deploy.export.coreml.convert_coreml import to_coreml  # noqa: E402
from f2p_deploy.export.export_graphs import exportable_graphs  # noqa: E402
from f2p_deploy.export.onnx.convert_onnx import to_onnx  # noqa: E402
from f2p_deploy.export.palette.coding import CORE_ML_17, CORE_ML_18, Coding  # noqa: E402
from f2p_deploy.export.palette.layer_weights import layer_weights  # noqa: E402
from f2p_deploy.export.palette.packed_weights import with_packed_weights  # noqa: E402
from f2p_deploy.export.palette.rounded_layers import RoundedLayer  # noqa: E402
from f2p_deploy.export.palette.rounding import round_weight  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.runtimes.coreml.coreml_runtime import core_ml_inputs, core_ml_outputs  # noqa: E402
from f2p_deploy.runtimes.coreml.mil.program import Program  # noqa: E402
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session  # noqa: E402
from f2p_deploy.system.errors import CompilerError  # noqa: E402


@pytest.mark.parametrize(("coding", "ios"), [(CORE_ML_17, "17"), (CORE_ML_18, "18")])
def test_a_package_computes_with_the_weights_that_were_chosen(
    small_bundle: Bundle, tmp_path: Path, coding: Coding, ios: str
) -> None:
    graph = next(graph for graph in exportable_graphs(small_bundle) if graph.name == "render")
    example = {"parameters": random_batch(small_bundle.schema, 1, 0)}
    model = to_onnx(graph, example, 1.0)
    weights = layer_weights(model)
    # Coarse enough that any other rounding shows: 4 bits, 3 where there are, and 8 and 16 bits for the last layers.
    bits = [coding.palettes[0]] * (len(weights) - 2) + [8, 16]
    chosen = {
        one.key: round_weight(one, count, None, False, coding) for one, count in zip(weights, bits, strict=True)
    }
    layers = [RoundedLayer.of(one, chosen[one.key]) for one in weights]
    path = tmp_path / "render.mlpackage"
    to_coreml(graph, example, path, "int4", ios, 1.0, {}, layers)
    assert package_precision(path)[0] == "int4"
    kinds = contents_of(path, "render")["weights"]
    stored = kinds["int4"]
    assert stored["tensors"] == len(weights) - 2 and kinds["fp16"]["values"] >= layers[-1].weight.size
    assert stored["bytes"] * 8 == coding.palettes[0] * stored["values"]
    found = core_ml_outputs(graph.outputs, Program(path).compute(core_ml_inputs(graph.inputs, example)), path)["image"]
    session = open_session(with_packed_weights(model, chosen).SerializeToString())
    (expected,) = session.run(None, example)
    (exact,) = open_session(model.SerializeToString()).run(None, example)
    assert np.abs(found - expected).mean() < 0.1 * np.abs(found - exact).mean()


def test_a_weight_that_is_not_in_the_model_is_told(small_bundle: Bundle, tmp_path: Path) -> None:
    graph = next(graph for graph in exportable_graphs(small_bundle) if graph.name == "render")
    example = {"parameters": random_batch(small_bundle.schema, 1, 0)}
    weight = layer_weights(to_onnx(graph, example, 1.0))[0]
    layer = RoundedLayer.of(weight, round_weight(weight, 4, None, False, CORE_ML_17))
    other = RoundedLayer(layer.weight + 1.0, layer.codes, layer.values, layer.channels)
    with pytest.raises(CompilerError, match="1 of 1 rounded weights are not in the Core ML model"):
        to_coreml(graph, example, tmp_path / "render.mlpackage", "int4", "17", 1.0, {}, [other])
    assert not list(tmp_path.iterdir())
