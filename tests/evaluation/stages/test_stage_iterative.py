"""Iterative generation: what a search leaves of the loss, and from where it starts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.evaluation.stages.stage_data import HeldOut  # noqa: E402
from f2p_deploy.evaluation.stages.stage_iterative import RANDOM_STARTS, measure_iterative  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@pytest.fixture
def held(surrogate_bundle: "Bundle", drawn_by: Callable, photos_of: Callable) -> HeldOut:
    """Four characters, and as photos two others."""
    front = drawn_by(surrogate_bundle, 4)
    return HeldOut(front, photos=photos_of(255 - front.pictures[:2]))


def test_it_is_left_out_without_searches(surrogate_bundle: "Bundle", held: HeldOut) -> None:
    result = measure_iterative(surrogate_bundle, held, 0)
    assert result.badness is None and result.missing == "no searches were asked for"


def test_a_search_that_goes_downhill_is_better_than_its_start(surrogate_bundle: "Bundle", held: HeldOut) -> None:
    result = measure_iterative(surrogate_bundle, HeldOut(held.front), 3)
    rest, controllers, iterations = result.figures
    assert rest.name == "loss left, drawn faces (3)" and result.badness == pytest.approx(rest.value)
    assert 0 < rest.value < 1 and (rest.perfect, rest.nothing) == (0.0, 1.0)
    n_c = surrogate_bundle.schema.n_c
    default = np.array([controller.default for controller in surrogate_bundle.schema.controllers])
    away = np.abs(held.front.parameters[:3, :n_c] - default).mean()
    assert controllers.nothing == pytest.approx(away), "the average face, from which a search begins"
    assert iterations.value == surrogate_bundle.settings.iterative.iterations
    (sheet,) = result.sheets
    assert {name: len(row) for name, row in sheet.rows.items()} == {"sought": 3, "found": 3}
    assert np.array_equal(sheet.rows["sought"], held.front.pictures[:3])


def test_photos_are_searched_from_every_start(surrogate_bundle: "Bundle", held: HeldOut) -> None:
    result = measure_iterative(surrogate_bundle, held, 3)
    starts = ["the average face", "one-shot", *(f"random face {number + 1}" for number in range(RANDOM_STARTS))]
    names = [figure.name for figure in result.figures[3:]]
    excess = "excess loss of the worst start / best loss"
    assert names == [*(f"loss left, photos (2), from {start}" for start in starts), excess]
    assert 0 < result.figures[3].value < 1 and result.figures[-1].value >= 0
    assert list(result.sheets[1].rows) == ["photo", *(f"from {start}" for start in starts)]


def test_random_starts_follow_the_seed(surrogate_bundle: "Bundle", held: HeldOut) -> None:
    first, again, other = (
        {figure.name: figure.value for figure in measure_iterative(surrogate_bundle, held, 1, seed).figures}
        for seed in (0, 0, 7)
    )
    assert first == again
    different = {name for name in first if first[name] != other[name]}
    random = {f"loss left, photos (1), from random face {number + 1}" for number in range(RANDOM_STARTS)}
    assert random <= different <= random | {"excess loss of the worst start / best loss"}
