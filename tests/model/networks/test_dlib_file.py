"""dlib's weights file, and the network loaded from it compared with dlib itself."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.dlib_file import read_dlib_weights  # noqa: E402
from f2p_deploy.model.networks.dlib_resnet import DlibResNet  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


@pytest.fixture(scope="module")
def models() -> Path:
    """The folder of dlib's models. The package is located without import, since it needs an old setuptools."""
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("face_recognition_models is not installed (extra dev)")
    return Path(spec.submodule_search_locations[0]) / "models"


@pytest.fixture(scope="module")
def weights(models: Path) -> Path:
    return models / "dlib_face_recognition_resnet_model_v1.dat"


def test_computes_what_dlib_computes(weights: Path, models: Path, astronaut: np.ndarray) -> None:
    dlib = pytest.importorskip("dlib")
    find = dlib.get_frontal_face_detector()
    points = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
    chip = dlib.get_face_chip(astronaut, points(astronaut, find(astronaut, 0)[0]), 150, 0.25)
    chips = [chip, np.ascontiguousarray(chip[:, ::-1]), np.ascontiguousarray(255 - chip)]
    theirs = np.array(dlib.face_recognition_model_v1(str(weights)).compute_face_descriptor(chips))
    network = DlibResNet().eval()
    network.load_state_dict(read_dlib_weights(weights))
    with torch.inference_mode():
        ours = network(torch.from_numpy(np.stack(chips).transpose(0, 3, 1, 2).astype(np.float32) / 255))
    np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-6)


@pytest.mark.parametrize("kept", [0, 10, 1000, 1_000_000, 22_465_000])
def test_a_truncated_file_is_refused(weights: Path, tmp_path: Path, kept: int) -> None:
    part = tmp_path / "part.dat"
    part.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(InputError, match="part.dat"):
        read_dlib_weights(part)


def test_another_model_of_dlibs_is_refused(models: Path) -> None:
    with pytest.raises(InputError, match="face recognition network"):
        read_dlib_weights(models / "mmod_human_face_detector.dat")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing.dat"):
        read_dlib_weights(tmp_path / "nothing.dat")
