"""The files of the ONNX targets: their content, and the precision read back from them."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.artifact.onnx_file import precision_of
from f2p_deploy.export import Faces, export_bundle
from f2p_deploy.export.export_graphs import exportable_graphs
from f2p_deploy.export.float16.keep_float32 import LAYERS
from f2p_deploy.export.onnx.onnx_weights import WEIGHTS_FILE
from f2p_deploy.export.source import Source
from f2p_deploy.export.targets import TARGETS
from f2p_deploy.export.targets.target import DEFAULT_OPTIONS, BuildOptions
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import CompilerError, InputError
from f2p_deploy.system.progress import silent


@pytest.fixture(scope="module")
def half(small_bundle: Bundle, small_faces: Faces, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("half") / "artifact"
    return export_bundle(small_bundle, "onnx-fp16", folder, faces=small_faces, trajectories=0)


def test_one_file_a_graph_and_one_of_weights(small_artifact: Path) -> None:
    names = sorted(path.name for path in small_artifact.iterdir())
    graphs = ["describe.onnx", "one_shot.onnx", "render.onnx", "segment.onnx", "step.onnx"]
    assert names == sorted([*graphs, "golden.npz", "manifest.json", WEIGHTS_FILE])
    manifest = read_artifact(small_artifact).manifest
    assert WEIGHTS_FILE in manifest.files
    for graph, entry in manifest.graphs.items():
        model = onnx.load(small_artifact / entry.file)
        assert [tensor.name for tensor in model.graph.input] == [spec.name for spec in entry.inputs], graph
        assert [tensor.name for tensor in model.graph.output] == [spec.name for spec in entry.outputs], graph


def test_step_brings_no_network_weights_of_its_own(small_artifact: Path) -> None:
    places: dict[str, set[str]] = {}
    for path in small_artifact.glob("*.onnx"):
        for weight in onnx.load(path, load_external_data=False).graph.initializer:
            offset = next((entry.value for entry in weight.external_data if entry.key == "offset"), None)
            if offset is not None and len(weight.dims) == 4 and min(weight.dims[:2]) > 1:
                places.setdefault(path.stem, set()).add(offset)
    assert places["step"] and places["step"] <= places["render"] | places["describe"]


def test_half_precision_is_in_the_files(half: Artifact) -> None:
    manifest = half.manifest
    assert manifest.parity_status == "passed"
    assert (manifest.graphs["step"].loss_scale > 1) and manifest.graphs["describe"].loss_scale == 1
    for graph, entry in manifest.graphs.items():
        assert (entry.precision_asked, entry.precision_found) == ("fp16", "fp16")
        model = onnx.load(half.path(graph))
        onnx.checker.check_model(half.path(graph), full_check=True)
        assert precision_of(model, entry.kept_float32) == "fp16"
        for tensor in (*model.graph.input, *model.graph.output):
            assert tensor.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        types = {w.name: w.data_type for w in model.graph.initializer}
        heavy = [node for node in model.graph.node if node.op_type in LAYERS and node.name not in entry.kept_float32]
        assert heavy and all(types[node.input[1]] == onnx.TensorProto.FLOAT16 for node in heavy)
        assert set(entry.kept_float32) <= {node.name for node in model.graph.node}


def test_half_precision_halves_the_weights(half: Artifact, small_artifact: Path) -> None:
    share = half.manifest.files[WEIGHTS_FILE].size / read_artifact(small_artifact).manifest.files[WEIGHTS_FILE].size
    assert 0.45 < share < 0.6


def test_another_precision_than_asked_for_is_an_error(small_bundle: Bundle, half: Artifact, tmp_path: Path) -> None:
    graphs = {graph.name: graph for graph in exportable_graphs(small_bundle)}
    kept = half.manifest.graphs["render"].kept_float32
    source = Source(graphs["render"], onnx.load(half.path("render")), "fp16", 1.0, kept)
    with pytest.raises(CompilerError, match="render.onnx should hold fp32 weights, but fp16 was read back"):
        TARGETS["onnx"].build({"render": source}, tmp_path, DEFAULT_OPTIONS, silent)
    weight = next(w for w in source.model.graph.initializer if len(w.dims) == 4)
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight).astype(np.float32), weight.name))
    with pytest.raises(CompilerError, match="should hold fp16 weights, but mixed was read back"):
        TARGETS["onnx-fp16"].build({"render": source}, tmp_path, DEFAULT_OPTIONS, silent)


def test_weights_are_stored_in_words_that_it_knows() -> None:
    with pytest.raises(InputError, match="--weights takes float32, float16, found 'float61'. Did you mean 'float16'"):
        TARGETS["onnx"].toolchain(BuildOptions(weights="float61"))
    TARGETS["onnx"].require_options(BuildOptions(weights="float16"))
    with pytest.raises(InputError, match="onnx-fp16 does not take --weights, only onnx: leave it out"):
        TARGETS["onnx-fp16"].require_options(BuildOptions(weights="float16"))
