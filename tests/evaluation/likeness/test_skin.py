"""Skin colours: known pictures give known figures."""

import numpy as np
import pytest

pytest.importorskip("skimage")
from f2p_deploy.evaluation.likeness.skin import cheek_colour, compare_skin, typology_angle  # noqa: E402


def mesh() -> np.ndarray:
    points = np.full((478, 2), 50.0)
    points[33], points[263] = (20, 40), (80, 40)
    points[[50, 205]], points[[280, 425]] = (30, 60), (70, 60)
    return points


def test_the_cheeks_alone_are_seen() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[54:67, 24:37] = picture[54:67, 64:77] = (200, 150, 120)
    lightness, a, b = cheek_colour(picture, mesh())
    assert lightness == pytest.approx(66.0, abs=1.0) and a > 10 and b > 15


def test_a_mesh_beyond_the_edge_gives_the_nearest_pixels() -> None:
    assert np.isfinite(cheek_colour(np.full((100, 100, 3), 90, np.uint8), mesh() + 500)).all()


def test_light_skin_has_a_large_angle() -> None:
    light, dark = typology_angle(np.array([[80.0, 8.0, 15.0], [30.0, 8.0, 15.0]]))
    assert light == pytest.approx(63.4, abs=0.1) and dark == pytest.approx(-53.1, abs=0.1)


def test_the_same_skin_is_no_difference_and_the_order_counts() -> None:
    lab = np.stack([np.linspace(25, 80, 12), np.full(12, 10.0), np.full(12, 16.0)], axis=1)
    same = compare_skin(lab, lab)
    assert same.lightness == same.ita == pytest.approx(1.0) and same.difference == 0.0 and same.thirds == (0, 0, 0)
    assert compare_skin(lab, lab[::-1]).ita == pytest.approx(-1.0)
    lighter = lab.copy()
    lighter[:4, 0] += 20.0  # the darkest third alone is drawn wrong
    thirds = compare_skin(lab, lighter).thirds
    assert thirds[0] > 10 and thirds[1] == thirds[2] == 0.0
