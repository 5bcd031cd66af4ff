"""Identification of synthetic people with known results."""

import numpy as np
import pytest

from f2p_deploy.evaluation.likeness.identification import centred, identify
from f2p_deploy.system.errors import InputError


def people(count: int = 40, length: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, length)).astype(np.float32)


def test_characters_that_are_their_photos_are_all_found() -> None:
    found = identify(people(), people())
    assert found.rank_1.value == found.rank_5.value == found.auc.value == found.median_rank.value == 1.0
    assert found.own.value == pytest.approx(1.0) and found.others < 0.1


def test_strangers_are_found_by_chance() -> None:
    found = identify(people(400, seed=1), people(400, seed=2))
    assert found.rank_1.value < 0.02 and abs(found.auc.value - 0.5) < 0.05 and abs(found.median_rank.value - 200) < 40
    assert found.auc.low < 0.5 < found.auc.high


def test_a_constant_difference_of_the_two_worlds_drops_out() -> None:
    drawn_world = 50.0 * np.ones(16, np.float32)
    assert identify(people() + drawn_world, people()).rank_1.value == 1.0
    assert identify(people() + drawn_world, people()).characters > 0.99  # told, but not counted


def test_one_character_for_everybody_is_no_better_than_chance() -> None:
    found = identify(np.ones((20, 16), np.float32), people(20))
    assert found.auc.value == 0.5


def test_incomparable_descriptors_are_refused() -> None:
    with pytest.raises(InputError, match="at least 10 people, found 9"):
        identify(people(9), people(9))
    with pytest.raises(InputError, match="one photo"):
        identify(people(12), people(11))
    with pytest.raises(InputError, match="not finite"):
        identify(people(12), np.full((12, 16), np.nan))


def test_centred_descriptors_have_length_one() -> None:
    np.testing.assert_allclose(np.linalg.norm(centred(people()), axis=1), 1.0)
