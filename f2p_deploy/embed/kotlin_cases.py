"""Further test cases for f2pkit's Kotlin: decimals, squares for networks, and the landmarks of a face mesh."""

from typing import Any

import numpy as np

from f2p_deploy.alignment.mediapipe import five_of_dense
from f2p_deploy.alignment.warp import quick_warp
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.golden import samples_of
from f2p_deploy.embed.reference_cases import reference_cases

#: Number of points in MediaPipe's face mesh.
_MESH = 478

#: Edge in pixels of the squares for networks, their scales, and their rotation in rad.
_SQUARE = 40
_SCALES = (0.3, 0.7, 1.4)
_ANGLE = 0.4


def kotlin_cases(artifact: Artifact) -> dict[str, Any]:
    """Return the cases of `reference_cases`, and those that only Kotlin has.

    `decimals` and `quickWarps` are described below; `mesh` is a face mesh of random points with its five landmarks.
    """
    face = samples_of(artifact, artifact.golden(), "one_shot").inputs["face"][0]
    photo = np.rint(face.transpose(1, 2, 0) * 255.0).astype(np.uint8)
    points = np.random.default_rng(6).random((_MESH, 2)) * 500.0
    mesh = {"points": points.tolist(), "landmarks": five_of_dense(points).tolist()}
    own = {"decimals": decimal_cases(), "quickWarps": quick_warp_cases(photo), "mesh": mesh}
    return reference_cases(artifact) | own


def decimal_cases() -> list[list[Any]]:
    """Return float32 numbers in [0, 1], each with the text of the shortest decimal that reads back as the same."""
    rng = np.random.default_rng(5)
    powers = 2.0 ** -np.arange(1, 31)
    numbers = np.concatenate([rng.random(200), 10.0 ** rng.uniform(-9, 0, 50), powers, [0.0, 1.0, 0.1]])
    return [[float(number), str(float(str(number)))] for number in numbers.astype(np.float32)]


def quick_warp_cases(photo: np.ndarray) -> list[dict[str, Any]]:
    """Return squares that `quick_warp` draws of an (H, W, 3) uint8 photo: (2, 3) matrices, and pixels in order."""
    cases = []
    for scale in _SCALES:
        a, b = scale * np.cos(_ANGLE), scale * np.sin(_ANGLE)
        matrix = np.array([[a, -b, 9.0], [b, a, -3.0]])
        cases.append({"matrix": matrix.tolist(), "pixels": quick_warp(photo, matrix, _SQUARE).ravel().tolist()})
    return cases
