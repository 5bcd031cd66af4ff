"""ONNX Runtime on a card, by its CUDA provider and by TensorRT for RTX: the golden vectors, and the same in a row."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.runtimes import RUNTIMES, Runtime, load
from f2p_deploy.runtimes.verification import verify
from f2p_deploy.system.errors import F2PError

NAMES = ("onnxruntime-cuda", "onnxruntime-trt-rtx")


@pytest.fixture(params=NAMES)
def runtime(request: pytest.FixtureRequest, small_artifact: Path) -> Runtime:
    reason = RUNTIMES[request.param].why_not_here()
    if reason:
        pytest.skip(reason)
    found = load(small_artifact, request.param)
    try:
        found.prepare(("one_shot",))
    except F2PError as error:
        pytest.skip(f"{request.param} on this card: {error}")
    return found


def test_the_golden_vectors(runtime: Runtime, small_artifact: Path) -> None:
    found = verify(small_artifact, runtime.name)
    assert found.measured.verified == "runtime"
    found.measured.require_parity()


def test_other_faces_give_other_answers_from_the_same_memory(runtime: Runtime, small_artifact: Path) -> None:
    faces = read_artifact(small_artifact).golden()["one_shot.face"]
    first, other = runtime.one_shot(faces[:1]), runtime.one_shot(faces[1:2])
    assert np.array_equal(runtime.one_shot(faces[:1]), first) and not np.allclose(first, other)
