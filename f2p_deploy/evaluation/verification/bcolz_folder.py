"""Pairs from face.evoLVe's folders: an array of pictures that bcolz stored on disk, beside `<name>_list.npy`.

bcolz is not needed: its format (DISK_FORMAT_v1) is JSON files in `meta`, and in `data` one file for each chunk of rows,
`__0.blp`, `__1.blp`, ..., of a header of 16 bytes and a Blosc 1 chunk.
"""

import json
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.evaluation.verification.face_pairs import (
    ColourOrder,
    FacePairs,
    check_array_of_pictures,
    consecutive_pairs,
    picture_of_array,
)
from f2p_deploy.evaluation.verification.picture_arrays import read_answers
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError, MissingDependency, PhotoError
from f2p_deploy.system.extras import package_line

_HEADER = 16
_MAGIC = b"blpk"


def is_bcolz_folder(path: Path) -> bool:
    """Return whether a folder holds an array of bcolz."""
    return (path / "meta" / "sizes").is_file() and (path / "meta" / "storage").is_file()


def read_bcolz_folder(path: Path, order: ColourOrder = "auto") -> FacePairs:
    """Return the pairs of a folder that face.evoLVe reads; its chunks are read when their pictures are opened.

    Args:
        path: the array's folder, such as `lfw`, beside `lfw_list.npy`.
        order: order of the colours, see `picture_of_array`.

    Raises:
        InputError: a file is missing or damaged, or holds no pictures.
        MissingDependency: blosc is not installed.
    """
    try:
        blosc = import_module("blosc")
    except ImportError as error:
        raise MissingDependency(f"reading {path} needs blosc: {package_line('blosc')}") from error
    try:
        shape = tuple(int(size) for size in _json(path / "meta" / "sizes")["shape"])
        storage = _json(path / "meta" / "storage")
        dtype, rows = np.dtype(storage["dtype"]).newbyteorder("<"), int(storage["chunklen"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its files in meta do not describe an array of bcolz") from error
    if rows < 1:
        raise InputError(f"{path}: its chunks have {rows} rows")
    same = read_answers(path)
    check_array_of_pictures(shape, dtype.newbyteorder("="), len(same), path)
    names = [f"{path.name}, picture {i}" for i in range(shape[0])]

    @lru_cache(maxsize=2)
    def chunk(number: int) -> np.ndarray:
        count = min(rows, shape[0] - number * rows)
        content = _chunk(path / "data" / f"__{number}.blp", blosc)
        values = np.frombuffer(content, dtype)[: count * int(np.prod(shape[1:]))]
        return values.reshape(count, *shape[1:])

    def open_picture(i: int) -> np.ndarray:
        try:
            values = chunk(i // rows)[i % rows]
        except (OSError, ValueError) as error:
            raise PhotoError("unreadable", f"{names[i]}: {_where(i // rows)} is missing or damaged") from error
        return picture_of_array(values, order, names[i])

    return FacePairs(path.name, names, consecutive_pairs(len(same)), same, open_picture)


def _where(number: int) -> str:
    return f"data/__{number}.blp"


def _chunk(path: Path, blosc: Any) -> bytes:
    """Return the decompressed content of a chunk; raise `OSError` or `ValueError` if there is none."""
    content = path.read_bytes()
    header = content[_HEADER : 2 * _HEADER]  # of Blosc: four bytes, then three sizes, of which the last is the chunk's
    if content[:4] != _MAGIC or len(header) < _HEADER:
        raise ValueError("not a chunk")
    if int.from_bytes(header[12:16], "little") != len(content) - _HEADER:
        raise ValueError("a chunk of another length than it says")
    try:
        return bytes(blosc.decompress(content[_HEADER:]))
    except Exception as error:  # blosc has its own kind of error for a damaged chunk
        raise ValueError("a damaged chunk") from error


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot read {path}: it is not valid JSON{place_of(error)}") from error
