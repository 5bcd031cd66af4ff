"""The imitator's stage: eq. 1, its weights for features, and metrics on held-out pairs alone."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.face import HELEN_CLASSES  # noqa: E402
from f2p_deploy.training.train_imitator import ImitatorStage  # noqa: E402


@pytest.fixture
def stage(disc_bundle, disc_tensors) -> ImitatorStage:
    torch.manual_seed(0)
    stage = ImitatorStage(disc_bundle, disc_tensors, held_out=12)
    stage.half = False  # the same numbers on every processor
    return stage


def test_the_loss_is_the_mean_absolute_difference(stage, disc_tensors) -> None:
    batch, rng = np.arange(4), np.random.default_rng(0)
    loss, _ = stage.loss(stage.prepare(batch, 0, rng), 0)
    difference = stage.network(disc_tensors.parameters(batch)) - disc_tensors.images(batch)
    torch.testing.assert_close(loss, difference.abs().mean())


def test_features_weigh_more_where_label_maps_show_them(disc_bundle, disc_tensors) -> None:
    """With label maps of brows alone, every pixel has the weight of features."""
    torch.manual_seed(0)
    stage = ImitatorStage(disc_bundle, disc_tensors, 12, feature_weight=4.0)
    stage.half = False
    batch, rng = np.arange(4), np.random.default_rng(0)
    plain, _ = stage.loss(stage.prepare(batch, 0, rng), 0)
    disc_tensors._labels[:] = HELEN_CLASSES.index("left-brow")
    weighted, _ = stage.loss(stage.prepare(batch, 0, rng), 0)
    torch.testing.assert_close(weighted, 4.0 * plain)


def test_held_out_pairs_are_measured_and_not_trained_on(stage, disc_tensors) -> None:
    assert stage.samples == 48 and stage.held_out.tolist() == list(range(48, 60))
    stage.network.eval()
    with torch.no_grad():
        metrics, sheet = stage.evaluate(), stage.sheet()
        drawn = stage.network(disc_tensors.parameters(stage.held_out))
    error = (drawn - disc_tensors.images(stage.held_out)).abs().mean()
    assert metrics["pictures"] == 12 and metrics["l1"] == pytest.approx(float(error), rel=1e-4)
    assert sheet.shape == (256, 8 * 128, 3)
    assert stage.trained() is stage.network
