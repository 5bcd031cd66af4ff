"""Further test cases for f2pkit's Kotlin: decimals, and the landmarks of a face mesh."""

from typing import Any

import numpy as np

from f2p_deploy.alignment.mediapipe import five_of_dense
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.embed.reference_cases import reference_cases

#: Number of points in MediaPipe's face mesh.
_MESH = 478


def kotlin_cases(artifact: Artifact) -> dict[str, Any]:
    """Return the cases of `reference_cases`, and those that only Kotlin has.

    `decimals` are pairs of a float32 and its shortest decimal, as Python writes it; `mesh` is a face mesh of random
    points with the five landmarks that it has.
    """
    points = np.random.default_rng(6).random((_MESH, 2)) * 500.0
    mesh = {"points": points.tolist(), "landmarks": five_of_dense(points).tolist()}
    return reference_cases(artifact) | {"decimals": decimal_cases(), "mesh": mesh}


def decimal_cases() -> list[list[Any]]:
    """Return float32 numbers in [0, 1], each with the text of the shortest decimal that reads back as the same."""
    rng = np.random.default_rng(5)
    powers = 2.0 ** -np.arange(1, 31)
    numbers = np.concatenate([rng.random(200), 10.0 ** rng.uniform(-9, 0, 50), powers, [0.0, 1.0, 0.1]])
    return [[float(number), str(float(str(number)))] for number in numbers.astype(np.float32)]
