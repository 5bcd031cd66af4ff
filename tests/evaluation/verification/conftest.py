"""Sets of pairs of generated pictures, and a report of which the figures are known."""

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from f2p_deploy.evaluation.verification.face_pairs import FacePairs
    from f2p_deploy.evaluation.verification.measure_verification import VerificationReport

#: Pairs in the sets.
PAIRS = 20


@pytest.fixture
def pictures() -> np.ndarray:
    """(40, 112, 112, 3) uint8 RGB: one smooth picture in many colours."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:112, 0:112] / 112
    waves = np.sin(6 * x[..., None] + 3 * y[..., None] + np.arange(3)) * 0.5 + 0.5
    return (waves * 255 * rng.uniform(0.3, 1.0, (2 * PAIRS, 1, 1, 3))).astype(np.uint8)


@pytest.fixture
def answers() -> np.ndarray:
    """(20,) bool: same and different in turns."""
    return np.arange(PAIRS) % 2 == 0


@pytest.fixture
def jpegs(pictures: np.ndarray) -> list[bytes]:
    """The pictures as JPEG files."""
    files = []
    for picture in pictures:
        content = io.BytesIO()
        Image.fromarray(picture).save(content, "JPEG", quality=95)
        files.append(content.getvalue())
    return files


@pytest.fixture
def generated_pairs(pictures: np.ndarray, answers: np.ndarray) -> "FacePairs":
    """The pictures as a set called `toy`."""
    from f2p_deploy.evaluation.verification.face_pairs import FacePairs, consecutive_pairs

    names = [f"p{i}.png" for i in range(2 * PAIRS)]
    return FacePairs("toy", names, consecutive_pairs(PAIRS), answers, lambda i: pictures[i])


@pytest.fixture
def known_verification(generated_pairs: "FacePairs") -> "VerificationReport":
    """One-shot is always right; the recognition network is right about half of the pairs; picture 3 was refused."""
    from dataclasses import replace

    from f2p_deploy.evaluation.landmarks.landmark_report import Refused
    from f2p_deploy.evaluation.verification.face_features import EMBEDDING, FaceFeatures
    from f2p_deploy.evaluation.verification.fold_accuracy import PcaSettings
    from f2p_deploy.evaluation.verification.measure_verification import VerificationReport, measure_pairs

    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((2 * PAIRS, 8)).astype(np.float32)
    right = vectors.copy()
    right[1::2][generated_pairs.same] = right[0::2][generated_pairs.same] + 0.01
    right[1::2][~generated_pairs.same] = -right[0::2][~generated_pairs.same]
    found = np.arange(2 * PAIRS) != 3
    refused = (Refused("p3.png", "no-face", "p3.png: no face was found"),)
    features = FaceFeatures({"one-shot": right, EMBEDDING: vectors}, found, refused)
    pca = PcaSettings()
    sets = tuple(measure_pairs(replace(generated_pairs, name=name), features, pca) for name in ("toy", "lfw"))
    features = ("one-shot", EMBEDDING)
    return VerificationReport("demo", "my/demo", "f" * 8, "torch", features, "Aligned by hand.", pca, sets)
