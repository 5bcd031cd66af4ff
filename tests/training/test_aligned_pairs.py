"""Engine pictures are looked at as photos are: aligned, and only once."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment import Landmarks  # noqa: E402
from f2p_deploy.bundle import Bundle  # noqa: E402
from f2p_deploy.engine.engine import LANDMARKS  # noqa: E402
from f2p_deploy.engine.pairs import PairSet  # noqa: E402
from f2p_deploy.training import aligned_pairs  # noqa: E402


class Aside:
    """Finds the engine's own points, all of them 4 pixels to the right."""

    def __init__(self, pairs: PairSet) -> None:
        self.pairs, self.asked = pairs, 0

    def find(self, image: np.ndarray, name: str | None = None) -> list[Landmarks]:
        table = self.pairs.landmark_table
        points = {word: (float(x) + 4.0, float(y)) for word, (x, y) in zip(LANDMARKS, table[self.asked], strict=True)}
        self.asked += 1
        return [Landmarks(points, "test")]


def test_the_finders_points_are_learned_from_a_few_pictures(disc_pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligned_pairs, "MEASURED", 5)
    pairs = PairSet(disc_pairs)
    finder = Aside(pairs)
    points = aligned_pairs._points(pairs, finder)
    np.testing.assert_allclose(points - pairs.landmark_table, np.broadcast_to([4.0, 0.0], points.shape), atol=1e-4)
    assert finder.asked == 5


def test_what_was_seen_is_kept(
    surrogate_bundle: Bundle, disc_pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs, cache = PairSet(disc_pairs), tmp_path / "seen.npz"
    first = aligned_pairs.descriptors_of_pairs(surrogate_bundle, pairs, None, cache)
    assert first.shape == (len(pairs), surrogate_bundle.surrogate.photos.shape[0]) and np.isfinite(first).all()
    monkeypatch.setattr(aligned_pairs, "identities_of", None)  # nothing is looked at again
    again = aligned_pairs.descriptors_of_pairs(surrogate_bundle, pairs, None, cache)
    assert np.array_equal(first, again)
