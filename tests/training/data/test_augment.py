import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.data.augment import Variation, affine_grids, sample_at, vary_light, warp_labels  # noqa: E402

STILL = Variation(rotation=0, scale=0, shift=0)


def test_no_variation_leaves_pictures_and_labels_alone() -> None:
    pictures, labels = torch.rand(2, 3, 32, 32), torch.randint(0, 11, (2, 32, 32))
    grids = affine_grids(2, 32, STILL, np.random.default_rng(0))
    torch.testing.assert_close(sample_at(pictures, grids), pictures, atol=1e-5, rtol=0)
    assert torch.equal(warp_labels(labels, grids, 255), labels)


def test_pictures_and_labels_move_together() -> None:
    labels = torch.zeros(4, 64, 64, dtype=torch.long)
    labels[:, 20:44, 16:40] = 1
    grids = affine_grids(4, 64, Variation(rotation=20, scale=0.2, shift=0.1), np.random.default_rng(1))
    moved = sample_at(labels[:, None].float(), grids)[:, 0]
    moved_labels = warp_labels(labels, grids, 255)
    sure = (moved_labels != 255) & ((moved - 0.5).abs() > 0.45)
    assert torch.equal(moved_labels[sure] == 1, moved[sure] > 0.5)
    assert not torch.equal(moved_labels, labels)


def test_labels_from_beyond_the_edge_are_unknown() -> None:
    shifted = affine_grids(1, 32, Variation(rotation=0, scale=0, shift=0.5), np.random.default_rng(0))
    assert bool((warp_labels(torch.ones(1, 32, 32, dtype=torch.long), shifted, 255) == 255).any())


def test_mirror_exchanges_left_and_right() -> None:
    picture = torch.rand(1, 3, 16, 16)
    grids = affine_grids(1, 16, Variation(rotation=0, scale=0, shift=0, mirror=1.0), np.random.default_rng(0))
    torch.testing.assert_close(sample_at(picture, grids), picture.flip(3), atol=1e-5, rtol=0)


def test_light_repeats_with_the_generator_and_stays_in_range() -> None:
    pictures = torch.rand(3, 3, 64, 64)
    made = []
    for _ in range(2):
        torch.manual_seed(0)
        made.append(vary_light(pictures.clone(), Variation(), np.random.default_rng(5)))
    assert torch.equal(*made)
    assert float(made[0].min()) >= 0 and float(made[0].max()) <= 1
    assert not torch.equal(made[0], pictures)


def test_grey_pictures_have_no_colour_left() -> None:
    varied = vary_light(
        torch.rand(2, 3, 32, 32),
        Variation(grey=1.0, occlusion=0, noise=0, blur=0, shrink=1.0),
        np.random.default_rng(0),
    )
    torch.testing.assert_close(varied[:, 0], varied[:, 1], atol=1e-5, rtol=0)
