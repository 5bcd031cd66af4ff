"""Engine pictures are described as photos are: aligned, and each only once."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment import Landmarks  # noqa: E402
from f2p_deploy.character.face import LANDMARKS  # noqa: E402
from f2p_deploy.engine.pairs import PairSet  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data import aligned_pairs  # noqa: E402


class Aside:
    """A finder of the engine's landmarks, all of them 4 pixels to the right."""

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


def test_what_was_seen_before_a_stop_is_kept(
    surrogate_bundle: Bundle, disc_pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = PairSet(disc_pairs)
    whole = aligned_pairs.descriptors_of_pairs(surrogate_bundle, pairs, None, tmp_path / "whole.npz")
    monkeypatch.setattr(aligned_pairs, "BATCH", 4)
    monkeypatch.setattr(aligned_pairs, "SAVE_EVERY", 8)
    look, faces = aligned_pairs.identities_of, []

    def until_the_third(bundle: Bundle, pictures: np.ndarray) -> torch.Tensor:
        if len(faces) == 3:
            raise KeyboardInterrupt
        faces.append(len(pictures))
        return look(bundle, pictures)

    cache = tmp_path / "seen.npz"
    with monkeypatch.context() as patch:
        patch.setattr(aligned_pairs, "identities_of", until_the_third)
        with pytest.raises(KeyboardInterrupt):
            aligned_pairs.descriptors_of_pairs(surrogate_bundle, pairs, None, cache)
    looked = []
    monkeypatch.setattr(aligned_pairs, "identities_of", lambda *args: looked.append(len(args[1])) or look(*args))
    again = aligned_pairs.descriptors_of_pairs(surrogate_bundle, pairs, None, cache)
    assert sum(looked) == len(pairs) - 8
    np.testing.assert_allclose(again, whole, atol=1e-5)


def test_pictures_without_a_face_are_counted(disc_pairs: Path, tmp_path: Path) -> None:
    pairs = PairSet(disc_pairs)
    seen, few = np.zeros((len(pairs), 4), np.float32), len(pairs) - 10
    aligned_pairs.require_seen("surrogate", seen, pairs, 10, None)
    seen[1:few] = np.nan
    with pytest.raises(InputError, match=f"needs a face in .* in {disc_pairs}, found 1 of {few} and 10 of 10"):
        aligned_pairs.require_seen("surrogate", seen, pairs, 10, None)
    seen[:few], seen[few:] = 0.0, np.nan
    with pytest.raises(InputError, match=f"found {few} of {few} and 0 of 10: draw the head"):
        aligned_pairs.require_seen("surrogate", seen, pairs, 10, None)
    (tmp_path / "bare").mkdir()
    for name in ("manifest.json", "parameters.f32", "records.jsonl"):
        (tmp_path / "bare" / name).write_bytes((disc_pairs / name).read_bytes())
    bare = PairSet(tmp_path / "bare")
    with pytest.raises(InputError, match=r"by landmarks, which the folder does not have: give --portraits DIR, too"):
        aligned_pairs.require_seen("surrogate", seen, bare, 10, None)
