"""The measurement of one and of several sets."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.evaluation.verification.face_features import EMBEDDING, FaceFeatures
from f2p_deploy.evaluation.verification.fold_accuracy import PcaSettings, consecutive_folds, measure_folds
from f2p_deploy.evaluation.verification.measure_verification import (
    measure_pairs,
    measure_verification,
    recognition_words,
)
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.evaluation.verification.face_pairs import FacePairs
    from f2p_deploy.evaluation.verification.measure_verification import VerificationReport
    from f2p_deploy.model.bundle import Bundle


def test_what_is_always_right_has_accuracy_1(known_verification: "VerificationReport") -> None:
    one = known_verification.sets[0]
    assert one.plain["one-shot"].mean == one.by_pca["one-shot"].mean == 1.0
    assert one.by_pca[EMBEDDING].mean < 0.9
    assert one.left_out == 1 and one.kept.sum() == 19 and [refused.name for refused in one.refused] == ["p3.png"]


def test_pairs_keep_their_folds_when_others_are_left_out(generated_pairs: "FacePairs") -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((40, 6)).astype(np.float32)
    found = np.ones(40, bool)
    found[[0, 6, 7]] = False
    measured = measure_pairs(generated_pairs, FaceFeatures({"one-shot": vectors}, found, ()), PcaSettings(3))
    kept = [i for i in range(20) if i not in (0, 3)]
    folds = consecutive_folds(20)[kept]
    expected = measure_folds(vectors[0::2][kept], vectors[1::2][kept], generated_pairs.same[kept], folds)
    assert (measured.plain["one-shot"].accuracies == expected.accuracies).all()
    own = replace(generated_pairs, folds=np.arange(20) % 4)
    assert len(measure_pairs(own, FaceFeatures({"a": vectors}, found, ()), PcaSettings(3)).plain["a"].accuracies) == 4


def test_too_few_pairs_left_is_one_sentence(generated_pairs: "FacePairs") -> None:
    found = np.zeros(40, bool)
    found[:4] = True
    features = FaceFeatures({"a": np.ones((40, 2), np.float32)}, found, ())
    with pytest.raises(InputError, match="toy: only 2 of 20 pairs have two usable faces"):
        measure_pairs(generated_pairs, features, PcaSettings())


def test_sets_are_measured_with_a_real_bundle(generated_pairs: "FacePairs", small_bundle: "Bundle") -> None:
    from f2p_deploy.runtimes import load

    sets = [generated_pairs, replace(generated_pairs, name="other")]
    report = measure_verification(sets, load(small_bundle), ["one-shot"], None, "by hand")
    assert report.features == ("one-shot", EMBEDDING) and [one.pairs.name for one in report.sets] == ["toy", "other"]
    assert report.recognition == "light-cnn-29v2"
    assert report.bundle == "small" and report.label == str(small_bundle.path)
    assert report.alignment == "by hand" and report.runtime.startswith("torch")
    first, second = report.sets
    assert (first.by_pca["one-shot"].distances == second.by_pca["one-shot"].distances).all()
    assert np.isfinite(first.plain[EMBEDDING].distances).all() and first.by_pca["one-shot"].distances.max() > 0


def test_an_imported_recognition_network_is_named(small_bundle: "Bundle", tmp_path: Path) -> None:
    from f2p_deploy.model.bundle import copy_bundle, store_network
    from f2p_deploy.runtimes import load

    copied = copy_bundle(small_bundle, tmp_path / "copy", "copy")
    mark = {"file": "official.pth.tar", "sha256": "0" * 64, "kind": "LightCNN-29v2 as published"}
    made = store_network(copied, "recognition", small_bundle.recognition, {"imported": mark})
    assert recognition_words(load(made)) == "LightCNN-29v2 as published, imported from official.pth.tar"
