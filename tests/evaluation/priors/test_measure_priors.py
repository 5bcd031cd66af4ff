"""Energies of known variances, and random characters."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.evaluation.priors.measure_priors import components_for, energies_of, measure_priors
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.evaluation.priors.measure_priors import PriorReport
    from f2p_deploy.model.bundle import Bundle


def test_energies_follow_the_variances(prior_report: "PriorReport") -> None:
    eye, nose, mouth = prior_report.priors.groups
    assert energies_of(eye) == pytest.approx([0.0, 1.0, 1.0]) and energies_of(nose) == [1.0, 1.0, 1.0]
    assert 0.5 < energies_of(mouth)[1] < 1 and energies_of(mouth)[2] == pytest.approx(1.0)
    assert [components_for(prior, 0.95) for prior in (eye, nose, mouth)] == [1, 0, 2]
    assert list(prior_report.energies) == ["eye", "nose", "mouth"]


def test_characters_are_the_same_for_the_same_seed(prior_report: "PriorReport", prior_bundle: "Bundle") -> None:
    again = measure_priors(prior_bundle, count=2, seed=4)
    assert prior_report.free.shape == prior_report.constrained.shape == (3, 128, 128, 3)
    assert np.array_equal(again.free, prior_report.free[:2])
    assert not np.array_equal(prior_report.free, prior_report.constrained)


def test_a_bundle_without_priors_is_refused(small_bundle: "Bundle") -> None:
    with pytest.raises(InputError, match="has no priors: f2p-deploy train priors makes them"):
        measure_priors(small_bundle)
