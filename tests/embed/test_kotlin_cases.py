"""The cases that only Kotlin has: decimals of every size, and a mesh."""

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.embed.kotlin_cases import decimal_cases, kotlin_cases, quick_warp_cases


def test_decimals_read_back_and_none_is_shorter() -> None:
    cases = decimal_cases()
    assert {"0.0", "1.0", "0.1", "0.5"} <= {text for _, text in cases} and any("e-" in text for _, text in cases)
    for number, text in cases:
        assert np.float32(text) == np.float32(number) and len(text) <= len(repr(number))


def test_squares_are_drawn_smaller_and_larger(astronaut: np.ndarray) -> None:
    cases = quick_warp_cases(astronaut)
    scales = [np.hypot(case["matrix"][0][0], case["matrix"][1][0]) for case in cases]
    assert min(scales) < 0.5 and max(scales) > 1
    assert all(np.std(case["pixels"]) > 5 and len(case["pixels"]) % 3 == 0 for case in cases)


def test_the_mesh_has_five_landmarks(served_artifact: Artifact) -> None:
    cases = kotlin_cases(served_artifact)
    points, landmarks = np.array(cases["mesh"]["points"]), np.array(cases["mesh"]["landmarks"])
    assert points.shape == (478, 2) and landmarks.shape == (5, 2)
    assert np.array_equal(landmarks[2], points[4]), "MediaPipe's tip of the nose"
    assert cases["characters"]
