"""Planes of codes: whole bytes from which every code comes back."""

import numpy as np
import pytest

from f2p_deploy.export.palette.planes import PLANES, pack, planes


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_codes_share_bytes(bits: int) -> None:
    codes = np.random.default_rng(0).integers(0, 2**bits, 64).astype(np.uint8)
    packed = pack(codes, bits)
    assert packed.nbytes == 64 * bits // 8
    each = 8 // bits
    assert np.array_equal((packed[:, None] >> (bits * np.arange(each))).reshape(-1) & (2**bits - 1), codes)


@pytest.mark.parametrize("bits", list(PLANES))
@pytest.mark.parametrize("count", [64, 61])
def test_planes_hold_every_bit(bits: int, count: int) -> None:
    codes = np.random.default_rng(0).integers(0, 2**bits, count).astype(np.uint16)
    found = np.zeros(count, np.uint16)
    for below, own, packed in planes(codes, bits):
        each = 8 // own
        parts = (packed[:, None] >> (own * np.arange(each))).reshape(-1)[:count] & (2**own - 1)
        assert packed.dtype == np.uint8
        found |= parts.astype(np.uint16) << below
    assert np.array_equal(found, codes)
