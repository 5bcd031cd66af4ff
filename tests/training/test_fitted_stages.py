"""Stages that are fitted in one pass: what they store, and skin tones measured by their colour."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.engine.pairs import PairSet  # noqa: E402
from f2p_deploy.model.bundle import Bundle, copy_bundle  # noqa: E402
from f2p_deploy.training.data.portraits import Portraits  # noqa: E402
from f2p_deploy.training.data.training_sources import Sources  # noqa: E402
from f2p_deploy.training.fitted_stages import fit_reader, fit_stored_priors, measured_tones  # noqa: E402
from f2p_deploy.training.presets import SMALL  # noqa: E402
from f2p_deploy.training.stage_builders import StageInputs  # noqa: E402


def portraits_of(pictures: np.ndarray, regions: np.ndarray) -> Portraits:
    count = len(pictures)
    names = tuple(f"people/p{i}.jpg" for i in range(count))
    nothing = np.full((count, 1, 2), np.nan, np.float32)
    return Portraits(names, pictures, regions, np.zeros(count, np.float32), nothing, nothing[:, :, 0])


@pytest.fixture
def inputs(small_bundle: Bundle, disc_pairs: Path, tmp_path: Path) -> StageInputs:
    rng = np.random.default_rng(0)
    people = portraits_of(rng.integers(0, 255, (30, 128, 128, 3), np.uint8), np.zeros((30, 128, 128), np.uint8))
    bundle = copy_bundle(small_bundle, tmp_path / "bundle", "bundle")
    return StageInputs(bundle, SMALL, Sources(disc_pairs), people, 5, tmp_path, 12, 6, "train", 0.0)


def test_fitted_priors_are_stored_with_their_provenance(inputs: StageInputs) -> None:
    bundle = fit_stored_priors(inputs)
    facts = bundle.provenance["priors"]
    assert bundle.priors is not None and facts["command"] == "train"
    assert facts["faces"] == len(inputs.portraits.frontal)
    assert facts["components"] == {prior.group: prior.scale.size for prior in bundle.priors.groups}


def test_a_reader_without_labels_changes_nothing(inputs: StageInputs, caplog) -> None:
    assert fit_reader(inputs) is inputs.bundle and "--labels FILE.csv" in caplog.text


def test_a_portrait_s_tone_is_the_option_of_the_same_colour(disc_pairs: Path, small_bundle: Bundle) -> None:
    pairs = PairSet(disc_pairs)
    bundle = replace(small_bundle, schema=replace(pairs.schema, tags={"skin-tone": "colour"}))
    pictures = np.stack([pairs.image(i) for i in range(8)])
    regions = np.stack([pairs.labels(i) for i in range(8)])
    regions[0] = 0  # no skin
    tones = measured_tones(bundle, disc_pairs, portraits_of(pictures, regions))
    options = pairs.parameters[:8, 2:].argmax(axis=1)
    assert tones["colour"].tolist() == [-1, *options[1:]]
    assert len(set(options[1:])) > 1
    untagged = replace(bundle, schema=pairs.schema)
    assert measured_tones(untagged, disc_pairs, portraits_of(pictures, regions)) == {}
