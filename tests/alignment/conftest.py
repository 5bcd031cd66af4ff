"""The finder and the template shared by the tests of alignment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from f2p_deploy.alignment import MediaPipeFinder


@pytest.fixture(scope="session")
def finder(landmarker: Path) -> Iterator[MediaPipeFinder]:
    """MediaPipe's finder; it is loaded once."""
    pytest.importorskip("mediapipe")
    finder = MediaPipeFinder(landmarker)
    yield finder
    finder.close()


@pytest.fixture(scope="session")
def template() -> dict[str, tuple[float, float]]:
    """The five points of a plausible average face, in fractions of the square."""
    return {
        "left-eye": (0.36, 0.40),
        "right-eye": (0.64, 0.40),
        "nose-tip": (0.50, 0.56),
        "mouth-left": (0.40, 0.70),
        "mouth-right": (0.60, 0.70),
    }
