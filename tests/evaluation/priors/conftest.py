"""A bundle with priors."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from f2p_deploy.evaluation.priors.measure_priors import PriorReport
    from f2p_deploy.model.bundle import Bundle


@pytest.fixture
def prior_bundle(small_bundle: "Bundle", tmp_path: Path) -> "Bundle":
    """The small bundle with priors: the eye's two controllers move together, the nose does not vary."""
    from f2p_deploy.character.parameters import random_batch
    from f2p_deploy.character.priors import fit_priors
    from f2p_deploy.model.bundle import load_bundle, store_priors

    shutil.copytree(small_bundle.path, tmp_path / "bundle")
    vectors = random_batch(small_bundle.schema, 60, seed=0)
    eye, nose = (list(small_bundle.schema.groups[name]) for name in ("eye", "nose"))
    vectors[:, eye[1]] = 1 - vectors[:, eye[0]]
    vectors[:, nose] = np.float32(0.25)
    bundle = load_bundle(tmp_path / "bundle")
    return store_priors(bundle, fit_priors(bundle.schema, vectors), {"command": "tests"})


@pytest.fixture
def prior_report(prior_bundle: "Bundle") -> "PriorReport":
    """Its report, with three characters of each kind."""
    from f2p_deploy.evaluation.priors.measure_priors import measure_priors

    return measure_priors(prior_bundle, count=3, seed=4)
