"""The surrogate's stage: its loss, and linear shapes that are never so steep that a search oscillates."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.training.train_surrogate import CALM, SurrogateStage  # noqa: E402


@pytest.fixture
def stage(surrogate_bundle: Bundle) -> SurrogateStage:
    return _stage(surrogate_bundle, 0.01)


def _stage(bundle: Bundle, size: float) -> SurrogateStage:
    rng = np.random.default_rng(0)
    n, d = bundle.schema.n, bundle.surrogate.photos.shape[0]
    parameters = rng.random((400, n)).astype(np.float32)
    shapes = (size * parameters @ rng.standard_normal((n, 24)) + 3.0).astype(np.float32)
    shapes[5] = np.nan
    photos = rng.standard_normal((200, d)).astype(np.float32)
    guessed = (photos @ rng.standard_normal((d, 24)) * 0.1).astype(np.float32)
    seen = rng.standard_normal((400, d)).astype(np.float32)
    return SurrogateStage(bundle, parameters, seen, photos, 50, shapes, guessed)


def test_shapes_are_linear_in_parameters_and_have_their_own_mean(stage: SurrogateStage) -> None:
    assert stage.fits["shape_r2"] > 0.9 and stage.fits["shape_guess_r2"] > 0.9
    with torch.no_grad():
        found = stage.network.shape(stage.x)
    assert float(found.mean(dim=0).abs().max()) < 0.05


def test_steep_shapes_are_calmed(surrogate_bundle: Bundle, stage: SurrogateStage) -> None:
    assert float(stage.network.calm) == 1.0
    steep = _stage(surrogate_bundle, 10.0)
    weight, rate = surrogate_bundle.settings.similarity.shape_weight, surrogate_bundle.settings.iterative.learning_rate
    searched = [i for i, c in enumerate(surrogate_bundle.schema.controllers) if c.name not in ("age", "uneven")]
    curvature = 2.0 * weight * float(torch.linalg.matrix_norm(steep.network.shaped.weight[:, searched], 2)) ** 2
    assert float(steep.network.calm) * curvature * rate == pytest.approx(CALM, rel=1e-3)


def test_without_shapes_nothing_is_compared(surrogate_bundle: Bundle) -> None:
    rng = np.random.default_rng(1)
    n, d = surrogate_bundle.schema.n, surrogate_bundle.surrogate.photos.shape[0]
    seen = rng.standard_normal((100, d)).astype(np.float32)
    made = SurrogateStage(surrogate_bundle, rng.random((100, n)).astype(np.float32), seen, seen, 10)
    assert not made.fits and not made.network.shaped.weight.any() and not made.network.guess.weight.any()


def test_a_bundle_may_go_without(surrogate_bundle: Bundle) -> None:
    from f2p_deploy.model.networks.table import build_network

    sizes = replace(surrogate_bundle.settings.architecture, shape_length=0)
    settings = replace(surrogate_bundle.settings, architecture=sizes)
    network = build_network("surrogate", surrogate_bundle.schema, settings)
    assert not any("shape" in name or "guess" in name for name in network.state_dict())


def test_the_loss_is_each_member_s_mean_squared_error_in_variances(stage: SurrogateStage) -> None:
    stage.network.eval()
    batch = np.arange(16)
    loss, _ = stage.loss(stage.prepare(batch, 0, np.random.default_rng(0)), 0)
    errors = [(member - stage.y[batch]).square().mean() for member in stage.network.each(stage.x[batch])]
    torch.testing.assert_close(loss, sum(errors) / stage.network.scale**2)
    assert float(stage.y.mean(dim=0).abs().max()) < 1e-5, "descriptors are centred"


def test_a_perfect_surrogate_explains_all_and_held_out_pictures_are_the_last(stage: SurrogateStage) -> None:
    assert stage.samples == 350 and len(stage.held_x) == 50
    stage.held_y = stage.network.eval()(stage.held_x).detach()
    metrics = stage.evaluate()
    assert metrics["r2"] == pytest.approx(1.0) and metrics["cosine"] == pytest.approx(1.0, abs=1e-5)
    assert metrics["shape_r2"] == stage.fits["shape_r2"]
