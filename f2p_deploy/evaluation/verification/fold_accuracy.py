"""The verification accuracy of face.evoLVe's protocol: ten folds, each judged by a threshold from the other nine."""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.system.errors import InputError

#: The thresholds that are tried on the squared distance of unit vectors, which is in [0, 4].
THRESHOLDS = np.arange(0, 4, 0.01)

#: Number of folds of consecutive pairs.
CONSECUTIVE_FOLDS = 10

#: Share of the training folds' variance that PCA keeps if no number of components is given.
KEPT_VARIANCE = 0.99


@dataclass(frozen=True)
class PcaSettings:
    """How features are normalised by PCA.

    Args:
        components: number of components; None for as many as hold `KEPT_VARIANCE` of the training folds' variance.
        whiten: divide each component by its standard deviation.

    Raises:
        InputError: fewer than one component.
    """

    components: int | None = None
    whiten: bool = False

    def __post_init__(self) -> None:
        if self.components is not None and self.components < 1:
            raise InputError(f"PCA keeps at least 1 component, found {self.components}")


@dataclass(frozen=True, eq=False)
class FoldAccuracy:
    """The result of the protocol.

    Args:
        accuracies: (F,) share of correct answers of each fold.
        thresholds: (F,) threshold that was the best on the other folds.
        distances: (P,) squared distance of each pair, as its own fold was judged.
        correct: (P,) bool, whether the answer was correct.
        components: (F,) number of PCA's components; 0 without PCA.
    """

    accuracies: np.ndarray
    thresholds: np.ndarray
    distances: np.ndarray
    correct: np.ndarray
    components: np.ndarray

    @property
    def mean(self) -> float:
        """The mean of the folds' accuracies."""
        return float(self.accuracies.mean())

    @property
    def deviation(self) -> float:
        """The standard deviation of the folds' accuracies (of the population, as face.evoLVe's `std`)."""
        return float(self.accuracies.std())


def consecutive_folds(count: int) -> np.ndarray:
    """Return the (count,) folds of consecutive pairs; the first ones have one more if ten does not divide the count."""
    sizes = np.full(CONSECUTIVE_FOLDS, count // CONSECUTIVE_FOLDS)
    sizes[: count % CONSECUTIVE_FOLDS] += 1
    return np.repeat(np.arange(CONSECUTIVE_FOLDS), sizes)


def measure_folds(
    first: np.ndarray,
    second: np.ndarray,
    same: np.ndarray,
    folds: np.ndarray,
    pca: PcaSettings | None = None,
) -> FoldAccuracy:
    """Measure how well the distance of two features says whether two pictures show the same person.

    The features are divided by their length, after PCA if it is given; PCA is fitted to the pictures of the training
    folds' pairs. A pair counts as the same person if its squared distance is below the threshold.

    Args:
        first, second: (P, d) features of the pairs' pictures.
        same: (P,) bool.
        folds: (P,) int.
        pca: None for features that are only divided by their length.

    Raises:
        InputError: fewer than two folds.
    """
    numbers = np.unique(folds)
    if len(numbers) < 2:
        raise InputError(f"verification needs at least 2 folds, found {len(numbers)}")
    count = len(same)
    distances, correct = np.zeros(count), np.zeros(count, bool)
    accuracies, thresholds, components = [], [], []
    apart = squared_distances(first, second)
    for number in numbers:
        test, train = folds == number, folds != number
        if pca is None:
            judged, kept = apart, 0
        else:
            mean, axes = fit_pca(np.concatenate([first[train], second[train]]), pca)
            judged, kept = squared_distances((first - mean) @ axes, (second - mean) @ axes), axes.shape[1]
        right = (judged[train, None] < THRESHOLDS) == same[train, None]
        threshold = THRESHOLDS[right.mean(axis=0).argmax()]
        distances[test] = judged[test]
        correct[test] = (judged[test] < threshold) == same[test]
        accuracies.append(correct[test].mean())
        thresholds.append(threshold)
        components.append(kept)
    return FoldAccuracy(np.array(accuracies), np.array(thresholds), distances, correct, np.array(components))


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the (P,) squared distances of (P, d) features after each is divided by its length; zeros stay zeros."""
    return ((_unit(first) - _unit(second)) ** 2).sum(axis=1)


def fit_pca(features: np.ndarray, pca: PcaSettings) -> tuple[np.ndarray, np.ndarray]:
    """Fit PCA to (M, d) features.

    Returns:
        (d,) mean and (d, k) axes, the one of the largest variance first; with `whiten` divided by the standard
        deviation. Axes without variance are left out, so k may be smaller than the number asked for.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    _, lengths, axes = np.linalg.svd(features - mean, full_matrices=False)
    variances = lengths**2 / max(len(features) - 1, 1)
    present = int((variances > variances[:1].sum() * 1e-10).sum())
    if pca.components is None:
        shares = np.cumsum(variances) / max(float(variances.sum()), 1e-300)
        kept = int(np.searchsorted(shares, KEPT_VARIANCE)) + 1
    else:
        kept = pca.components
    kept = min(kept, present)
    chosen = axes[:kept].T
    return mean, chosen / np.sqrt(variances[:kept]) if pca.whiten else chosen


def _unit(features: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    return features / np.where(lengths > 0, lengths, 1.0)
