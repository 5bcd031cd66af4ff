"""What the whole suite shares: the data that is not in the repository, and the sample photo."""

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data that is not in the repository."""
    folder = Path(os.environ.get("F2P_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no data folder {folder}: set F2P_SHARED")
    return folder


@pytest.fixture(scope="session")
def makehuman_assets(shared: Path) -> Path:
    """The folder that holds `makehuman/` and `mpfb2/`, the reference engine's assets."""
    folder = shared / "data"
    if not (folder / "makehuman").is_dir():
        pytest.skip(f"no MakeHuman assets in {folder}")
    return folder


@pytest.fixture(scope="session")
def landmarker(shared: Path) -> Path:
    """The model file of MediaPipe's FaceLandmarker."""
    path = shared / "data" / "mediapipe" / "face_landmarker.task"
    if not path.is_file():
        pytest.skip(f"no face landmarker at {path}")
    return path


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """(512, 512, 3) uint8 RGB: NASA's portrait of Eileen Collins, public domain."""
    return pytest.importorskip("skimage.data").astronaut()
