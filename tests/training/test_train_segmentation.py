import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.data.portrait_labels import UNKNOWN  # noqa: E402
from f2p_deploy.training.train_segmentation import class_shares, mean_iou  # noqa: E402


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
