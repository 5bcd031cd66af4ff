"""The priors are fitted to one-shot characters of the frontal photos to train on."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.priors import fit_priors  # noqa: E402
from f2p_deploy.model.one_shot import one_shot  # noqa: E402
from f2p_deploy.training.train_priors import learn_priors  # noqa: E402


def test_they_are_those_of_the_frontal_photos_characters(disc_bundle, disc_portraits) -> None:
    portraits = replace(disc_portraits, yaw=np.where(np.arange(40) % 3, 0.0, 40.0).astype(np.float32))
    assert 0 < len(portraits.frontal) < len(portraits.training)
    priors = learn_priors(disc_bundle, portraits)
    vectors = one_shot(disc_bundle, portraits.images(portraits.frontal))
    for prior, expected in zip(priors.groups, fit_priors(disc_bundle.schema, vectors).groups, strict=True):
        assert prior.group == expected.group
        np.testing.assert_allclose(prior.mean, expected.mean, atol=1e-5)


def test_more_energy_keeps_more_directions(disc_bundle, disc_portraits) -> None:
    few, all_ = (learn_priors(disc_bundle, disc_portraits, energy) for energy in (0.3, 1.0))
    assert [len(prior.scale) for prior in few.groups] < [len(prior.scale) for prior in all_.groups]
