"""The base of a stage: its device is that of its networks, and half precision is used where it is faster."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import load_bundle  # noqa: E402
from f2p_deploy.training.data.shortcut_labels import describe_targets  # noqa: E402
from f2p_deploy.training.stage import Stage, half_precision  # noqa: E402
from f2p_deploy.training.train_imitator import ImitatorStage  # noqa: E402
from f2p_deploy.training.train_recognition import RecognitionStage  # noqa: E402
from f2p_deploy.training.train_segmentation import SegmentationStage  # noqa: E402
from f2p_deploy.training.train_shortcut import ShortcutStage  # noqa: E402
from f2p_deploy.training.train_translator import TranslatorStage  # noqa: E402


def test_the_device_is_that_of_the_networks() -> None:
    stage = Stage()
    stage.modules = {"bare": torch.nn.Identity(), "line": torch.nn.Linear(2, 1)}
    assert stage.device == torch.device("cpu") and stage.frozen == {}
    stage.modules["line"].to("meta")
    assert stage.device == torch.device("meta")


def test_half_precision_is_used_where_the_processor_computes_it() -> None:
    line, x = torch.nn.Linear(2, 1), torch.ones(3, 2)
    with half_precision(torch.device("cpu")):
        found = line(x)
    able = bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())
    assert found.dtype == (torch.bfloat16 if able else torch.float32)


@pytest.fixture
def build(disc_bundle, disc_tensors, disc_portraits, fast_bundle, tmp_path: Path) -> Callable[[str], Stage]:
    """The stages by name, on the discs or, for the shortcut, on the bundle that has one; with networks of their own."""
    disc_bundle, fast_bundle = load_bundle(disc_bundle.path), load_bundle(fast_bundle.path)

    def built(name: str) -> Stage:
        if name == "imitator":
            return ImitatorStage(disc_bundle, disc_tensors, 10, feature_weight=2.0)
        if name == "segmentation":
            return SegmentationStage(disc_bundle, [disc_tensors], disc_portraits, 10)
        if name == "recognition":
            shapes = np.random.default_rng(0).random((60, *disc_portraits.shapes.shape[1:]), np.float32)
            return RecognitionStage(disc_bundle, disc_tensors, disc_portraits, disc_tensors, shapes, 4)
        if name == "translator":
            return TranslatorStage(disc_bundle, disc_portraits, disc_tensors, 1.0, held_out=10)
        targets = describe_targets(fast_bundle, np.empty((0, 128, 128, 3), np.uint8), characters=4, seed=0)
        return ShortcutStage(fast_bundle, targets, tmp_path / "labels", 10, characters=16, states=8)

    return built


@pytest.mark.parametrize("name", ["imitator", "segmentation", "recognition", "translator", "shortcut"])
def test_losses_are_computed_where_the_networks_are(name: str, build: Callable[[str], Stage]) -> None:
    """The device `meta` computes no values, but refuses tensors of another device as CUDA does."""
    stage = build(name)
    stage.begin(0)
    prepared = stage.prepare(np.arange(4), 0, np.random.default_rng(0))
    for module in (*stage.modules.values(), *stage.frozen.values()):
        module.to("meta")
    moved = {key: value.to("meta") if torch.is_tensor(value) else value for key, value in prepared.items()}
    loss, _ = stage.loss(moved, 0)
    assert loss.device == torch.device("meta") and loss.requires_grad
