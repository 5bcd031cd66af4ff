"""The segmentation network's stage: class shares, its loss against a known answer, and the mean IoU."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.data.portrait_labels import UNKNOWN  # noqa: E402
from f2p_deploy.training.train_segmentation import STRIDE, SegmentationStage, class_shares, mean_iou  # noqa: E402


def test_shares_are_the_part_of_each_cell_and_unknown_pixels_count_for_none() -> None:
    labels = torch.zeros(1, 8, 8, dtype=torch.long)
    labels[:, :, 2:] = 6
    labels[:, 4:, :] = UNKNOWN
    shares = class_shares(labels, 8)
    assert shares.shape == (1, 11, 1, 1)
    assert float(shares[0, 0]) == pytest.approx(8 / 64)
    assert float(shares[0, 6]) == pytest.approx(24 / 64)
    assert float(shares.sum()) == pytest.approx(0.5)


def test_mean_iou_leaves_absent_classes_out() -> None:
    counts = np.zeros((11, 2))
    counts[0], counts[6] = (5, 10), (9, 10)
    assert mean_iou(counts) == pytest.approx(0.7)


class FixedScores(torch.nn.Module):
    """A network with the same class scores everywhere, for all pictures."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.scores = torch.nn.Parameter(torch.tensor(scores))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        edge = image.shape[-1] // STRIDE
        return self.scores.view(1, -1, 1, 1).expand(len(image), -1, edge, edge)


def loss_of(stage: SegmentationStage, seed: int = 0) -> torch.Tensor:
    return stage.loss(stage.prepare(np.arange(10), 0, np.random.default_rng(seed)), 0)[0]


def test_without_knowledge_the_loss_is_that_of_eleven_equal_classes(disc_bundle, disc_tensors, disc_portraits) -> None:
    for portraits in (None, disc_portraits):
        stage = SegmentationStage(disc_bundle, [disc_tensors], portraits, held_out=12)
        stage.network = FixedScores([0.0] * 11)
        assert float(loss_of(stage)) == pytest.approx(np.log(11), rel=1e-4)


def test_the_right_class_costs_nothing_and_a_wrong_one_its_score(disc_bundle, disc_tensors) -> None:
    disc_tensors._labels[:] = 6
    stage = SegmentationStage(disc_bundle, [disc_tensors], held_out=12)
    for answer, expected in ((6, 0.0), (3, 20.0)):
        stage.network = FixedScores([20.0 * (c == answer) for c in range(11)])
        assert float(loss_of(stage)) == pytest.approx(expected, abs=1e-3)


def test_unknown_pixels_of_photos_cost_nothing(disc_bundle, disc_tensors, disc_portraits) -> None:
    """All renders show the predicted class; photos show another class or are unknown."""
    disc_tensors._labels[:] = 6
    stage = SegmentationStage(disc_bundle, [disc_tensors], disc_portraits, held_out=12, portrait_share=0.4)
    stage.network = FixedScores([20.0 * (c == 6) for c in range(11)])
    disc_portraits.regions[:] = 3
    assert float(loss_of(stage)) == pytest.approx(0.4 * 20.0, rel=0.1)
    disc_portraits.regions[:] = UNKNOWN
    assert float(loss_of(stage)) == pytest.approx(0.0, abs=1e-3)


def test_the_loss_has_a_gradient_and_falls_along_it(disc_bundle, disc_tensors) -> None:
    torch.manual_seed(0)
    stage = SegmentationStage(disc_bundle, [disc_tensors], held_out=12)
    optimiser = torch.optim.Adam(stage.network.parameters(), 1e-2)
    losses = []
    for _ in range(8):
        torch.manual_seed(1)
        loss = loss_of(stage)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_samples_of_two_sets_are_found_in_their_own(disc_bundle, disc_tensors) -> None:
    stage = SegmentationStage(disc_bundle, [disc_tensors, disc_tensors], held_out=12)
    assert stage.samples == 96
    images, labels = stage._rendered(np.array([5, 48 + 7]))
    torch.testing.assert_close(images, disc_tensors.images(np.array([5, 7])))
    assert torch.equal(labels, disc_tensors.label_maps(np.array([5, 7])))


def test_labelled_pictures_share_the_batch_with_photos_and_are_measured(
    disc_bundle, disc_tensors, disc_portraits
) -> None:
    stages = [
        SegmentationStage(disc_bundle, [disc_tensors], portraits, held_out=12, labelled=disc_portraits)
        for portraits in (None, disc_portraits)
    ]
    for stage, photos in zip(stages, (["labelled"], ["portraits", "labelled"]), strict=True):
        assert stage.prepare(np.arange(10), 0, np.random.default_rng(0))["pictures"].shape[0] == 10
        assert [f"miou_{name}" in stage.evaluate() for name in photos] == [True] * len(photos)
