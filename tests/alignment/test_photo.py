import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from f2p_deploy.alignment import read_photo
from f2p_deploy.errors import PhotoError

ORANGE = (250, 120, 10)


def refused(path: Path) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        read_photo(path)
    message = str(caught.value)
    assert message.startswith(f"{path.name}: ")
    assert "\n" not in message and len(message) < 300
    return caught.value


def test_a_jpeg_is_read_as_rgb(tmp_path: Path, astronaut: np.ndarray) -> None:
    Image.fromarray(astronaut).save(tmp_path / "a.jpg", quality=98)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.dtype == np.uint8 and photo.shape == (512, 512, 3)
    assert np.abs(photo.astype(float) - astronaut).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((80, 120, 3), np.uint8)
    upright[:40, :60], upright[:40, 60:] = (255, 0, 0), (0, 255, 0)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright.transpose(1, 0, 2), 2),
        8: np.rot90(upright, 3),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "o.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "o.png"), upright)


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    layered = np.zeros((64, 64, 4), np.uint8)
    layered[:32] = (*ORANGE, 255)
    Image.fromarray(layered).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert tuple(photo[0, 0]) == ORANGE
    assert tuple(photo[-1, 0]) == (255, 255, 255)


def test_a_transparent_palette_is_laid_on_white(tmp_path: Path) -> None:
    palette = Image.new("P", (64, 64), 0)
    palette.putpalette([0, 0, 0, *ORANGE])
    palette.paste(1, (0, 0, 64, 32))
    palette.save(tmp_path / "p.png", transparency=0)
    photo = read_photo(tmp_path / "p.png")
    assert tuple(photo[0, 0]) == ORANGE
    assert tuple(photo[-1, 0]) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_grey_becomes_three_equal_channels(tmp_path: Path, mode: str) -> None:
    Image.linear_gradient("L").convert(mode).save(tmp_path / "g.png")
    photo = read_photo(tmp_path / "g.png")
    assert np.array_equal(photo[..., 0], photo[..., 2])
    assert photo[-1].mean() > photo[0].mean() + 200


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, suffix: str) -> None:
    ramp = np.repeat(np.linspace(0, 65535, 256).astype(np.uint16)[:, None], 64, axis=1)
    Image.fromarray(ramp).save(tmp_path / f"d.{suffix}")
    photo = read_photo(tmp_path / f"d.{suffix}")
    assert np.abs(photo[:, 0, 0].astype(int) - np.arange(256)).max() <= 1


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), ORANGE).convert("CMYK").save(tmp_path / "c.jpg", quality=98)
    assert np.abs(read_photo(tmp_path / "c.jpg")[5, 5].astype(int) - ORANGE).max() < 12


def test_an_embedded_profile_changes_colours_and_a_broken_one_does_not_matter(tmp_path: Path) -> None:
    photo = Image.new("RGB", (64, 64), ORANGE)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo.save(tmp_path / "s.png", icc_profile=srgb)
    photo.save(tmp_path / "b.png", icc_profile=b"not a profile")
    for name in ("s.png", "b.png"):
        assert np.abs(read_photo(tmp_path / name)[0, 0].astype(int) - ORANGE).max() <= 1


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    frames[0].save(tmp_path / "m.gif", save_all=True, append_images=frames[1:])
    assert tuple(read_photo(tmp_path / "m.gif")[0, 0]) == (255, 0, 0)


def test_text_named_jpg(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("this is a shopping list\n" * 50)
    assert refused(tmp_path / "text.jpg").reason == "unreadable"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert refused(tmp_path / "empty.png").reason == "unreadable"


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp"])
def test_a_truncated_file(tmp_path: Path, astronaut: np.ndarray, suffix: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(astronaut).save(stream, {"jpg": "jpeg"}.get(suffix, suffix))
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(stream.getvalue()[: len(stream.getvalue()) // 2])
    error = refused(path)
    assert error.reason == "unreadable"


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    assert "folder" in str(refused(tmp_path))
    assert "no such file" in str(refused(tmp_path / "nobody.jpg"))


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b""))
    error = refused(tmp_path / "bomb.png")
    assert error.reason == "unreadable" and "3,600 megapixels; at most 256 are read" in str(error)


def test_a_heic_file_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 200)
    assert "JPEG" in str(refused(tmp_path / "phone.heic"))


def test_twenty_pixels_are_too_few(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "tiny.png")
    error = refused(tmp_path / "tiny.png")
    assert error.reason == "too-small" and "20x20" in str(error)
