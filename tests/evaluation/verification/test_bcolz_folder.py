"""face.evoLVe's folders, written by bcolz itself where it is installed, else in its format with blosc."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.evaluation.verification.bcolz_folder import is_bcolz_folder, read_bcolz_folder
from f2p_deploy.system.errors import InputError, MissingDependency, PhotoError


def planes(pictures: np.ndarray) -> np.ndarray:
    return (pictures[..., ::-1].transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)


def store(folder: Path, pictures: np.ndarray, answers: np.ndarray, rows: int) -> Path:
    """Write the format of bcolz's DISK_FORMAT_v1."""
    blosc = pytest.importorskip("blosc")
    np.save(folder / "lfw_list.npy", answers)
    path, values = folder / "lfw", planes(pictures)
    (path / "meta").mkdir(parents=True)
    (path / "data").mkdir()
    (path / "meta" / "sizes").write_text(json.dumps({"shape": values.shape, "nbytes": values.nbytes, "cbytes": 0}))
    (path / "meta" / "storage").write_text(json.dumps({"dtype": "float32", "chunklen": rows, "dflt": 0.0}))
    for number, begin in enumerate(range(0, len(values), rows)):
        chunk = blosc.compress(values[begin : begin + rows].tobytes(), typesize=4)
        (path / "data" / f"__{number}.blp").write_bytes(b"blpk\x01\x00\x00\x00\x01" + bytes(7) + chunk)
    return path


@pytest.mark.parametrize("chunklen", [1, 7, 64])
def test_what_bcolz_wrote_is_read(tmp_path: Path, pictures: np.ndarray, answers: np.ndarray, chunklen: int) -> None:
    bcolz = pytest.importorskip("bcolz")
    pytest.importorskip("blosc")
    stored = bcolz.carray(planes(pictures), rootdir=str(tmp_path / "lfw"), mode="w", chunklen=chunklen)
    stored.flush()
    np.save(tmp_path / "lfw_list.npy", answers)
    assert is_bcolz_folder(tmp_path / "lfw")
    pairs = read_bcolz_folder(tmp_path / "lfw")
    assert pairs.name == "lfw" and (pairs.same == answers).all()
    assert all((pairs.open_picture(i) == pictures[i]).all() for i in range(len(pictures)))


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_every_picture_is_read(tmp_path: Path, pictures: np.ndarray, answers: np.ndarray, rows: int) -> None:
    pairs = read_bcolz_folder(store(tmp_path, pictures, answers, rows))
    assert all((pairs.open_picture(i) == pictures[i]).all() for i in range(len(pictures)))


def test_damaged_chunks_are_named(tmp_path: Path, pictures: np.ndarray, answers: np.ndarray) -> None:
    path = store(tmp_path, pictures, answers, 4)
    chunk = path / "data" / "__1.blp"
    whole = chunk.read_bytes()
    for broken in (whole[:-20], b"", b"xxxx" + whole[4:], whole[:20] + b"\xff\xff\xff\x7f" + whole[24:]):
        chunk.write_bytes(broken)
        pairs = read_bcolz_folder(path)
        assert pairs.open_picture(3).shape == (112, 112, 3)
        with pytest.raises(PhotoError, match=r"^lfw, picture 5: data/__1\.blp is missing or damaged"):
            pairs.open_picture(5)
    chunk.unlink()
    with pytest.raises(PhotoError, match="lfw, picture 4"):
        read_bcolz_folder(path).open_picture(4)


def test_damaged_descriptions_are_one_sentence(tmp_path: Path, pictures: np.ndarray, answers: np.ndarray) -> None:
    path = store(tmp_path, pictures, answers, 4)
    for name in ("sizes", "storage"):
        file = path / "meta" / name
        whole = file.read_text()
        for wrong, words in (("{", "not valid JSON"), ("[]", "do not describe"), ("{}", "do not describe")):
            file.write_text(wrong)
            with pytest.raises(InputError, match=words):
                read_bcolz_folder(path)
        file.write_text(whole)
    (path / "meta" / "storage").write_text(json.dumps({"dtype": "float32", "chunklen": 0}))
    with pytest.raises(InputError, match="chunks have 0 rows"):
        read_bcolz_folder(path)


@pytest.mark.skipif(find_spec("blosc") is not None, reason="blosc is installed")
def test_without_blosc_the_line_to_install_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="needs blosc: .*install blosc"):
        read_bcolz_folder(tmp_path)


def test_other_folders_are_told_apart(tmp_path: Path) -> None:
    assert not is_bcolz_folder(tmp_path)
