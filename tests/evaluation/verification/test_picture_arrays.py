"""Arrays of pictures beside a list of answers."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.evaluation.verification.picture_arrays import read_answers, read_picture_arrays
from f2p_deploy.system.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, answers: np.ndarray) -> Path:
    np.save(tmp_path / "lfw_list.npy", answers)
    return tmp_path


def test_uint8_and_floats_are_the_same_pictures(folder: Path, pictures: np.ndarray, answers: np.ndarray) -> None:
    np.save(folder / "lfw.npy", pictures)
    pairs = read_picture_arrays(folder / "lfw.npy")
    assert pairs.name == "lfw" and (pairs.same == answers).all() and (pairs.open_picture(5) == pictures[5]).all()
    planes = (pictures[..., ::-1].transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)
    np.savez_compressed(folder / "lfw.npz", planes)
    assert (read_picture_arrays(folder / "lfw.npz").open_picture(5) == pictures[5]).all()
    swapped = read_picture_arrays(folder / "lfw.npz", "rgb").open_picture(5)
    assert (swapped == pictures[5][..., ::-1]).all()


def test_missing_damaged_and_other_files_are_one_sentence(folder: Path, pictures: np.ndarray) -> None:
    path = folder / "lfw.npy"
    np.save(path, pictures[:, :, :, 0])
    with pytest.raises(InputError, match="should hold pictures"):
        read_picture_arrays(path)
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(InputError, match="no NumPy file of numbers"):
        read_picture_arrays(path)
    for content in (b"", b"text", b"\x93NUMPY\x01\x00", b"PK\x03\x04broken"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"lfw\.npy"):
            read_picture_arrays(path)
    np.savez(folder / "lfw.npz", pictures, pictures)
    with pytest.raises(InputError, match="one array of pictures, it holds arr_0, arr_1"):
        read_picture_arrays(folder / "lfw.npz")
    np.savez(folder / "lfw.npz", np.array([{"a": 1}]))
    with pytest.raises(InputError, match="does not hold numbers"):
        read_picture_arrays(folder / "lfw.npz")


def test_answers_are_checked(folder: Path, pictures: np.ndarray) -> None:
    np.save(folder / "agedb.npy", pictures)
    with pytest.raises(InputError, match=r"beside it: agedb_list\.npy"):
        read_picture_arrays(folder / "agedb.npy")
    for wrong in (np.zeros((3, 2), bool), np.zeros(3), np.array(["a"])):
        np.save(folder / "agedb_list.npy", wrong)
        with pytest.raises(InputError, match="one true or false for each pair"):
            read_answers(folder / "agedb.npy")
