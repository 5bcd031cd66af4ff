"""The choice of a reader by the suffix."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.evaluation.verification.open_pairs import open_face_pairs
from f2p_deploy.system.errors import InputError


def test_each_suffix_has_its_reader(
    tmp_path: Path, jpegs: list[bytes], pictures: np.ndarray, answers: np.ndarray
) -> None:
    (tmp_path / "lfw.bin").write_bytes(pickle.dumps((jpegs, answers.tolist())))
    np.save(tmp_path / "lfw.npy", pictures)
    np.savez(tmp_path / "lfw.npz", pictures)
    np.save(tmp_path / "lfw_list.npy", answers)
    (tmp_path / "lfw.csv").write_text("\n".join(f"{2 * i}.png,{2 * i + 1}.png,{i % 2 ^ 1}" for i in range(20)))
    for suffix in (".bin", ".npy", ".npz", ".csv"):
        pairs = open_face_pairs(tmp_path / f"lfw{suffix}")
        assert pairs.name == "lfw" and (pairs.same == answers).all() and len(pairs.names) == 40
    assert (open_face_pairs(tmp_path / "lfw.npy", "bgr").open_picture(0) == pictures[0][..., ::-1]).all()


def test_a_folder_of_bcolz_is_known(tmp_path: Path) -> None:
    pytest.importorskip("blosc")
    (tmp_path / "lfw" / "meta").mkdir(parents=True)
    for name in ("sizes", "storage"):
        (tmp_path / "lfw" / "meta" / name).write_text("{}")
    with pytest.raises(InputError, match="do not describe an array of bcolz"):
        open_face_pairs(tmp_path / "lfw")


def test_what_is_no_set_of_pairs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not one of bcolz .* --people"):
        open_face_pairs(tmp_path)
    with pytest.raises(InputError, match="there is no file of pairs"):
        open_face_pairs(tmp_path / "gone.bin")
    (tmp_path / "a.mat").touch()
    with pytest.raises(InputError, match=r"pairs are read from \.bin, \.npy"):
        open_face_pairs(tmp_path / "a.mat")
