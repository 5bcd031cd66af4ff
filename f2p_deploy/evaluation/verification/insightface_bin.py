"""Pairs from InsightFace's `.bin` files: a pickle of the compressed pictures, pair by pair, and of the answers."""

from pathlib import Path

import numpy as np

from f2p_deploy.evaluation.verification.face_pairs import FacePairs, consecutive_pairs, decode_picture
from f2p_deploy.evaluation.verification.plain_pickle import read_plain_pickle
from f2p_deploy.system.errors import InputError


def read_insightface_bin(path: Path) -> FacePairs:
    """Return the pairs of a `.bin` file, without executing its pickle; a picture is decoded when it is opened.

    Args:
        path: the file; the set is named after it.

    Raises:
        InputError: it cannot be read, or does not hold a list of pictures and a list of half as many answers.
    """
    data = read_plain_pickle(path)
    if not (isinstance(data, tuple | list) and len(data) == 2 and isinstance(data[0], list)):
        raise InputError(f"{path} should hold a list of pictures and a list of answers, as InsightFace's files do")
    pictures = data[0]
    try:
        answers = np.array(data[1])
    except ValueError as error:
        raise InputError(f"{path}: its answers are not a list of true and false") from error
    if answers.ndim != 1 or answers.dtype.kind not in "biu":
        raise InputError(f"{path}: its answers are not a list of true and false")
    if len(pictures) != 2 * len(answers):
        raise InputError(f"{path} holds {len(pictures)} pictures for {len(answers)} pairs: it should be two for each")
    names = [f"{path.name}, picture {i}" for i in range(len(pictures))]
    return FacePairs(
        name=path.stem,
        names=names,
        pairs=consecutive_pairs(len(answers)),
        same=answers.astype(bool),
        open_picture=lambda i: decode_picture(pictures[i], names[i]),
    )
