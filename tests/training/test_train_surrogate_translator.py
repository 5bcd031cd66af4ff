"""The translator trained through the surrogate: its terms, missing shapes, and metrics on held-out data."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.train_surrogate_translator import SurrogateTranslatorStage  # noqa: E402


def stage_of(bundle, shapes: np.ndarray | None) -> SurrogateTranslatorStage:
    rng = np.random.default_rng(0)
    length = bundle.surrogate.photos.shape[0]
    parameters = rng.random((60, bundle.schema.n), np.float32)
    seen = rng.standard_normal((60, length), np.float32)
    seen[3] = np.nan
    people, held_out = (rng.standard_normal((count, length), np.float32) for count in (30, 10))
    return SurrogateTranslatorStage(bundle, people, held_out, parameters, seen, 12, shapes)


def test_the_loss_is_the_sum_of_its_terms_and_trains_the_translator_alone(surrogate_bundle) -> None:
    stage = stage_of(surrogate_bundle, np.zeros((30, 24), np.float32))
    assert stage.samples == 30 and stage.known == 47, "a picture without a face is left out"
    loss, terms = stage.loss(stage.prepare(np.arange(8), 0, np.random.default_rng(0)), 0)
    assert terms.keys() == {"unlike", "away", "known", "shape", "options"}
    assert float(loss.detach()) == pytest.approx(float(sum(terms.values())), rel=1e-4)
    loss.backward()
    assert any(tensor.grad.abs().max() > 0 for tensor in stage.network.parameters())
    assert all(tensor.grad is None for tensor in surrogate_bundle.surrogate.parameters())


def test_unknown_shapes_cost_nothing(surrogate_bundle) -> None:
    bare = stage_of(surrogate_bundle, None)
    _, terms = bare.loss(bare.prepare(np.arange(8), 0, np.random.default_rng(0)), 0)
    assert terms["shape"] == 0.0


def test_pictures_are_given_the_mean_of_photos(surrogate_bundle) -> None:
    stage = stage_of(surrogate_bundle, None)
    stage.surrogate = copy.deepcopy(surrogate_bundle.surrogate)
    stage.surrogate.photos.fill_(0.7)
    stage.surrogate.characters.fill_(-0.2)
    stage.seen[:] = stage.surrogate.characters
    torch.testing.assert_close(stage._as_photos(stage.seen[:3]), stage.surrogate.photos.expand(3, -1))


def test_held_out_people_are_measured(surrogate_bundle) -> None:
    stage = stage_of(surrogate_bundle, None)
    stage.network.eval()
    with torch.no_grad():
        metrics, sheet = stage.evaluate(), stage.sheet()
    assert -1.0 <= metrics["cosine_photos"] <= 1.0
    assert 0.0 <= metrics["at_an_end"] <= 1.0 and 0.0 < metrics["controllers_renders"] < 1.0
    assert sheet.shape == (4 * 10, 4 * surrogate_bundle.schema.n_c, 3)
