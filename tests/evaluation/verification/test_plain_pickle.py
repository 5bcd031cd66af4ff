"""Pickles of plain data are read as `pickle` reads them; all others are refused, and nothing in them runs."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f2p_deploy.evaluation.verification.plain_pickle import NotPlainError, plain_data, read_plain_pickle
from f2p_deploy.system.errors import InputError


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_is_what_pickle_reads(protocol: int) -> None:
    again = b"twice"
    data: Any = (
        [b"a" * 300, again, again, b"\xff\x00", b""],
        [True, False, True],
        [1, -5, 70000, 2**40, 0.5, "text", None],
        (),
        (1, 2, 3, 4),
    )
    assert plain_data(pickle.dumps(data, protocol)) == data


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_scalars_of_numpy_are_read(protocol: int) -> None:
    arrays = [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        np.array([True, False]),
        np.arange(3, dtype=">i8"),
        np.arange(10)[::2],
    ]
    read = plain_data(pickle.dumps((arrays, [np.True_, np.int64(5)]), protocol))
    for mine, theirs in zip(read[0], arrays, strict=True):
        assert mine.dtype == theirs.dtype and (mine == theirs).all()
    assert read[1] == [True, 5]


def test_bytes_of_python_2_stay_bytes() -> None:
    written_by_python_2 = b"\x80\x02]q\x00(U\x03ab\xffq\x01T\x02\x00\x00\x00cdq\x02e]q\x03(\x88\x89e\x86q\x04."
    assert plain_data(written_by_python_2) == ([b"ab\xff", b"cd"], [True, False])


class Command:
    """Runs a command where a pickle of it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_with_a_command_is_refused_and_not_run(protocol: int, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = tmp_path / "lfw.bin"
    path.write_bytes(pickle.dumps(([b"a", Command(marker)], [True]), protocol))
    with pytest.raises(InputError, match=r"lfw\.bin is not read: it holds more than lists, bytes, numbers and arrays"):
        read_plain_pickle(path)
    assert not marker.exists()
    pickle.loads(path.read_bytes())  # what the command would have done
    assert marker.exists()


@pytest.mark.parametrize(
    "data", [{"a": 1}, {1, 2}, np.array([Path("a")], object), np.array(["text"]), range(3), np.dtype("V8")]
)
def test_other_kinds_of_data_are_refused(data: Any) -> None:
    with pytest.raises(NotPlainError):
        plain_data(pickle.dumps([data]))


def test_damaged_files_are_one_sentence(tmp_path: Path) -> None:
    whole = pickle.dumps(([b"a" * 50] * 5, [np.arange(4, dtype=np.uint8), True]), 2)
    path = tmp_path / "lfw.bin"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="damaged, or no file of pairs"):
            read_plain_pickle(path)
    rng = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            broken[place] = rng.integers(0, 256)
        path.write_bytes(bytes(broken))
        try:
            read_plain_pickle(path)
        except InputError as error:
            assert "lfw.bin" in str(error)
    with pytest.raises(InputError, match="cannot read"):
        read_plain_pickle(tmp_path / "gone.bin")
