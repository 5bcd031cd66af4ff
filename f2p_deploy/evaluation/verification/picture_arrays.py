"""Pairs from NumPy arrays of pictures, `.npy` or `.npz`, beside a list of answers `<name>_list.npy`."""

import zipfile
from pathlib import Path

import numpy as np

from f2p_deploy.evaluation.verification.face_pairs import (
    ColourOrder,
    FacePairs,
    check_array_of_pictures,
    consecutive_pairs,
    picture_of_array,
)
from f2p_deploy.system.errors import InputError

_UNREADABLE = (ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile)


def read_picture_arrays(path: Path, order: ColourOrder = "auto") -> FacePairs:
    """Return the pairs of an array of pictures; an `.npy` file is read picture by picture.

    Args:
        path: `.npy`, or `.npz` with one array of pictures: (2N, H, W, 3) uint8 or (2N, 3, H, W) floats in [-1, 1].
        order: order of the colours, see `picture_of_array`.

    Raises:
        InputError: a file is missing or damaged, or has another content.
    """
    pictures, same = _load_pictures(path), read_answers(path)
    check_array_of_pictures(pictures.shape, pictures.dtype, len(same), path)
    names = [f"{path.name}, picture {i}" for i in range(len(pictures))]
    return FacePairs(
        name=path.stem,
        names=names,
        pairs=consecutive_pairs(len(same)),
        same=same,
        open_picture=lambda i: picture_of_array(pictures[i], order, names[i]),
    )


def read_answers(path: Path) -> np.ndarray:
    """Return the (N,) bool answers beside a file or folder of pictures: `<name>_list.npy` in the same folder.

    Raises:
        InputError: it is missing or damaged, or no list of true and false.
    """
    beside = path.absolute().with_name(f"{path.stem}_list.npy")
    if not beside.is_file():
        raise InputError(f"{path} needs a list of answers beside it: {beside.name}, one true or false for each pair")
    answers = _load(beside)
    if not isinstance(answers, np.ndarray) or answers.ndim != 1 or answers.dtype.kind not in "biu":
        raise InputError(f"{beside} should hold one true or false for each pair")
    return answers.astype(bool)


def _load_pictures(path: Path) -> np.ndarray:
    found = _load(path)
    if isinstance(found, np.ndarray):
        return found
    with found:
        names = found.files
        if len(names) != 1:
            raise InputError(f"{path} should hold one array of pictures, it holds {', '.join(names) or 'none'}")
        try:
            return found[names[0]]
        except _UNREADABLE as error:
            raise InputError(f"{path} is damaged, or its array does not hold numbers") from error


def _load(path: Path) -> np.ndarray | np.lib.npyio.NpzFile:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or 'it is no NumPy file'}") from error
    except _UNREADABLE as error:
        raise InputError(f"{path} is damaged, or no NumPy file of numbers") from error
