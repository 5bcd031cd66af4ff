"""Held-out pictures: which renders and photos are taken, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from f2p_deploy.alignment import LandmarkFinder, Landmarks  # noqa: E402
from f2p_deploy.alignment.sample_faces import ASTRONAUT  # noqa: E402
from f2p_deploy.engine.engine import Engine  # noqa: E402
from f2p_deploy.engine.pairs import RECORDS, Sampling, write_pairs  # noqa: E402
from f2p_deploy.evaluation.stages import stage_data  # noqa: E402
from f2p_deploy.evaluation.stages.stage_data import HeldOut, align_held_out, read_renders, render_pairs  # noqa: E402
from f2p_deploy.model.bundle import load_bundle  # noqa: E402
from f2p_deploy.system.errors import InputError, MissingDependency  # noqa: E402
from f2p_deploy.training.data.portrait_labels import UNKNOWN  # noqa: E402
from f2p_deploy.training.data.portraits import is_held_out  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

COUNT, EACH = 12, 3


class BrightFinder:
    """Finds the astronaut's face in every bright picture, nothing in a dark one, and in a grey one what is no face."""

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        points = dict(ASTRONAUT)
        if image.mean() < 10:
            return []
        if image.std() < 1:
            points["left-eye"], points["right-eye"] = points["right-eye"], points["left-eye"]
        return [Landmarks(points, "test")]


@pytest.fixture
def pairs(shades: Engine, tmp_path: Path) -> Path:
    """Four characters of three pictures each."""
    write_pairs(shades, tmp_path / "pairs", COUNT, Sampling(seed=1, pictures_per_character=EACH, hair_changes=0), 128)
    return tmp_path / "pairs"


def test_the_last_pictures_are_read_and_the_others_are_the_usual(small_bundle: "Bundle", pairs: Path) -> None:
    everything = Sampling(seed=1, pictures_per_character=EACH, hair_changes=0).parameters(small_bundle.schema, COUNT)
    renders = read_renders(pairs, small_bundle, 4)
    np.testing.assert_array_equal(renders.parameters, everything[-4:])
    np.testing.assert_allclose(renders.usual, everything[:-4].mean(axis=0), rtol=1e-6)
    assert np.array_equal(renders.pictures[:, 0, 0, 0], np.round(255 * everything[-4:, 0]))
    assert renders.identities.tolist() == [2, 3, 3, 3] and renders.unseen == 4
    assert renders.labels is not None and np.unique(renders.labels).tolist() == [1, 10]
    assert renders.landmarks is not None and renders.landmarks.shape == (4, 5, 2) and renders.found == ()
    images = renders.images(slice(1))
    assert images.shape == (1, 3, 128, 128)
    assert float(images[0, 0, 0, 0]) * 255 == pytest.approx(renders.pictures[0, 0, 0, 0])


def test_characters_come_with_all_their_pictures(small_bundle: "Bundle", pairs: Path) -> None:
    assert read_renders(pairs, small_bundle, 2, characters=True).identities.tolist() == [2, 2, 2, 3, 3, 3]


def test_no_more_is_taken_than_training_held_out(
    small_bundle: "Bundle", pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_data, "HELD_OUT_PAIRS", 2)
    monkeypatch.setattr(stage_data, "HELD_OUT_CHARACTERS", 1)
    own = stage_data.PairSet(pairs).manifest["parameters_sha256"]
    provenances = {
        "not said": {"imitator": {}},
        "on these": {"imitator": {"pairs": {"front": {"parameters_sha256": own}}}},
        "on others": {"imitator": {"pairs": {"front": {"parameters_sha256": "0" * 64}}}},
    }
    for word, provenance in provenances.items():
        bundle = replace(small_bundle, provenance=provenance)
        pictures, characters = (len(read_renders(pairs, bundle, 100, each).pictures) for each in (False, True))
        assert (pictures, characters) == ((COUNT, COUNT) if word == "on others" else (2, EACH)), word


def test_landmarks_are_looked_for_where_there_is_a_finder(small_bundle: "Bundle", pairs: Path) -> None:
    steps: list[tuple] = []
    finder: LandmarkFinder = BrightFinder()
    renders = read_renders(pairs, small_bundle, 4, finder=finder, progress=lambda *step: steps.append(step))
    assert [face is not None for face in renders.found] == (renders.pictures.mean(axis=(1, 2, 3)) >= 10).tolist()
    assert steps == [("finding landmarks of renders", done, 4) for done in (1, 2, 3, 4)]


def test_pairs_that_cannot_be_measured_on_are_refused(small_bundle: "Bundle", shades: Engine, pairs: Path) -> None:
    with pytest.raises(InputError, match="shows characters of another schema than .*, the bundle's"):
        read_renders(pairs, load_bundle(), 4)
    write_pairs(shades, pairs.with_name("small"), 1, size=64)
    with pytest.raises(InputError, match="holds pictures of 64 pixels; the bundle needs 128"):
        read_renders(pairs.with_name("small"), small_bundle, 4)
    (pairs / RECORDS).write_text("")
    with pytest.raises(InputError, match="pairs holds no finished pair yet"):
        read_renders(pairs, small_bundle, 4)


def test_rendering_needs_the_engines_assets(small_bundle: "Bundle", tmp_path: Path) -> None:
    pytest.importorskip("numba")
    with pytest.raises(MissingDependency, match="makehuman"):
        render_pairs(small_bundle, tmp_path / "out", 3, tmp_path)
    assert not (tmp_path / "out").exists()


def test_photos_that_are_held_out_are_aligned_and_the_unusable_counted(
    small_bundle: "Bundle", astronaut: np.ndarray, tmp_path: Path
) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    names = [f"{i:03}.png" for i in range(100)]
    ours = [name for name in names if is_held_out(f"people/{name}")]
    others = [name for name in names if name not in ours]
    for name in (*ours[:5], *others[:3]):
        Image.fromarray(astronaut).save(folder / name)
    Image.new("RGB", (512, 512), "black").save(folder / ours[1])
    Image.new("RGB", (512, 512), "grey").save(folder / ours[2])
    steps: list[tuple] = []
    photos = align_held_out([folder], BrightFinder(), small_bundle, 100, lambda *step: steps.append(step))
    assert len(photos.faces) == 3 and photos.refused == 2, "one without a face, one whose eyes are exchanged"
    assert steps == [("aligning photos", done, 5) for done in range(1, 6)]
    assert np.array_equal(photos.pictures[0], photos.faces[0].image) and photos.pictures.shape == (3, 128, 128, 3)
    assert (photos.regions == UNKNOWN).all(), "five points say nothing about regions"
    assert align_held_out([folder], BrightFinder(), small_bundle, 2).refused == 0, "the first and the last"
    for name in ours[:5]:
        (folder / name).unlink()
    with pytest.raises(InputError, match="none of the 3 photos is held out of training"):
        align_held_out([folder], BrightFinder(), small_bundle, 100)
    Image.new("RGB", (512, 512), "black").save(folder / ours[1])
    with pytest.raises(InputError, match="none of 1 held-out photos in .*people has a usable face"):
        align_held_out([folder], BrightFinder(), small_bundle, 100)


def test_embeddings_use_all_renders_that_there_are(small_bundle: "Bundle", pairs: Path) -> None:
    front, more = read_renders(pairs, small_bundle, 2), read_renders(pairs, small_bundle, 6)
    assert HeldOut(front).embedded is front and HeldOut(front, more=more).embedded is more
    assert np.array_equal(more.parameters[-2:], front.parameters)
