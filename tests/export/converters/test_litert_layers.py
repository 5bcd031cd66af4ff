"""The layers of LiteRT's files, read back from small ones."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")

from f2p_deploy.export.converters.litert_layers import (  # noqa: E402
    Layer,
    constant_bytes,
    read_model,
    small_layers,
    weight_facts,
    weighted_layers,
)
from tests.export.litert_files import dense_model  # noqa: E402


@pytest.mark.parametrize("stored", [np.float32, np.float16])
def test_layers_are_read_with_their_weights(tmp_path: Path, stored: type) -> None:
    file = tmp_path / "two.tflite"
    file.write_bytes(dense_model(np.ones((8, 4)), np.ones((2, 8)), stored=stored))
    model = read_model(file)
    layers = weighted_layers(model)
    assert [(layer.operation, layer.output, layer.shape) for layer in layers] == [
        ("FULLY_CONNECTED", "layer_0", (8, 4)),
        ("FULLY_CONNECTED", "layer_1", (2, 8)),
    ]
    assert [layer.size for layer in layers] == [32, 16]
    assert {layer.kind for layer in layers} == {stored.__name__.upper()}
    sizes = {"int4": 0, "int8": 0, "float16": 0, "float32": 0, stored.__name__: np.dtype(stored).itemsize * 48}
    assert constant_bytes(model) == sizes
    assert weight_facts(file)["quantised"] == 0 and weight_facts(file)["of"] == 2


def test_small_layers_keep_16_bits() -> None:
    def layer(operation: str, size: int, buffer: int) -> Layer:
        return Layer(operation, f"output {buffer}", buffer, (size, 1), "FLOAT32")

    product, wide = layer("FULLY_CONNECTED", 250, 1), layer("FULLY_CONNECTED", 251, 2)
    first, later = layer("CONV_2D", 24, 3), layer("CONV_2D", 9475, 4)
    assert small_layers([product, wide, first, later]) == [product, first]
    assert small_layers([product]) == []  # the only layer of a graph is none that little would be lost with
    again = product._replace(output="the mirrored picture's")
    assert small_layers([product, again, wide, first, later]) == [product, again, first]
