"""Presets: every stage that they run has a schedule, comes from the shipped bundle or is fitted."""

import pytest

pytest.importorskip("torch")

from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.fitted_stages import FITTED  # noqa: E402
from f2p_deploy.training.presets import (  # noqa: E402
    LITE,
    OPTIONAL,
    PAPER,
    PRESETS,
    SMALL,
    STAGES,
    THROUGH_IMITATOR,
    THROUGH_SURROGATE,
    preset_named,
)


@pytest.mark.parametrize("name", PRESETS)
def test_every_stage_of_a_preset_can_run(name: str) -> None:
    preset = PRESETS[name]
    assert preset.name == name and set(preset.stages) <= set(STAGES)
    for stage in preset.stages:
        assert stage in preset.schedules or stage in preset.shipped or stage in FITTED, stage
    assert set(preset.schedules) <= set(preset.stages)


def test_the_search_decides_the_order_and_the_paper_has_no_refinement() -> None:
    assert LITE.stages == THROUGH_SURROGATE and SMALL.stages == THROUGH_IMITATOR
    assert PAPER.stages == tuple(stage for stage in THROUGH_IMITATOR if stage != OPTIONAL)


def test_the_paper_s_numbers_are_those_of_section_3_6() -> None:
    imitator, translator = PAPER.schedules["imitator"], PAPER.schedules["translator"]
    assert (imitator.optimiser, imitator.batch, imitator.epochs, imitator.momentum) == ("sgd", 16, 500, 0.9)
    assert (imitator.learning_rate, imitator.decay_by, imitator.decay_epochs) == (0.01, 0.1, 50)
    assert PAPER.schedules["segmentation"].learning_rate == pytest.approx(0.1 * imitator.learning_rate)
    assert (translator.optimiser, translator.learning_rate, translator.epochs) == ("adam", 1e-4, 20)


def test_the_paper_searches_in_the_subspace_of_section_3_5_from_the_average_face() -> None:
    settings = PAPER.settings
    assert settings.one_shot_prior and settings.iterative.use_prior and settings.hybrid.use_prior
    assert not settings.iterative.from_prior and settings.iterative.iterations == 50
    assert not PAPER.translator_augmented and SMALL.translator_augmented


def test_a_misspelt_name_gets_a_suggestion() -> None:
    assert preset_named("paper") is PAPER
    with pytest.raises(InputError, match="no preset named 'litte'. Did you mean 'lite'"):
        preset_named("litte")
