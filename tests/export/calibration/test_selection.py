"""Choosing faces: no picture twice, rare poses stay, and the order of the photos makes no difference."""

import numpy as np
from PIL import Image

from f2p_deploy.export.calibration.selection import Candidate, balanced, bin_of, duplicates


def candidate(number: int, pixels: np.ndarray, yaw: float | None = 0.0, brightness: float = 0.55) -> Candidate:
    return Candidate(f"{number * 7919 % 1000:03d}", pixels, yaw, brightness)


def test_the_same_photo_at_another_size_brightness_or_quality_is_a_duplicate(astronaut: np.ndarray) -> None:
    face, other = astronaut[20:276, 96:352], astronaut[60:316, 180:436]
    smaller = np.array(Image.fromarray(face).resize((90, 90)).resize((256, 256)))
    darker = (face * 0.7).astype(np.uint8)
    noisy = np.clip(face + np.random.default_rng(0).normal(0, 6, face.shape), 0, 255).astype(np.uint8)
    mirrored = np.ascontiguousarray(face[:, ::-1])
    pictures = [face, smaller, darker, noisy, mirrored, other]
    found = duplicates([candidate(i, pixels) for i, pixels in enumerate(pictures)])
    assert set(found) | set(found.values()) == {0, 1, 2, 3} and len(set(found.values())) == 1


def test_which_of_two_stays_does_not_depend_on_the_order(astronaut: np.ndarray) -> None:
    face = astronaut[20:276, 96:352]
    pair = [candidate(1, face), candidate(2, (face * 0.9).astype(np.uint8))]
    assert [pair[i].key for i in duplicates(pair)] == [pair[::-1][i].key for i in duplicates(pair[::-1])]
    assert duplicates([]) == {}


def test_rare_poses_and_brightness_are_all_in() -> None:
    empty = np.zeros((32, 32, 3), np.uint8)
    frontal = [candidate(i, empty) for i in range(200)]
    rare = [candidate(200 + i, empty, yaw, 0.2) for i, yaw in enumerate((-40.0, -10.0, 10.0, 40.0))]
    chosen = balanced(frontal + rare, 64)
    assert len(chosen) == 64 and set(range(200, 204)) <= set(chosen)
    keys = [(frontal + rare)[position].key for position in chosen]
    assert keys == sorted(keys)


def test_fewer_faces_than_asked_for_are_all_taken_and_order_makes_no_difference() -> None:
    empty = np.zeros((32, 32, 3), np.uint8)
    faces = [candidate(i, empty, yaw=i - 20.0, brightness=0.3 + i / 100) for i in range(40)]
    assert len(balanced(faces, 64)) == 40
    order = np.random.default_rng(0).permutation(40)
    mixed = [faces[i] for i in order]
    assert [faces[i].key for i in balanced(faces, 17)] == [mixed[i].key for i in balanced(mixed, 17)]


def test_bins_lie_between_their_edges() -> None:
    assert bin_of(-15.1, 0.34) == (0, 0) and bin_of(None, 0.5) == (2, 2) and bin_of(15.0, 0.65) == (4, 3)
