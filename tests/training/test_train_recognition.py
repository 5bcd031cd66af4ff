from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import build_crop  # noqa: E402
from f2p_deploy.model.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.training.train_recognition import (  # noqa: E402
    SHAPE_COORDINATES,
    SHAPE_PART,
    RecognitionStage,
    onto_shape,
    verification_accuracy,
    with_batch_norms,
    without_batch_norms,
)


def test_verification_is_perfect_where_same_and_different_do_not_overlap() -> None:
    assert verification_accuracy(np.linspace(0.6, 0.9, 50), np.linspace(-0.2, 0.5, 50)) == 1.0


def test_verification_is_chance_where_they_are_alike() -> None:
    rng = np.random.default_rng(0)
    assert verification_accuracy(rng.normal(size=2000) / 5, rng.normal(size=2000) / 5) == pytest.approx(0.5, abs=0.05)


def test_folding_the_batch_norms_changes_nothing_and_leaves_a_light_cnn() -> None:
    network = with_batch_norms(LightCNN(0.1))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.normal_(module.weight, 1.0, 0.2)
            torch.nn.init.normal_(module.bias)
    folded, grey = without_batch_norms(network), torch.rand(2, 1, 128, 128)
    assert folded.state_dict().keys() == LightCNN(0.1).state_dict().keys()
    torch.testing.assert_close(folded(grey), network.eval()(grey), rtol=1e-3, atol=1e-3)


def test_a_turned_embedding_measures_shape_and_loses_nothing() -> None:
    torch.manual_seed(0)
    fc, features = torch.nn.Linear(300, 256), torch.randn(4000, 300)
    with torch.no_grad():
        fc.weight.div_(fc(features).std(dim=0)[:, None])
        fc.bias.sub_(fc(features).mean(dim=0))
    slopes, offset = torch.randn(298, 64) @ torch.randn(64, 256), torch.zeros(298)
    before = fc(features).detach()
    shapes = before @ slopes.T
    onto_shape(fc, slopes, offset)
    after = fc(features).detach()
    shape, rest = after[:, :SHAPE_COORDINATES], after[:, SHAPE_COORDINATES:]
    ratio = torch.cdist(shape[:50], shape[50:100]) / torch.cdist(shapes[:50], shapes[50:100])
    assert float(ratio.std() / ratio.mean()) < 1e-3
    lengths = shape.square().sum(1).mean(), rest.square().sum(1).mean()
    assert float(lengths[0] / (lengths[0] + lengths[1])) == pytest.approx(SHAPE_PART, abs=0.1)
    again = torch.linalg.lstsq(torch.cat([after, torch.ones(4000, 1)], 1), before).solution
    assert float((torch.cat([after, torch.ones(4000, 1)], 1) @ again - before).abs().max()) < 0.05


def test_it_learns_from_the_recogniser_s_crop(disc_bundle, disc_tensors) -> None:
    recognition = replace(disc_bundle.settings.architecture, recognition="light-cnn-29v2-crop")
    cropped = replace(disc_bundle, settings=replace(disc_bundle.settings, architecture=recognition))
    whole, crop = (RecognitionStage(bundle, disc_tensors, held_out=4) for bundle in (disc_bundle, cropped))
    faces = disc_tensors.images(np.arange(2))
    torch.testing.assert_close(crop._seen(faces), build_crop(cropped.settings)(faces))
    assert whole._seen(faces).shape == crop._seen(faces).shape
    assert not torch.allclose(whole._seen(faces), crop._seen(faces), atol=0.05)
