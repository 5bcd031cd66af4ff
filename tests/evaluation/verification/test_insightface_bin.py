"""InsightFace's `.bin` files."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.evaluation.verification.insightface_bin import read_insightface_bin
from f2p_deploy.system.errors import InputError, PhotoError


def write(path: Path, data: object) -> Path:
    path.write_bytes(pickle.dumps(data, pickle.HIGHEST_PROTOCOL))
    return path


@pytest.mark.parametrize("as_arrays", [False, True])
def test_pictures_and_answers_are_read(
    tmp_path: Path, jpegs: list[bytes], pictures: np.ndarray, answers: np.ndarray, as_arrays: bool
) -> None:
    stored = [np.frombuffer(jpeg, np.uint8) for jpeg in jpegs] if as_arrays else jpegs
    pairs = read_insightface_bin(write(tmp_path / "lfw.bin", (stored, answers if as_arrays else answers.tolist())))
    assert pairs.name == "lfw" and (pairs.same == answers).all() and pairs.folds is None
    assert pairs.pairs[3].tolist() == [6, 7]
    assert np.abs(pairs.open_picture(6).astype(int) - pictures[6]).mean() < 3


def test_a_damaged_picture_is_named_when_it_is_opened(tmp_path: Path, jpegs: list[bytes], answers: np.ndarray) -> None:
    jpegs[4] = jpegs[4][:100]
    pairs = read_insightface_bin(write(tmp_path / "lfw.bin", (jpegs, answers.tolist())))
    assert pairs.open_picture(5).shape == (112, 112, 3)
    with pytest.raises(PhotoError, match=r"^lfw\.bin, picture 4: "):
        pairs.open_picture(4)


def test_other_contents_are_refused(tmp_path: Path, jpegs: list[bytes], answers: np.ndarray) -> None:
    path = tmp_path / "lfw.bin"
    for data in (jpegs, (jpegs,), (b"a", [True]), 5):
        with pytest.raises(InputError, match="should hold a list of pictures and a list of answers"):
            read_insightface_bin(write(path, data))
    with pytest.raises(InputError, match="40 pictures for 19 pairs"):
        read_insightface_bin(write(path, (jpegs, answers.tolist()[1:])))
    for wrong in (["yes"] * 20, [[True], [True, False]], [0.5] * 20, 5):
        with pytest.raises(InputError, match="not a list of true and false"):
            read_insightface_bin(write(path, (jpegs, wrong)))
