"""The files of the target `onnx`."""

from pathlib import Path

import onnx

from f2p_deploy.artifact import read_artifact


def test_one_file_a_graph_with_its_weights(small_artifact: Path) -> None:
    names = sorted(path.name for path in small_artifact.iterdir())
    assert names == ["describe.onnx", "golden.npz", "manifest.json", "one_shot.onnx", "render.onnx", "step.onnx"]
    for graph, entry in read_artifact(small_artifact).manifest.graphs.items():
        model = onnx.load(small_artifact / entry.file, load_external_data=False)
        assert all(w.data_location != onnx.TensorProto.EXTERNAL for w in model.graph.initializer)
        assert [tensor.name for tensor in model.graph.input] == [spec.name for spec in entry.inputs], graph
        assert [tensor.name for tensor in model.graph.output] == [spec.name for spec in entry.outputs], graph
