"""The networks on a card compute the same face as on the processor."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment.sample_faces import Faces  # noqa: E402
from f2p_deploy.artifact.parity import compare  # noqa: E402
from f2p_deploy.export.export_graphs import ExportGraph, exportable_graphs  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402


def on_card(graph: ExportGraph, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    module = graph.module.cuda()
    try:
        with torch.no_grad():
            outputs = module(*(torch.from_numpy(inputs[spec.name]).cuda() for spec in graph.inputs))
    finally:
        graph.module.cpu()
    outputs = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    return {spec.name: value.cpu().numpy() for spec, value in zip(graph.outputs, outputs, strict=True)}


def test_float32_floors(small_bundle: Bundle, small_faces: Faces, full_float32: None) -> None:
    count = len(small_faces.names)
    graphs = {graph.name: graph for graph in exportable_graphs(small_bundle, batch=count)}
    inputs = {"face": small_faces.images}
    inputs["parameters"] = graphs["one_shot"].compute(inputs)["parameters"]
    inputs["state"], inputs["learning_rate"] = inputs["parameters"], np.ones(1, np.float32)
    inputs |= graphs["describe"].compute(inputs)
    for name, graph in graphs.items():
        expected, found = graph.compute(inputs), on_card(graph, inputs)
        for record in compare(name, expected, found, small_faces.names, "fp32", small_bundle.schema, inputs):
            assert record.passed, record.sentence()
