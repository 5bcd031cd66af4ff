"""What several tests of the search need: a runtime of the small bundle, and two faces."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.runtimes import Runtime, load

if TYPE_CHECKING:
    from f2p_deploy.export import Faces


@pytest.fixture(scope="module")
def runtime(small_artifact: Path) -> Runtime:
    return load(small_artifact, "onnxruntime", threads=1)


@pytest.fixture(scope="module")
def faces(small_faces: "Faces") -> np.ndarray:
    return small_faces.images[:2]
