"""Overlaps, intersections and unions of class maps."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.evaluation.stages.stage_segmentation import class_counts, intersections, overlaps  # noqa: E402
from f2p_deploy.training.data.portrait_labels import UNKNOWN  # noqa: E402
from f2p_deploy.training.train_segmentation import class_shares, mean_iou  # noqa: E402


@pytest.fixture
def labels() -> np.ndarray:
    """Four pictures of 32 pixels: skin on the left, hair on the right, a border that moves, a corner unknown."""
    maps = np.ones((4, 32, 32), np.uint8)
    for i in range(4):
        maps[i, :, 10 + 4 * i :] = 10
    maps[:, :4, :4] = UNKNOWN
    return maps


def test_unknown_pixels_count_for_nobody() -> None:
    truth = np.array([[[1, 1, UNKNOWN, 10]]], np.uint8)
    counts = class_counts(np.array([[[1, 10, 1, 10]]]), truth)
    assert counts[1].tolist() == [1, 2] and counts[10].tolist() == [1, 2]
    assert counts.sum() == 6


def test_exact_shares_overlap_wholly_and_position_does_not(labels: np.ndarray) -> None:
    shares = class_shares(torch.from_numpy(labels).long(), 8)
    shares = shares / shares.sum(dim=1, keepdim=True)  # the cell that is partly unknown, as a network would say it
    network, position = overlaps(shares, labels)
    assert mean_iou(network) > 0.99
    assert mean_iou(position) < 0.9
    assert network[:, 1].astype(bool).sum() == 2  # only what occurs


def test_the_ceiling_is_what_exact_shares_reach_when_enlarged(labels: np.ndarray) -> None:
    shares = class_shares(torch.from_numpy(labels).long(), 8)
    network, ceiling, place = (mean_iou(counts) for counts in intersections(shares, labels))
    assert network == ceiling < 1.0
    assert place < ceiling


def test_a_wrong_prediction_everywhere_is_worse_than_position(labels: np.ndarray) -> None:
    wrong = torch.zeros(4, 11, 4, 4)
    wrong[:, 6] = 1.0
    network, position = overlaps(wrong, labels)
    assert mean_iou(network) == 0.0 < mean_iou(position)
