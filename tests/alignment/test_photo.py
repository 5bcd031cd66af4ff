import io
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from f2p_deploy.alignment import decode_photo, open_photo, read_photo
from f2p_deploy.alignment.photo import _without_warnings
from f2p_deploy.system.errors import PhotoError

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


def test_the_content_of_a_file_is_read_as_the_file_is(tmp_path: Path, astronaut: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(astronaut).save(tmp_path / "turned.jpg", exif=exif.tobytes())
    content = (tmp_path / "turned.jpg").read_bytes()
    assert np.array_equal(decode_photo(content, "a.jpg").pixels, read_photo(tmp_path / "turned.jpg"))
    with pytest.raises(PhotoError, match="a.jpg: the picture is damaged or incomplete"):
        decode_photo(content[:3000], "a.jpg")


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


def test_a_damaged_avif_file(tmp_path: Path, astronaut: np.ndarray) -> None:
    Image.fromarray(astronaut).save(tmp_path / "a.avif")
    content = (tmp_path / "a.avif").read_bytes()
    place = content.index(b"ispe") + 4
    without_size = content[:place] + bytes(12) + content[place + 12 :]
    for damage in (without_size, content.replace(b"iinf", b"iinx"), content[:-400]):
        (tmp_path / "a.avif").write_bytes(damage)
        assert refused(tmp_path / "a.avif").reason == "unreadable"


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


def test_a_telephones_200_megapixels_are_read_reduced(tmp_path: Path) -> None:
    # The right third is white; greyscale saves memory.
    picture = Image.new("L", (16320, 12240))
    picture.paste(255, (10880, 0, 16320, 12240))
    picture.save(tmp_path / "phone.jpg", quality=50)
    photo = open_photo(tmp_path / "phone.jpg")
    assert photo.pixels.shape == (6120, 8160, 3) and photo.reduction == 2
    assert photo.pixels[3000, 5436].max() < 10 and photo.pixels[3000, 5444].min() > 245


@pytest.mark.parametrize("kind", ["rgb.jpg", "rgb.png", "rgba.png", "palette.png", "grey.png", "deep.png", "float.tif"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_every_kind_of_large_picture_is_reduced(
    tmp_path: Path, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch, kind: str, orientation: int
) -> None:
    image = Image.fromarray(astronaut[:501])
    grey = np.asarray(image.convert("L"))
    picture = {
        "rgb.jpg": image,
        "rgb.png": image,
        "rgba.png": image.convert("RGBA"),
        "palette.png": image.quantize(256),
        "grey.png": image.convert("L"),
        "deep.png": Image.fromarray(grey.astype(np.uint16) * 257),
        "float.tif": Image.fromarray(grey.astype(np.float32) / 255),
    }[kind]
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / kind, exif=exif)
    whole = open_photo(tmp_path / kind)
    monkeypatch.setattr("f2p_deploy.alignment.photo.MOST_KEPT_PIXELS", 100_000)
    made = open_photo(tmp_path / kind)
    assert (whole.reduction, made.reduction) == (1, 2)
    expected = np.asarray(Image.fromarray(whole.pixels).reduce(2), float)
    assert made.pixels.shape == expected.shape and sorted(made.pixels.shape) == [3, 251, 256]
    # If the last row has no partner, it is at the other end after the picture is turned.
    assert np.abs(made.pixels - expected)[2:-2, 2:-2].mean() < (3 if orientation == 1 and kind != "palette.png" else 12)


# Expected memory in MB: 120 for the file's pixels (30 for a JPEG, decoded at half its size), and 120 and twice 90 for
# the result. The whole picture as RGB would need 480 more.
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the most memory ever used is read from Linux")
@pytest.mark.parametrize(("suffix", "mode", "most"), [("png", "P", 450), ("jpg", "L", 370)])
def test_memory_for_a_large_picture_is_bounded(tmp_path: Path, suffix: str, mode: str, most: int) -> None:
    Image.new(mode, (12000, 10000)).save(tmp_path / f"large.{suffix}")
    code = (
        "import pathlib, sys; from f2p_deploy.alignment import open_photo\n"
        "peak = lambda: int(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "before = peak(); photo = open_photo(sys.argv[1]); print((peak() - before) / 1e3, photo.reduction)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / f"large.{suffix}")], capture_output=True, text=True, check=True
    )
    used, reduction = ran.stdout.split()
    assert reduction == "2"
    assert float(used) < most, used


def test_the_limit_is_named(tmp_path: Path) -> None:
    Image.new("1", (16001, 16001)).save(tmp_path / "empty.png")
    assert "257 megapixels; at most 256 are read" in str(refused(tmp_path / "empty.png"))


def test_pillows_own_limit_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    assert read_photo(tmp_path / "a.png").shape == (64, 64, 3)
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_threads_leave_the_warning_filters_as_they_were() -> None:
    before = list(warnings.filters)
    inside, outside = threading.Event(), threading.Event()

    def second() -> None:
        with _without_warnings():
            inside.set()
            outside.wait()

    with _without_warnings():
        thread = threading.Thread(target=second)
        thread.start()
        inside.wait()
    outside.set()
    thread.join()
    assert warnings.filters == before


def test_a_heic_file_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 200)
    assert "JPEG" in str(refused(tmp_path / "phone.heic"))


def test_twenty_pixels_are_too_few(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "tiny.png")
    error = refused(tmp_path / "tiny.png")
    assert error.reason == "too-small" and "20x20" in str(error)


def test_a_small_limit_of_pixels_is_told_as_it_is(tmp_path: Path) -> None:
    Image.new("L", (500, 600)).save(tmp_path / "a.png")
    with pytest.raises(PhotoError, match="500x600 pixels are 0.3 megapixels; at most 0.2 are read") as error:
        decode_photo((tmp_path / "a.png").read_bytes(), "a.png", 200_000)
    assert error.value.reason == "too-many-pixels"
