"""Divides codes of 3 to 12 bits into planes that fill whole bytes."""

from collections.abc import Iterator

import numpy as np

#: How the bits of a code are divided into planes, each of which fills whole bytes: the lowest bits first. Codes of 7
#: bits have a byte each: compressed, they are smaller than those of 8, and than their bits in three planes.
PLANES = {3: (2, 1), 4: (4,), 5: (4, 1), 6: (4, 2), 7: (8,), 8: (8,), 12: (8, 4)}


def planes(codes: np.ndarray, bits: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield the planes of codes: the number of bits below it, its own number of bits, and its bytes.

    Args:
        codes: uint8 below 2^bits, uint16 for more than 8 bits, of any shape.
        bits: of a code, a key of `PLANES`.
    """
    below, flat = 0, codes.reshape(-1)
    for own in PLANES[bits]:
        yield below, own, pack(((flat >> below) & (2**own - 1)).astype(np.uint8), own)
        below += own


def pack(codes: np.ndarray, bits: int) -> np.ndarray:
    """Return codes of 1, 2, 4 or 8 bits with several in a byte, the first one in its lowest bits.

    Args:
        codes: (N,) uint8 below 2^bits; a last byte that they do not fill ends in zeros.
        bits: of a code.
    """
    each = 8 // bits
    shifts = (bits * np.arange(each)).astype(np.uint8)
    filled = np.pad(codes, (0, -len(codes) % each))
    return np.bitwise_or.reduce(filled.reshape(-1, each) << shifts, axis=1).astype(np.uint8)
