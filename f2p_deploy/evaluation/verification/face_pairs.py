"""Pairs of pictures that show the same person or two people, and how their pictures are opened."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from PIL import Image

from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.errors import InputError, PhotoError

#: Fewest pairs of a set: one for each of the ten folds.
FEWEST_PAIRS = 10

ColourOrder = Literal["auto", "rgb", "bgr"]

#: Errors of Pillow with damaged pictures.
_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, MemoryError,
            NotImplementedError, struct.error, zlib.error, Image.DecompressionBombError)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FacePairs:
    """A set of pairs. A picture may be in several pairs and is opened only when it is needed.

    Args:
        name: the set's name, such as `lfw`.
        names: name of each of the K pictures, for messages.
        pairs: (P, 2) int, the two pictures of each pair.
        same: (P,) bool, whether they show the same person.
        open_picture: returns a picture by its number, (H, W, 3) uint8 RGB; raises `PhotoError`.
        folds: (P,) int, the fold of each pair; None for ten folds of consecutive pairs.

    Raises:
        InputError: fewer than `FEWEST_PAIRS` pairs, pairs of one kind only, or arrays that do not fit one another.
    """

    name: str
    names: Sequence[str]
    pairs: np.ndarray
    same: np.ndarray
    open_picture: Callable[[int], np.ndarray]
    folds: np.ndarray | None = None

    def __post_init__(self) -> None:
        count = len(self.same)
        if self.pairs.shape != (count, 2) or (self.folds is not None and self.folds.shape != (count,)):
            raise InputError(f"{self.name}: {count} pairs need {count} answers and folds")
        if count < FEWEST_PAIRS:
            raise InputError(f"{self.name}: verification needs at least {FEWEST_PAIRS} pairs, found {count}")
        if self.same.all() or not self.same.any():
            kind = "the same person" if self.same.all() else "two people"
            raise InputError(f"{self.name}: all {count} pairs show {kind}; verification needs both kinds")

    @property
    def used(self) -> np.ndarray:
        """Return the numbers of the pictures that are in a pair, ascending."""
        return np.unique(self.pairs)

    def at_most(self, limit: int | None) -> "FacePairs":
        """Return a set of at most `limit` pairs, evenly spaced in this one; None for all."""
        if limit is None or limit >= len(self.same):
            return self
        kept = np.linspace(0, len(self.same) - 1, limit).round().astype(int)
        folds = None if self.folds is None else self.folds[kept]
        return replace(self, pairs=self.pairs[kept], same=self.same[kept], folds=folds)


def check_colour_order(word: str) -> ColourOrder:
    """Return the order of colours if it is one of `ColourOrder`.

    Raises:
        InputError: another word.
    """
    if word not in get_args(ColourOrder):
        raise InputError(f"no colour order named {word!r}{suggestion(word, get_args(ColourOrder))}")
    return word  # type: ignore[return-value]


def consecutive_pairs(count: int) -> np.ndarray:
    """Return the (count, 2) numbers of pictures that are stored pair by pair: 0 and 1, 2 and 3, ..."""
    return np.arange(2 * count).reshape(count, 2)


def decode_picture(content: object, name: str) -> np.ndarray:
    """Return a compressed picture as (H, W, 3) uint8 RGB.

    Args:
        content: a JPEG or PNG file, as bytes or a uint8 array.
        name: name of the picture, for the message.

    Raises:
        PhotoError: it is damaged, or no picture.
    """
    if isinstance(content, np.ndarray) and content.dtype == np.uint8:
        content = content.tobytes()
    if not isinstance(content, bytes):
        raise PhotoError("unreadable", f"{name}: this entry holds no picture")
    try:
        with Image.open(io.BytesIO(content)) as opened:
            return np.array(opened.convert("RGB"))
    except _DAMAGED as error:
        raise PhotoError("unreadable", f"{name}: the picture is damaged or incomplete") from error


def picture_of_array(values: np.ndarray, order: ColourOrder, name: str) -> np.ndarray:
    """Return one entry of an array of pictures as (H, W, 3) uint8 RGB.

    Args:
        values: (H, W, 3) uint8, or (3, H, W) floats in [-1, 1].
        order: order of its colours; `auto` takes uint8 as RGB and floats as BGR, as face.evoLVe stores them.
        name: name of the picture, for the message.

    Raises:
        PhotoError: values that are not finite or not in [-1, 1].
    """
    if values.dtype == np.uint8:
        picture, is_bgr = np.array(values), order == "bgr"
    else:
        planes = np.asarray(values, np.float32)
        if not np.isfinite(planes).all() or np.abs(planes).max() > 1.01:
            raise PhotoError("unreadable", f"{name}: its values are not in [-1, 1]")
        picture = np.clip(np.rint((planes.transpose(1, 2, 0) + 1.0) * 127.5), 0, 255).astype(np.uint8)
        is_bgr = order != "rgb"
    return np.ascontiguousarray(picture[:, :, ::-1]) if is_bgr else picture


def check_array_of_pictures(shape: Sequence[int], dtype: np.dtype, answers: int, where: object) -> None:
    """Check that an array holds two pictures for each answer, in one of the two layouts of `picture_of_array`.

    Raises:
        InputError: another shape or dtype, or another number of pictures.
    """
    last = dtype == np.uint8 and len(shape) == 4 and shape[3] == 3
    first = dtype.kind == "f" and len(shape) == 4 and shape[1] == 3
    if not (last or first):
        raise InputError(
            f"{where} should hold pictures (2N, H, W, 3) uint8 or (2N, 3, H, W) floats in [-1, 1], "
            f"found {tuple(shape)} {dtype}"
        )
    if shape[0] != 2 * answers:
        raise InputError(f"{where} holds {shape[0]} pictures, but the list beside it has {answers} pairs")
