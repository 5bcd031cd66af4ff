"""The translator's stage: the losses of eq. 4, any pose in some updates, and the optional losses."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.train_translator import ANY_POSE_EVERY, TranslatorStage  # noqa: E402


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_loss_has_the_terms_of_eq_4(disc_bundle, disc_portraits) -> None:
    stage = TranslatorStage(disc_bundle, disc_portraits)
    loss, terms = stage.loss(stage.prepare(np.arange(4), 0, rng()), 0)
    assert terms.keys() == {"identity", "content", "loopback"}
    assert float(loss.detach()) == pytest.approx(float(sum(terms.values())), rel=1e-5)
    loss.backward()
    assert any(tensor.grad.abs().max() > 0 for tensor in stage.network.parameters())
    assert all(tensor.grad is None for tensor in disc_bundle.imitator.parameters()), "the imitator is frozen"


def test_photos_of_any_pose_have_no_content_loss(disc_bundle, disc_portraits) -> None:
    stage = TranslatorStage(disc_bundle, disc_portraits)
    for step in range(2 * ANY_POSE_EVERY):
        _, terms = stage.loss(stage.prepare(np.arange(4), step, rng()), step)
        assert ("content" in terms) is (step % ANY_POSE_EVERY != ANY_POSE_EVERY - 1)


def test_known_parameters_and_shapes_add_a_term_each(disc_bundle, disc_portraits, disc_tensors) -> None:
    points = np.random.default_rng(1).random((60, *disc_portraits.shapes.shape[1:]), np.float32)
    stage = TranslatorStage(disc_bundle, disc_portraits, disc_tensors, 1.0, points, 10.0, held_out=12)
    assert stage.known == 48 and stage.samples == len(disc_portraits.training)
    _, terms = stage.loss(stage.prepare(np.arange(4), 0, rng()), 0)
    assert {"supervised", "shape"} <= terms.keys()
    stage.network.eval()
    with torch.no_grad():
        metrics = stage.evaluate()
    photos, renders = {"identity_photos", "content_photos", "shape_photos"}, {"controllers_renders", "colour_renders"}
    assert metrics.keys() == photos | renders
    assert 0.0 <= metrics["colour_renders"] <= 1.0


def test_right_parameters_have_no_supervised_loss(disc_bundle, disc_portraits, disc_tensors) -> None:
    stage = TranslatorStage(disc_bundle, disc_portraits, disc_tensors, 1.0, held_out=12)
    truth = disc_tensors.parameters(np.arange(8))
    wrong = truth.roll(1, dims=0)
    assert float(stage._distance(truth, truth)) == pytest.approx(0.0, abs=1e-6)
    assert float(stage._distance(wrong, truth)) > 0.1


def test_faces_are_embedded_as_they_are_where_the_paper_does(disc_bundle, disc_portraits) -> None:
    stage = TranslatorStage(disc_bundle, disc_portraits, augmented=False)
    prepared = stage.prepare(np.arange(4), 0, rng())
    assert torch.equal(prepared["varied"], prepared["photos"])
