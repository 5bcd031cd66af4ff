"""The layers of LiteRT's files that take 4 bits."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")
torch = pytest.importorskip("torch")

from f2p_deploy.artifact.manifest import TensorSpec  # noqa: E402
from f2p_deploy.character.schema import load_schema  # noqa: E402
from f2p_deploy.export.export_graphs import ExportGraph  # noqa: E402
from f2p_deploy.export.palette.litert_bits import outputs_in_4_bits, round_layer  # noqa: E402
from f2p_deploy.export.samples import Samples  # noqa: E402
from f2p_deploy.export.source import Trial  # noqa: E402
from f2p_deploy.system.progress import silent  # noqa: E402
from tests.export.litert_files import dense_model  # noqa: E402


def test_a_weight_is_rounded_in_equal_steps_for_each_channel() -> None:
    weight = np.random.default_rng(0).normal(size=(5, 3, 3, 4)).astype(np.float32)
    weight[1] *= 100
    weight[2] = 0
    coarse, fine = round_layer(weight, 4), round_layer(weight, 8)
    assert coarse.download_size == 5 * 36 // 2 + 20 and fine.download_size == 5 * 36 + 20
    assert 0 < fine.error < coarse.error / 100
    assert all(len(np.unique(channel)) <= 15 for channel in coarse.values) and not coarse.values[2].any()
    np.testing.assert_allclose(np.abs(coarse.values).max(axis=(1, 2, 3)), np.abs(weight).max(axis=(1, 2, 3)), rtol=1e-6)


def chosen_of(file: Path, signs: np.ndarray, possible: bool = True) -> list[str]:
    """Return the layers that take 4 bits of a delicate matrix product and one of signs, which 4 bits hold exactly."""
    random = np.random.default_rng(0)
    inputs = signs.shape[1]
    delicate = random.normal(size=(inputs, inputs)).astype(np.float32)
    delicate[:, 0] *= 30  # one large weight leaves the others of its channel few steps
    file.write_bytes(dense_model(delicate, signs))
    faces = random.normal(size=(16, inputs)).astype(np.float32)
    faces[:, 0] = 0
    shapes = {"face": (1, inputs), "classes": (1, len(signs))}
    specs = [(TensorSpec(name, "float32", shape, ""),) for name, shape in shapes.items()]
    reference = faces @ delicate.T @ signs.T * (1 if possible else -1)
    samples = Samples(tuple(f"face {k}" for k in range(16)), {"face": faces}, {"classes": reference})
    trial = Trial(samples, load_schema("makehuman-female"))
    return outputs_in_4_bits(file, ExportGraph("segment", torch.nn.Identity(), *specs), trial, silent)


def random_signs(outputs: int, inputs: int) -> np.ndarray:
    return np.sign(np.random.default_rng(1).normal(size=(outputs, inputs))).astype(np.float32)


def test_only_layers_that_can_spare_them_lose_bits(tmp_path: Path) -> None:
    assert chosen_of(tmp_path / "segment.tflite", random_signs(32, 32)) == ["layer_1"]


def test_where_nothing_passes_only_exact_layers_lose_bits(tmp_path: Path) -> None:
    assert chosen_of(tmp_path / "segment.tflite", random_signs(32, 32), possible=False) == ["layer_1"]


def test_a_graph_that_would_gain_little_keeps_8_bits(tmp_path: Path) -> None:
    assert chosen_of(tmp_path / "segment.tflite", random_signs(8, 64)) == []
