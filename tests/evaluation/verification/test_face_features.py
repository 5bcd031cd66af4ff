"""Features of pictures: parameters by mode, and the embedding."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.alignment.landmarks import Landmarks  # noqa: E402
from f2p_deploy.alignment.warp import warp  # noqa: E402
from f2p_deploy.character.face import LANDMARKS  # noqa: E402
from f2p_deploy.evaluation.likeness.judge import POINTS  # noqa: E402
from f2p_deploy.evaluation.verification.face_features import (  # noqa: E402
    EMBEDDING,
    align_arcface_crop,
    extract_features,
)
from f2p_deploy.runtimes import load, search  # noqa: E402
from f2p_deploy.system.errors import InputError, PhotoError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.evaluation.verification.face_pairs import FacePairs
    from f2p_deploy.model.bundle import Bundle


class ArcFacePoints:
    """Finds a face at ArcFace's points in every picture that is not black."""

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        """Return the face."""
        if not image.any():
            return []
        return [Landmarks(dict(zip(LANDMARKS, map(tuple, POINTS.tolist()), strict=True)), source="test")]


def test_features_are_the_parameters_that_generation_gives(
    generated_pairs: "FacePairs", small_bundle: "Bundle"
) -> None:
    runtime = load(small_bundle)
    few = replace(generated_pairs, pairs=generated_pairs.pairs.copy())
    few.pairs[10:] = few.pairs[:10]
    told: list[tuple[float, float]] = []
    features = extract_features(few, runtime, ["one-shot"], None, lambda _, done=0, total=0: told.append((done, total)))
    assert list(features.vectors) == ["one-shot", EMBEDDING] and not features.refused
    assert features.found.tolist() == [True] * 20 + [False] * 20 and len(told) == 20 and told[-1] == (19, 20)
    size, template = small_bundle.settings.architecture.image_size, small_bundle.settings.alignment.landmarks
    face = align_arcface_crop(few.open_picture(17), template, size)
    assert features.vectors["one-shot"][17] == pytest.approx(
        search.generate(runtime, face, "one-shot").parameters.values, abs=1e-5
    )
    planes = np.ascontiguousarray(face.transpose(2, 0, 1)[None].astype(np.float32) / 255)
    assert features.vectors[EMBEDDING][17] == pytest.approx(runtime.describe(planes)[0][0], rel=1e-3, abs=1e-4)
    assert not features.vectors["one-shot"][20:].any()


def test_a_finder_at_arcfaces_points_gives_the_same_as_the_fixed_transform(
    generated_pairs: "FacePairs", small_bundle: "Bundle"
) -> None:
    runtime = load(small_bundle)
    fixed = extract_features(generated_pairs, runtime, ["one-shot"], None)
    found = extract_features(generated_pairs, runtime, ["one-shot"], ArcFacePoints())
    assert found.vectors["one-shot"] == pytest.approx(fixed.vectors["one-shot"], abs=1e-5)


def test_pictures_without_a_face_and_damaged_ones_are_named(
    generated_pairs: "FacePairs", small_bundle: "Bundle"
) -> None:
    def open_picture(i: int) -> np.ndarray:
        if i == 2:
            raise PhotoError("unreadable", "p2.png: the picture is damaged or incomplete")
        if i == 3:
            return np.full((40, 112, 3), 128, np.uint8)
        picture = generated_pairs.open_picture(i)
        return np.zeros_like(picture) if i == 1 else picture

    pairs = replace(generated_pairs, open_picture=open_picture)
    features = extract_features(pairs, load(small_bundle), ["one-shot"], ArcFacePoints())
    assert [(one.name, one.reason) for one in features.refused] == [
        ("p1.png", "no-face"),
        ("p2.png", "unreadable"),
        ("p3.png", "too-small"),
    ]
    assert features.refused[0].message.startswith("p1.png: no face was found")
    assert features.refused[1].message == "p2.png: the picture is damaged or incomplete"
    assert np.flatnonzero(~features.found).tolist() == [1, 2, 3]
    photos = replace(pairs, names=[f"someone/{name}" for name in pairs.names])
    again = extract_features(photos, load(small_bundle), ["one-shot"], ArcFacePoints())
    assert again.refused[1].message == "someone/p2.png: the picture is damaged or incomplete"
    black = replace(generated_pairs, open_picture=lambda i: np.zeros((112, 112, 3), np.uint8))
    with pytest.raises(InputError, match="toy: none of the 40 pictures has a usable face"):
        extract_features(black, load(small_bundle), ["one-shot"], ArcFacePoints())


def test_the_fixed_transform_moves_arcfaces_points_onto_the_template(small_bundle: "Bundle") -> None:
    template, size = small_bundle.settings.alignment.landmarks, 256
    for edge in (112, 224):
        crop = np.zeros((edge, edge, 3), np.uint8)
        eye = (POINTS[0] * edge / 112).astype(int)
        crop[eye[1] - 2 : eye[1] + 3, eye[0] - 2 : eye[0] + 3] = 255
        moved = align_arcface_crop(crop, template, size)
        y, x = np.argwhere(moved[..., 0] > 128).mean(axis=0)
        assert np.hypot(*(np.array([x, y]) - np.array(template["left-eye"]) * size)) < 0.06 * size
    with pytest.raises(PhotoError, match="square, found 92x112"):
        align_arcface_crop(np.zeros((112, 92, 3), np.uint8), template, size)
    assert warp(crop, np.eye(2, 3), 8).shape == (8, 8, 3)


def test_a_bundle_without_the_network_is_refused(generated_pairs: "FacePairs", small_bundle: "Bundle") -> None:
    runtime = load(small_bundle)
    runtime._names = ("describe",)
    with pytest.raises(InputError, match="one-shot generation needs the graph 'one_shot'"):
        extract_features(generated_pairs, runtime, ["one-shot"], None)
