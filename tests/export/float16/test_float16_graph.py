"""A graph in float16: nodes stay float32 only where needed, and the search finds those that overflow."""

import numpy as np
import pytest
import torch
from torch import nn

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.artifact.onnx_file import precision_of
from f2p_deploy.character.schema import Controller, Schema
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.float16.float16_graph import half_graph, measure
from f2p_deploy.export.onnx.convert_onnx import to_onnx
from f2p_deploy.export.samples import Samples
from f2p_deploy.runtimes.onnxruntime.rounded import rounded

SCHEMA = Schema("toy", (Controller("a.tx", "a"), Controller("a.ty", "a"), Controller("a.tz", "a")))


class Drawing(nn.Module):
    """Eight layers from three parameters to a picture; one of them gives numbers that only float32 has."""

    def __init__(self, overflowing: int | None) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(8))
        for position, layer in enumerate(self.layers):
            layer.weight.data.uniform_(0.3, 0.5)
            if overflowing is not None and position in (overflowing, overflowing + 1):
                layer.weight.data *= 1.3e5 if position == overflowing else 1 / 1.3e5

    def forward(self, parameters: torch.Tensor) -> torch.Tensor:
        x = parameters[:, :, None, None].expand(-1, 3, 8, 8)
        for layer in self.layers:
            x = layer(x).relu()
        return x.sigmoid()


def exported(overflowing: int | None) -> tuple[ExportGraph, object, Samples]:
    given, image = (
        TensorSpec(name, "float32", (1, 3, *size), "") for name, size in (("parameters", ()), ("image", (8, 8)))
    )
    graph = ExportGraph("render", Drawing(overflowing).eval(), (given,), (image,))
    inputs = np.random.default_rng(0).random((4, 3), np.float32)
    outputs = np.concatenate([graph.compute({"parameters": row[None]})["image"] for row in inputs])
    samples = Samples(tuple("abcd"), {"parameters": inputs}, {"image": outputs})
    return graph, to_onnx(graph, samples.first_batch(1)), samples


@pytest.mark.parametrize("overflowing", [0, 3, 6])
def test_an_overflowing_layer_is_found_and_kept(overflowing: int) -> None:
    graph, model, samples = exported(overflowing)
    lines: list[str] = []
    half = half_graph(graph, model, samples, SCHEMA, lines.append)
    layers = [node.name for node in model.graph.node if node.op_type == "Conv"]
    assert half.proposed == (layers[overflowing], layers[overflowing + 1]), "its numbers must also reach the next one"
    assert set(half.proposed) <= set(half.kept_float32)
    assert all(record.passed for record in measure(graph, rounded(half.model), samples, SCHEMA))
    assert precision_of(half.model, half.kept_float32) == "fp16" and precision_of(half.model) == "mixed"
    assert "misses a floor (PSNR dB" in lines[0]
    assert lines[1] == f"render: 2 of 9 nodes stay float32: {', '.join(half.proposed)}"


def test_nothing_is_kept_where_nothing_overflows() -> None:
    graph, model, samples = exported(None)
    lines: list[str] = []
    half = half_graph(graph, model, samples, SCHEMA, lines.append)
    assert half.proposed == () and lines == []
    assert {node.op_type for node in model.graph.node if node.name in half.kept_float32} <= {"Unsqueeze", "Expand"}


def test_a_floor_that_float32_misses_as_well_is_left_to_parity() -> None:
    graph, model, samples = exported(None)
    wrong = Samples(samples.names, samples.inputs, {"image": samples.reference["image"] * np.float32(0.5)})
    lines: list[str] = []
    half = half_graph(graph, model, wrong, SCHEMA, lines.append)
    assert half.proposed == () and lines[-1] == "render: no choice of float32 nodes meets the floor"
