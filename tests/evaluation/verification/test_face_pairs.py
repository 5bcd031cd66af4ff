"""Sets of pairs: what they check, and how pictures are decoded."""

import numpy as np
import pytest

from f2p_deploy.evaluation.verification.face_pairs import (
    FacePairs,
    check_array_of_pictures,
    check_colour_order,
    consecutive_pairs,
    decode_picture,
    picture_of_array,
)
from f2p_deploy.system.errors import InputError, PhotoError


def make(same: list[bool], **other: object) -> FacePairs:
    count = len(same)
    facts = {"folds": None, "pairs": consecutive_pairs(count), **other}
    return FacePairs("toy", [str(i) for i in range(2 * count)], same=np.array(same, bool), open_picture=len, **facts)  # type: ignore[arg-type]


def test_too_few_pairs_one_kind_and_other_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="at least 10 pairs, found 4"):
        make([True, False] * 2)
    with pytest.raises(InputError, match="all 12 pairs show two people"):
        make([False] * 12)
    with pytest.raises(InputError, match="12 pairs need 12"):
        make([True, False] * 6, folds=np.zeros(3, int))


def test_a_limit_takes_pairs_from_the_whole_set_with_their_folds() -> None:
    pairs = make([True, False] * 10 + [False, True] * 10, folds=np.arange(40) // 4)
    few = pairs.at_most(15)
    assert len(few.same) == 15 and few.folds is not None and set(few.folds) == set(range(10))
    assert few.pairs[0].tolist() == [0, 1] and few.pairs[-1].tolist() == [78, 79]
    assert pairs.at_most(None) is pairs and pairs.at_most(40) is pairs
    assert len(few.used) == 30


def test_pictures_are_decoded_or_named(jpegs: list[bytes], pictures: np.ndarray) -> None:
    decoded = decode_picture(jpegs[0], "a")
    assert np.abs(decoded.astype(int) - pictures[0]).mean() < 3
    assert (decode_picture(np.frombuffer(jpegs[0], np.uint8), "a") == decoded).all()
    for damaged in (jpegs[0][:300], b"", b"no picture", 3, None, np.zeros(4)):
        with pytest.raises(PhotoError, match=r"^lfw\.bin, picture 7: "):
            decode_picture(damaged, "lfw.bin, picture 7")


def test_arrays_of_both_layouts_and_orders_are_the_same_picture(pictures: np.ndarray) -> None:
    rgb = pictures[0]
    planes = (rgb.transpose(2, 0, 1) / 127.5 - 1.0).astype(np.float32)
    assert (picture_of_array(rgb, "auto", "a") == rgb).all()
    assert (picture_of_array(rgb[:, :, ::-1], "bgr", "a") == rgb).all()
    assert (picture_of_array(planes, "rgb", "a") == rgb).all()
    assert (picture_of_array(planes[::-1], "auto", "a") == rgb).all()
    assert (picture_of_array(planes[::-1], "bgr", "a") == rgb).all()
    with pytest.raises(PhotoError, match="not in"):
        picture_of_array(planes * np.float32("nan"), "rgb", "a")
    with pytest.raises(PhotoError, match="not in"):
        picture_of_array(planes * 255, "rgb", "a")


def test_other_arrays_and_words_are_refused() -> None:
    check_array_of_pictures((20, 3, 112, 112), np.dtype(np.float32), 10, "a")
    check_array_of_pictures((20, 112, 112, 3), np.dtype(np.uint8), 10, "a")
    for shape, dtype in (((20, 112, 112), np.uint8), ((20, 112, 112, 3), np.float32), ((20, 3, 112, 112), np.uint8)):
        with pytest.raises(InputError, match="should hold pictures"):
            check_array_of_pictures(shape, np.dtype(dtype), 10, "a")
    with pytest.raises(InputError, match="holds 20 pictures, but the list beside it has 11 pairs"):
        check_array_of_pictures((20, 112, 112, 3), np.dtype(np.uint8), 11, "a")
    with pytest.raises(InputError, match="no colour order named 'brg'"):
        check_colour_order("brg")
