"""Measure verification accuracy on sets of pairs, with several features and both ways to normalise them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.evaluation.landmarks.landmark_report import Refused
from f2p_deploy.evaluation.verification.face_features import FaceFeatures, extract_features
from f2p_deploy.evaluation.verification.face_pairs import FacePairs
from f2p_deploy.evaluation.verification.fold_accuracy import (
    FoldAccuracy,
    PcaSettings,
    consecutive_folds,
    measure_folds,
)
from f2p_deploy.model.bundle import HEADER, load_bundle
from f2p_deploy.model.import_mark import import_mark
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.progress import Progress, silent


@dataclass(frozen=True, eq=False)
class MeasuredPairs:
    """The result on one set of pairs.

    Args:
        pairs: the set.
        kept: (P,) bool, the pairs of which both pictures have features; the results are in the order of these.
        plain: accuracy by feature, the features divided by their length.
        by_pca: the same after PCA.
        refused: pictures without features.
    """

    pairs: FacePairs
    kept: np.ndarray
    plain: dict[str, FoldAccuracy]
    by_pca: dict[str, FoldAccuracy]
    refused: tuple[Refused, ...]

    @property
    def left_out(self) -> int:
        """Number of pairs that were left out."""
        return int((~self.kept).sum())


@dataclass(frozen=True, eq=False)
class VerificationReport:
    """The result on several sets.

    Args:
        bundle, label, fingerprint: the bundle's name, what the page calls it or its artifact, and its fingerprint.
        runtime: what computed it.
        features: names of the features: modes, and the recognition network.
        alignment: how faces were aligned, a sentence.
        pca: the settings of PCA.
        sets: the results, in order.
        recognition: the kind of the recognition network, in words, see `recognition_words`.
    """

    bundle: str
    label: str
    fingerprint: str
    runtime: str
    features: tuple[str, ...]
    alignment: str
    pca: PcaSettings
    sets: tuple[MeasuredPairs, ...]
    recognition: str = ""


def measure_verification(
    sets: Sequence[FacePairs],
    runtime: Runtime,
    modes: Sequence[str],
    finder: LandmarkFinder | None,
    alignment: str = "",
    pca: PcaSettings | None = None,
    progress: Progress = silent,
) -> VerificationReport:
    """Measure how well parameters tell whether two pictures show the same person, set by set.

    Args:
        sets: the sets of pairs.
        runtime: of a bundle or an artifact.
        modes: the modes in which parameters are generated.
        finder: finds the faces; None for crops that are aligned to ArcFace's points.
        alignment: a sentence about the alignment, for the report.
        pca: the settings of PCA; None for the default.
        progress: called with the progress.

    Raises:
        InputError: the runtime lacks a graph, no picture of a set has a face, or too few pairs are left.
    """
    settings = pca or PcaSettings()
    measured = []
    for pairs in sets:
        features = extract_features(pairs, runtime, modes, finder, progress)
        measured.append(measure_pairs(pairs, features, settings))
    return VerificationReport(
        bundle=runtime.bundle_name,
        label=runtime.label,
        fingerprint=runtime.bundle_fingerprint,
        runtime=runtime.describe_device(),
        features=tuple(measured[0].plain) if measured else (),
        alignment=alignment,
        pca=settings,
        sets=tuple(measured),
        recognition=recognition_words(runtime),
    )


def recognition_words(runtime: Runtime) -> str:
    """Return the kind of a recognition network: its name, or what it was imported as, where the bundle is there.

    An artifact without its bundle does not say where weights come from.
    """
    mark: Mapping[str, Any] = {}
    if (runtime.folder / HEADER).is_file():
        bundle = load_bundle(runtime.folder)
        mark = import_mark(bundle.provenance, "recognition")
    if not mark:
        return runtime.settings.architecture.recognition
    return f"{mark.get('kind')}, imported from {mark.get('file')}"


def measure_pairs(pairs: FacePairs, features: FaceFeatures, pca: PcaSettings) -> MeasuredPairs:
    """Measure one set. A pair keeps its fold when others are left out.

    Raises:
        InputError: too few pairs are left.
    """
    kept = features.found[pairs.pairs].all(axis=1)
    folds = (consecutive_folds(len(kept)) if pairs.folds is None else pairs.folds)[kept]
    same = pairs.same[kept]
    if not same.any() or same.all() or len(np.unique(folds)) < 2:
        raise InputError(
            f"{pairs.name}: only {int(kept.sum())} of {len(kept)} pairs have two usable faces, too few to measure"
        )
    plain, by_pca = {}, {}
    for name, vectors in features.vectors.items():
        first, second = vectors[pairs.pairs[kept, 0]], vectors[pairs.pairs[kept, 1]]
        plain[name] = measure_folds(first, second, same, folds)
        by_pca[name] = measure_folds(first, second, same, folds, pca)
    return MeasuredPairs(pairs, kept, plain, by_pca, features.refused)
