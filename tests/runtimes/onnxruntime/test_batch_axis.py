"""A batch axis for graphs: kept where batches compute the same as single samples, refused with the reason elsewhere."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact, GraphEntry, TensorSpec
from f2p_deploy.artifact.golden import GoldenSamples, samples_of
from f2p_deploy.character.schema import Schema, load_schema
from f2p_deploy.embed import default_onnx_artifact
from f2p_deploy.runtimes.onnxruntime.batch_axis import (
    gains_from_batches,
    made_up_samples,
    why_not_batched,
    with_batch_axis,
)
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

onnx = pytest.importorskip("onnx")

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


def reason_of(artifact: Artifact, graph: str) -> str:
    entry = artifact.manifest.graphs[graph]
    single = onnx.load(artifact.path(graph))
    samples = samples_of(artifact, artifact.golden(), graph)
    schema = Schema.from_dict(artifact.manifest.schema, "test")
    return why_not_batched(graph, single, with_batch_axis(single, entry), entry, samples, "fp32", schema)


def test_each_sample_of_a_step_brings_its_own_locks() -> None:
    artifact = default_onnx_artifact()
    assert reason_of(artifact, "step") == ""
    entry = artifact.manifest.graphs["step"]
    batched = with_batch_axis(onnx.load(artifact.path("step")), entry)
    inputs = {tensor.name: tensor.type.tensor_type.shape.dim for tensor in batched.graph.input}
    assert inputs["locked"][0].dim_param == "batch" and inputs["locked"][1].dim_value == 215
    given = samples_of(artifact, artifact.golden(), "step").inputs
    tensors = {name: np.repeat(given[name][None] if name in entry.shared else given[name][:1], 2, 0) for name in given}
    tensors["locked"][0], tensors["locked"][1] = 1, 0
    moved = open_session(batched.SerializeToString(), threads=1).run(["next_state"], tensors)[0]
    assert np.array_equal(moved[0], tensors["state"][0]) and not np.array_equal(moved[1], tensors["state"][1])


def test_reshapes_that_write_the_batch_size_down_are_kept_open(served_artifact: Artifact) -> None:
    single = onnx.load(served_artifact.path("one_shot"))
    targets = [node.input[1] for node in single.graph.node if node.op_type == "Reshape"]
    constants = {weight.name: onnx.numpy_helper.to_array(weight) for weight in single.graph.initializer}
    assert any(constants[name][0] == 1 for name in targets if name in constants)
    assert reason_of(served_artifact, "one_shot") == ""


def test_a_batch_size_inside_is_found(served_artifact: Artifact) -> None:
    assert reason_of(served_artifact, "step") == (
        "ONNX Runtime does not run a batch of 3: the batch size is written inside"
    )


def toy(*nodes: "NodeProto") -> tuple["ModelProto", GraphEntry, GoldenSamples]:
    """A graph `render` from `parameters` (1, 12) to `image` (1, 3, 2, 2), made of nodes that end in `flat`."""
    value = onnx.helper.make_tensor_value_info
    shape = onnx.numpy_helper.from_array(np.array([1, 3, 2, 2]), "shape")
    graph = onnx.helper.make_graph(
        [*nodes, onnx.helper.make_node("Reshape", ["flat", "shape"], ["image"])],
        "render",
        [value("parameters", onnx.TensorProto.FLOAT, [1, 12])],
        [value("image", onnx.TensorProto.FLOAT, [1, 3, 2, 2])],
        [shape, onnx.numpy_helper.from_array(np.array([0]), "axes")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)
    entry = GraphEntry(
        "render.onnx",
        (TensorSpec("parameters", "float32", (1, 12), ""),),
        (TensorSpec("image", "float32", (1, 3, 2, 2), ""),),
        "fp32",
        "fp32",
    )
    parameters = np.random.default_rng(0).random((4, 12), np.float32)
    return model, entry, GoldenSamples(("a", "b", "c", "d"), {"parameters": parameters}, {})


def toy_reason(*nodes: "NodeProto") -> str:
    model, entry, samples = toy(*nodes)
    batched = with_batch_axis(model, entry)
    return why_not_batched("render", model, batched, entry, samples, "fp32", load_schema("justice-female"))


def test_samples_that_influence_one_another_are_found() -> None:
    node = onnx.helper.make_node
    assert toy_reason(node("Relu", ["parameters"], ["flat"])) == ""
    mean = node("ReduceMean", ["parameters", "axes"], ["mean"])
    leak = toy_reason(mean, node("Mul", ["parameters", "mean"], ["flat"]))
    assert leak.startswith("a batch of 3 differs from single samples: render: PSNR dB of image is ")


def test_outputs_of_another_shape_are_found() -> None:
    node = onnx.helper.make_node
    mean = node("ReduceMean", ["parameters", "axes"], ["flat"])
    assert toy_reason(mean) == "a batch of 3 has outputs of another shape"


def test_a_graph_that_cannot_be_loaded_is_no_error() -> None:
    model, entry, samples = toy(onnx.helper.make_node("Relu", ["parameters"], ["flat"]))
    broken = with_batch_axis(model, entry)
    broken.graph.node[0].op_type = "NoSuchOperator"
    schema = load_schema("justice-female")
    reason = why_not_batched("render", model, broken, entry, samples, "fp32", schema)
    assert reason == "ONNX Runtime does not load it with a batch axis"


def test_the_single_model_is_not_changed() -> None:
    model, entry, _ = toy(onnx.helper.make_node("Relu", ["parameters"], ["flat"]))
    before = model.SerializeToString()
    with_batch_axis(model, replace(entry))
    assert model.SerializeToString() == before


def test_only_matrix_products_gain_from_batches(served_artifact: Artifact) -> None:
    demo = default_onnx_artifact()
    models = {name: onnx.load(demo.path(name), load_external_data=False) for name in demo.manifest.graphs}
    gains = {name: gains_from_batches(model) for name, model in models.items()}
    assert gains == {"one_shot": False, "describe": False, "render": False, "step": True, "segment": False}
    assert not gains_from_batches(onnx.load(served_artifact.path("step"), load_external_data=False))


def test_made_up_samples_find_a_graph_that_mixes_its_samples() -> None:
    artifact = default_onnx_artifact()
    entry = artifact.manifest.graphs["step"]
    single = onnx.load(artifact.path("step"))
    batched, samples = with_batch_axis(single, entry), made_up_samples(entry)
    assert why_not_batched("step", single, batched, entry, samples, "fp32") == ""
    for node in batched.graph.node:
        if "next_state" in node.output:
            node.output[list(node.output).index("next_state")] = "own"
    batched.graph.node.append(onnx.helper.make_node("CumSum", ["own", "axis"], ["next_state"]))
    batched.graph.initializer.append(onnx.numpy_helper.from_array(np.array(0), "axis"))
    assert "differs from single samples by" in why_not_batched("step", single, batched, entry, samples, "fp32")
