"""What several tests of the search need: a runtime of the small bundle, and two faces."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.runtimes import Runtime, load

if TYPE_CHECKING:
    from f2p_deploy.export import Faces
    from f2p_deploy.model.bundle import Bundle


@pytest.fixture(scope="module")
def runtime(small_artifact: Path) -> Runtime:
    return load(small_artifact, "onnxruntime", threads=1)


@pytest.fixture(scope="module")
def faces(small_faces: "Faces") -> np.ndarray:
    return small_faces.images[:2]


@pytest.fixture(scope="session")
def fast_artifact(fast_bundle: "Bundle", small_faces: "Faces", tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    from f2p_deploy.export import export_bundle

    return export_bundle(fast_bundle, "onnx", tmp_path_factory.mktemp("fast") / "artifact", faces=small_faces)
