"""The translator between a linear readout and guessing: parameters that it knows, and parameters that it cannot."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.parameters import average  # noqa: E402
from f2p_deploy.evaluation.stages.stage_data import HeldOut, Renders  # noqa: E402
from f2p_deploy.evaluation.stages.stage_recognition import Embeddings  # noqa: E402
from f2p_deploy.evaluation.stages.stage_translator import measure_translator  # noqa: E402
from f2p_deploy.training.data.pair_tensors import to_uint8  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.evaluation.stages.stage_result import Figure, StageResult
    from f2p_deploy.model.bundle import Bundle

COUNT = 24


@pytest.fixture
def embeddings(small_bundle: "Bundle") -> Embeddings:
    """Embeddings with exactly the mean and variance that the translator was trained on."""
    stored = small_bundle.translator.state_dict()
    mean, variance = (stored[f"normalise.running_{name}"].numpy() for name in ("mean", "var"))
    rows = np.random.default_rng(0).normal(size=(COUNT, len(mean)))
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return Embeddings((rows * np.sqrt(variance) + mean).astype(np.float32), None, None)


@pytest.fixture
def own(small_bundle: "Bundle", embeddings: Embeddings) -> Renders:
    """Renders whose true parameters are those that the translator answers; there are no pictures."""
    with torch.inference_mode():
        truth = small_bundle.translator(torch.from_numpy(embeddings.front)).numpy()
    nothing = np.zeros((COUNT, 1, 1, 3), np.uint8)
    return Renders(nothing, None, truth, np.arange(COUNT), None, truth.mean(axis=0), COUNT)


def figures(result: "StageResult") -> "dict[str, Figure]":
    return {figure.name: figure for figure in result.figures}


def test_a_translator_that_is_right_is_no_worse_than_a_readout(
    small_bundle: "Bundle", own: Renders, embeddings: Embeddings
) -> None:
    result = measure_translator(small_bundle, HeldOut(own), embeddings)
    known = figures(result)
    assert known["controllers, mean absolute error"].value == 0.0 and known["choices right"].value == 1.0
    assert known["hair right"].value == known["lips right"].value == 1.0 and known["renders"].value == COUNT
    assert known["error / error of guessing"].value == 0.0
    assert result.badness is not None and result.badness <= 0.0


def test_answers_to_other_peoples_embeddings_are_worse_than_guessing(
    small_bundle: "Bundle", own: Renders, embeddings: Embeddings
) -> None:
    result = measure_translator(small_bundle, HeldOut(replace(own, parameters=own.parameters[::-1].copy())), embeddings)
    assert result.badness is not None and result.badness > 0.5
    assert figures(result)["error / error of guessing"].value > 1


def test_another_scale_of_embeddings_is_not_held_against_it(
    small_bundle: "Bundle", own: Renders, embeddings: Embeddings
) -> None:
    elsewhere = Embeddings(embeddings.front * 5.0 + 3.0, None, None)
    result = measure_translator(small_bundle, HeldOut(own), elsewhere)
    as_they_are = figures(result)["error / error of guessing"].value
    on_scale = figures(result)["the same, embeddings rescaled as in training"].value
    assert on_scale < 0.01 < as_they_are
    assert result.badness is not None and result.badness <= 0.01


def test_photos_of_the_average_face_cannot_be_bettered(
    small_bundle: "Bundle", own: Renders, embeddings: Embeddings, photos_of: Callable
) -> None:
    usual = torch.from_numpy(average(small_bundle.schema).values.copy())[None]
    with torch.inference_mode():
        pictures = to_uint8(small_bundle.imitator(usual)).repeat(3, axis=0)
    result = measure_translator(small_bundle, HeldOut(own, photos=photos_of(pictures)), embeddings)
    for name in ("identity", "content"):
        figure = figures(result)[f"{name} loss, photos (3)"]
        assert figure.nothing == pytest.approx(0.0, abs=5e-3) and figure.value > figure.nothing
    assert {name: len(row) for name, row in result.sheets[0].rows.items()} == {"photo": 3, "one-shot": 3}


def test_two_renders_are_too_few(small_bundle: "Bundle", own: Renders, embeddings: Embeddings) -> None:
    result = measure_translator(small_bundle, HeldOut(replace(own, parameters=own.parameters[:2])), embeddings)
    assert result.badness is None and result.missing == "fewer than 3 renders of the front view"
