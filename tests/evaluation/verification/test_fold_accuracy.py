"""The protocol equals a second implementation, with scikit-learn where it is installed."""

from collections.abc import Callable

import numpy as np
import pytest

from f2p_deploy.evaluation.verification.fold_accuracy import (
    PcaSettings,
    consecutive_folds,
    fit_pca,
    measure_folds,
    squared_distances,
)
from f2p_deploy.system.errors import InputError

PAIRS = 303


@pytest.fixture(scope="module")
def features() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noisy features of 303 pairs: (P, 12) each, with an offset that hides who is who, and answers."""
    rng = np.random.default_rng(0)
    same = rng.random(PAIRS) < 0.5
    who = rng.standard_normal((PAIRS, 12)) * np.linspace(3, 0.1, 12)
    other = np.where(same[:, None], who, rng.standard_normal((PAIRS, 12)) * np.linspace(3, 0.1, 12))
    first, second = (one + rng.standard_normal((PAIRS, 12)) * 0.8 + 5.0 for one in (who, other))
    return first, second, same


def by_the_book(
    first: np.ndarray, second: np.ndarray, same: np.ndarray, fitted: Callable[[np.ndarray], Callable] | None
) -> tuple[list[float], list[float]]:
    """Return accuracy and threshold of each fold, pair by pair and in the most obvious way.

    Args:
        fitted: takes the training folds' features and returns a function to project with; None without PCA.
    """
    bounds = np.cumsum([0] + [PAIRS // 10 + (i < PAIRS % 10) for i in range(10)])
    accuracies, thresholds = [], []
    for low, high in zip(bounds[:-1], bounds[1:], strict=True):
        train = [i for i in range(PAIRS) if not low <= i < high]
        project = fitted(np.vstack([first[train], second[train]])) if fitted else lambda values: values
        a, b = project(first), project(second)
        distance = []
        for i in range(PAIRS):
            u, v = a[i] / np.sqrt(a[i] @ a[i]), b[i] / np.sqrt(b[i] @ b[i])
            distance.append(2.0 - 2.0 * float(u @ v))
        best, best_right = 0.0, -1
        for step in range(400):
            right = sum((distance[i] < step * 0.01) == same[i] for i in train)
            if right > best_right:
                best, best_right = step * 0.01, right
        accuracies.append(sum((distance[i] < best) == same[i] for i in range(low, high)) / (high - low))
        thresholds.append(best)
    return accuracies, thresholds


def principal(kept: int) -> Callable[[np.ndarray], Callable]:
    """PCA by the eigenvectors of the covariance."""

    def fit(values: np.ndarray) -> Callable:
        mean = values.mean(axis=0)
        variances, axes = np.linalg.eigh(np.cov(values.T))
        chosen = axes[:, np.argsort(variances)[::-1][:kept]]
        return lambda features: (features - mean) @ chosen

    return fit


@pytest.mark.parametrize("kept", [0, 4, 12])
def test_the_protocol_is_the_obvious_one(features: tuple[np.ndarray, ...], kept: int) -> None:
    first, second, same = features
    found = measure_folds(first, second, same, consecutive_folds(PAIRS), PcaSettings(kept) if kept else None)
    accuracies, thresholds = by_the_book(first, second, same, principal(kept) if kept else None)
    assert found.accuracies == pytest.approx(accuracies, abs=1e-12)
    assert found.thresholds == pytest.approx(thresholds, abs=1e-12)
    assert found.mean == pytest.approx(np.mean(accuracies)) and found.deviation == pytest.approx(np.std(accuracies))
    assert (found.components == kept).all() and 0.5 < found.mean < 1.0


def test_the_folds_are_those_of_scikit_learn() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    for count in (10, 37, 303, 6000):
        folds = consecutive_folds(count)
        for number, (_, test) in enumerate(selection.KFold(n_splits=10, shuffle=False).split(np.arange(count))):
            assert (np.flatnonzero(folds == number) == test).all()


@pytest.mark.parametrize("whiten", [False, True])
def test_pca_and_distances_are_those_of_scikit_learn(features: tuple[np.ndarray, ...], whiten: bool) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    first, second, _ = features
    model = decomposition.PCA(n_components=5, whiten=whiten).fit(np.concatenate([first, second]))
    a, b = (preprocessing.normalize(model.transform(one)) for one in (first, second))
    mean, axes = fit_pca(np.concatenate([first, second]), PcaSettings(5, whiten))
    mine = squared_distances((first - mean) @ axes, (second - mean) @ axes)
    assert mine == pytest.approx(np.sum((a - b) ** 2, axis=1), abs=1e-9)
    share = decomposition.PCA(n_components=0.99, svd_solver="full").fit(np.concatenate([first, second]))
    assert fit_pca(np.concatenate([first, second]), PcaSettings())[1].shape[1] == share.n_components_


def test_pca_is_not_fitted_to_the_fold_that_is_judged(features: tuple[np.ndarray, ...]) -> None:
    first, second, same = features
    folds = consecutive_folds(PAIRS)
    before = measure_folds(first, second, same, folds, PcaSettings(4))
    changed = first.copy()
    changed[folds == 3] += 1000.0 * np.eye(12)[0]
    after = measure_folds(changed, second, same, folds, PcaSettings(4))
    assert after.thresholds[3] == before.thresholds[3]
    assert (after.thresholds != before.thresholds).any()


def test_whitening_gives_every_axis_the_same_variance(features: tuple[np.ndarray, ...]) -> None:
    values = np.concatenate(features[:2])
    mean, axes = fit_pca(values, PcaSettings(6, whiten=True))
    assert np.cov(((values - mean) @ axes).T) == pytest.approx(np.eye(6), abs=1e-9)


def test_parameters_that_never_change_have_no_axis(features: tuple[np.ndarray, ...]) -> None:
    first, second, same = (features[0][:, :3], features[1][:, :3], features[2])
    padded = [np.concatenate([one, np.full((PAIRS, 4), 0.5)], axis=1) for one in (first, second)]
    found = measure_folds(*padded, same, consecutive_folds(PAIRS), PcaSettings(7, whiten=True))
    assert (found.components == 3).all() and np.isfinite(found.distances).all()
    constant = np.full((PAIRS, 4), 0.5)
    found = measure_folds(constant, constant, same, consecutive_folds(PAIRS), PcaSettings())
    assert (found.components == 0).all() and (found.distances == 0).all()


def test_too_few_folds_and_components() -> None:
    with pytest.raises(InputError, match="at least 2 folds"):
        measure_folds(np.eye(4), np.eye(4), np.array([True, False] * 2), np.zeros(4, int))
    with pytest.raises(InputError, match="at least 1 component"):
        PcaSettings(0)
