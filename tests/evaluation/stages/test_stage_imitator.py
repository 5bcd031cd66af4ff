"""The imitator against pictures that are known to be its own, or known not to be."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.evaluation.stages.stage_data import HeldOut, Renders  # noqa: E402
from f2p_deploy.evaluation.stages.stage_imitator import measure_imitator  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

COUNT = 4


@pytest.fixture
def own(small_bundle: "Bundle", drawn_by: Callable) -> Renders:
    """Pictures that the imitator itself drew: hair, and an eye of 8 by 8 pixels."""
    labels = np.full((COUNT, 128, 128), 10, np.uint8)
    labels[:, 40:48, 40:48] = 4
    return drawn_by(small_bundle, COUNT, labels)


def test_an_engine_that_draws_the_same_is_perfect(small_bundle: "Bundle", own: Renders) -> None:
    result = measure_imitator(small_bundle, HeldOut(own))
    assert result.badness == pytest.approx(0.0, abs=1e-6)
    figures = {figure.name: figure for figure in result.figures}
    assert figures["PSNR"].value == pytest.approx(100.0) and figures["renders"].value == COUNT
    assert figures["L1"].nothing is not None and figures["L1"].nothing > 0
    assert [name for name in figures if name.startswith("L1, ")] == ["L1, left-eye", "L1, hair"]


def test_the_opposite_picture_is_worse_than_knowing_nothing(small_bundle: "Bundle", own: Renders) -> None:
    result = measure_imitator(small_bundle, HeldOut(replace(own, pictures=255 - own.pictures)))
    assert result.badness is not None and result.badness > 1


def test_regions_count_alike_however_small(small_bundle: "Bundle", own: Renders) -> None:
    pictures = own.pictures.copy()
    pictures[:, 40:48, 40:48] = 255 - pictures[:, 40:48, 40:48]
    renders = replace(own, pictures=pictures)
    result = measure_imitator(small_bundle, HeldOut(renders))
    area = measure_imitator(small_bundle, HeldOut(replace(renders, labels=None)))
    eye = next(figure for figure in result.figures if figure.name == "L1, left-eye")
    assert eye.nothing and result.badness == pytest.approx(eye.value / eye.nothing / 2)
    assert area.badness is not None and result.badness is not None and area.badness < result.badness / 10


def test_one_picture_is_measured_too(small_bundle: "Bundle", drawn_by: Callable) -> None:
    assert measure_imitator(small_bundle, HeldOut(drawn_by(small_bundle, 1))).badness == pytest.approx(0.0, abs=1e-6)
