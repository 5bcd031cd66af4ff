import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.alignment import read_photo


def deep_png(path: Path, values: np.ndarray) -> Path:
    """Write (H, W, C) uint16 as a PNG of 16 bits per channel, which Pillow cannot write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    return path


def every_value(channels: int) -> np.ndarray:
    """Return (256, 256, C) pixels with all 65,536 values in every colour channel; an alpha channel is opaque."""
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    colours = [np.roll(ramp, 7000 * i) for i in range(3 if channels > 2 else 1)]
    opaque = [np.full_like(ramp, 65535)] if channels in (2, 4) else []
    return np.stack([*colours, *opaque], axis=-1)


def rounded(values: np.ndarray) -> np.ndarray:
    colours = np.round(values[..., : 3 if values.shape[-1] > 2 else 1] / 257).astype(np.uint8)
    return np.broadcast_to(colours, (*colours.shape[:2], 3))


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_png_of_16_bits_is_rounded(tmp_path: Path, channels: int) -> None:
    values = every_value(channels)
    assert np.array_equal(read_photo(deep_png(tmp_path / "a.png", values)), rounded(values))


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_tiff_of_16_bits_is_rounded(tmp_path: Path, compression: str | None, order: str, channels: int) -> None:
    tifffile = pytest.importorskip("tifffile")
    values = every_value(channels)
    samples = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    tifffile.imwrite(
        tmp_path / "a.tif", values, photometric="rgb", compression=compression, byteorder=order, **samples
    )
    assert np.array_equal(read_photo(tmp_path / "a.tif"), rounded(values))


def test_alpha_is_rounded_too(tmp_path: Path) -> None:
    values = np.full((64, 64, 4), 0, np.uint16)
    values[..., 3] = 0x00FF  # 0.99 of 255
    assert read_photo(deep_png(tmp_path / "a.png", values))[0, 0, 0] == 254
