"""A graph in 8 bits: the layer that quantisation ruins is found and stays float, and no other does."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.artifact.onnx_file import layers_in_8_bits
from f2p_deploy.character.schema import Controller, Schema
from f2p_deploy.export.calibration.inputs import CalibrationInputs
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.int8.convert_int8 import FOR_PROCESSORS, FOR_TENSORRT, Int8Layer
from f2p_deploy.export.int8.int8_graph import Int8Graph, _fewest, dearest_first, in_batches, int8_graph
from f2p_deploy.export.int8.int8_report import LayerCost
from f2p_deploy.export.onnx.convert_onnx import to_onnx
from f2p_deploy.export.samples import Samples

CHANNELS = 16
LAYERS = 5
SCHEMA = Schema("toy", tuple(Controller(f"a.t{i}", "a") for i in range(CHANNELS)))


class Drawing(nn.Module):
    """Five layers from parameters to a picture; one may hold a number that makes all others too small for 8 bits."""

    def __init__(self, ruined: int | None) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layers = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1) for _ in range(LAYERS))
        self.output = nn.Conv2d(CHANNELS, 3, 1)
        for layer in self.layers:
            layer.weight.data.normal_(0.0, (2.0 / (9 * CHANNELS)) ** 0.5)
        if ruined is not None:  # one channel thirty thousand times as large, and only just heard by the next layer
            before = self.layers[ruined - 1]
            before.weight.data[0] *= 30000.0
            before.bias.data[0] *= 30000.0
            self.layers[ruined].weight.data[:, 0] /= 30000.0

    def forward(self, parameters: torch.Tensor) -> torch.Tensor:
        grid = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
        x = parameters[:, :, None, None] * grid
        for layer in self.layers:
            x = layer(x).relu()
        return self.output(x).sigmoid()


def exported(ruined: int | None, batch: int = 1) -> tuple[ExportGraph, onnx.ModelProto, CalibrationInputs, Samples]:
    given = TensorSpec("parameters", "float32", (batch, CHANNELS), "")
    image = TensorSpec("image", "float32", (batch, 3, 8, 8), "")
    graph = ExportGraph("render", Drawing(ruined).eval(), (given,), (image,))
    rows = np.random.default_rng(0).random((46, CHANNELS), np.float32)
    inputs = CalibrationInputs({"parameters": rows[:31]}, {"parameters": rows[31:42]})
    images = np.concatenate([graph.compute(part)["image"] for part in in_batches({"parameters": rows[42:]}, batch)])
    samples = Samples(tuple("abcd"), {"parameters": rows[42:]}, {"image": images[:4]})
    return graph, to_onnx(graph, samples.first_batch(batch)), inputs, samples


def convert(ruined: int | None, scheme=FOR_PROCESSORS, batch: int = 1, **other) -> tuple[onnx.ModelProto, Int8Graph]:  # noqa: ANN001, ANN003
    graph, model, inputs, samples = exported(ruined, batch)
    return model, int8_graph(graph, model, scheme, inputs, samples, SCHEMA, lambda stage, *_: None, **other)


@pytest.mark.parametrize("batch", [1, 4])
def test_all_layers_compute_in_8_bits_where_nothing_is_lost(batch: int) -> None:
    model, made = convert(None, batch=batch)
    report = made.report
    assert len(report.layers) == LAYERS, "the one with three channels has no kernel"
    assert report.quantised == layers_in_8_bits(made.model) and len(report.quantised) == LAYERS and report.kept == ()
    assert report.method == min(report.errors, key=lambda name: report.errors[name]) and len(report.errors) == 4
    assert report.curve[0].share < 1 and report.curve[-1].layers == 0
    assert all(point.ms and point.ms > 0 for point in report.curve)
    assert (report.measured, report.judged) == (31, 11)
    assert report.curve[0].weight_bytes * 4 == report.curve[-1].weight_bytes == 4 * LAYERS * 9 * CHANNELS**2
    assert model.graph.node[0].op_type != "QuantizeLinear", "the given model stays as it was"


@pytest.mark.parametrize("ruined", [1, 3])
def test_a_layer_that_8_bits_ruin_is_found_and_stays_float(ruined: int) -> None:
    model, made = convert(ruined)
    names = [node.name for node in model.graph.node if node.op_type == "Conv"]
    worst = max(made.report.layers, key=lambda layer: layer.share)
    pair = set(names[ruined - 1 : ruined + 1])  # one gives the numbers that cannot be told apart, the other reads them
    assert worst.name in pair and worst.share > 1
    assert made.report.kept and set(made.report.kept) <= pair
    assert made.report.curve[0].share > 1, "with all layers a floor is missed"
    chosen = next(point for point in made.report.curve if point.layers == len(made.report.quantised))
    assert chosen.share <= 1


def test_the_same_inputs_make_the_same_graph() -> None:
    first, again = (convert(3)[1].model.SerializeToString(deterministic=True) for _ in range(2))
    assert first == again


def test_without_allowed_layers_the_graph_is_unchanged() -> None:
    graph, model, inputs, samples = exported(None)
    wrong = Samples(samples.names, samples.inputs, {"image": 1 - samples.reference["image"]})
    made = int8_graph(graph, model, FOR_PROCESSORS, inputs, wrong, SCHEMA, lambda stage, *_: None)
    assert made.model is model and made.report.quantised == ()


def test_the_rounding_of_another_compiler_is_judged_and_not_timed() -> None:
    seen = []

    def as_built(whole: onnx.ModelProto) -> onnx.ModelProto:
        seen.append(whole)
        return whole

    _, made = convert(None, FOR_TENSORRT, as_built=as_built)
    assert len(seen) > LAYERS
    assert all(point.ms is None for point in made.report.curve)
    assert all(layer.int8_ms is None for layer in made.report.layers)


@pytest.mark.parametrize("needed", [0, 1, 2, 5, 17, 40, 83])
def test_the_fewest_layers_are_found_and_the_curve_is_whole(needed: int) -> None:
    asked: list[int] = []

    def holds(number: int) -> bool:
        asked.append(number)
        return number >= needed

    assert _fewest(83, holds) == needed
    assert len(asked) == len(set(asked)) < 25 and {0, 1, 2, 3, 4, 9, 30} <= set(asked) and 83 not in asked


def test_layers_that_cost_much_and_save_little_come_first() -> None:
    def layer(name: str, weights: int, multiplications: int) -> Int8Layer:
        return Int8Layer(name, "Conv", "x", "y", weights, multiplications, True)

    def cost(name: str, error: float) -> LayerCost:
        return LayerCost(name, "Conv", 0, 0, error, 0.0, {}, 0)

    layers = [layer("large", 900, 900), layer("small", 50, 50), layer("cheap", 50, 50)]
    costs = [cost("large", 0.5), cost("small", 0.1), cost("cheap", 0.001)]
    assert [found.name for found in dearest_first(layers, costs)] == ["small", "large", "cheap"]
