import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from f2p_deploy.alignment import read_photo
from f2p_deploy.alignment.colour import deep_to_grey, to_srgb

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def profile_of(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    """Return an ICC profile (version 2) of a device in some colour space."""
    white = struct.pack(">3i", 63190, 65536, 54061)
    tags = {b"wtpt": b"XYZ \0\0\0\0" + white, **tags}
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    header = struct.pack(">I4sI4s4s4s", start + len(data), b"lcms", 0x02400000, b"prtr", space, connection)
    header = header.ljust(36, b"\0") + b"acsp" + b"\0" * 28 + white
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def grey_profile(gamma: float) -> bytes:
    return profile_of(b"GRAY", {b"kTRC": b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256))})


def inverting_ink_profile() -> bytes:
    """Return a CMYK profile of a printer whose ink, in any colour, makes black paper white."""
    corners = [(255, 128, 128) if any(i >> bit & 1 for bit in range(4)) else (0, 128, 128) for i in range(16)]
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + bytes(np.array(corners, np.uint8)) + ramp * 3
    return profile_of(b"CMYK", {b"A2B0": lut}, b"Lab ")


def exchanged_profile() -> bytes:
    """Return an sRGB profile with red and blue exchanged."""
    profile = bytearray(SRGB)
    at = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(profile[131])}
    red, blue = at[b"rXYZ"], at[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def colours() -> Image.Image:
    y, x = np.mgrid[0:96, 0:96]
    return Image.fromarray(np.stack([y * 2, x, 255 - y], -1).astype(np.uint8))


def test_the_profile_of_these_tests_exchanges_red_and_blue(tmp_path: Path) -> None:
    colours().save(tmp_path / "a.png", icc_profile=exchanged_profile())
    assert np.abs(read_photo(tmp_path / "a.png")[..., ::-1].astype(int) - np.asarray(colours())).max() <= 2


@pytest.mark.parametrize("kind", ["opaque", "half", "palette", "palette, transparent", "colour key"])
def test_colours_go_through_their_profile_before_transparency_and_palette(tmp_path: Path, kind: str) -> None:
    few = colours().quantize(64)
    rgb = few.convert("RGB")
    picture, alpha = rgb, np.ones((96, 96, 1))
    options: dict = {"icc_profile": exchanged_profile()}
    if kind in ("opaque", "half"):
        alpha = np.full((96, 96, 1), 1.0 if kind == "opaque" else 0.5)
        picture = rgb.copy()
        picture.putalpha(255 if kind == "opaque" else 128)
    elif kind == "colour key":
        options["transparency"] = rgb.getpixel((0, 0))
        alpha = (np.asarray(rgb) != np.asarray(rgb)[0, 0]).any(axis=-1, keepdims=True)
    else:
        picture = few
        if kind == "palette, transparent":
            options["transparency"] = few.getpixel((50, 50))
            alpha = (np.asarray(few) != options["transparency"])[..., None]
    picture.save(tmp_path / "a.png", **options)
    expected = np.asarray(rgb)[..., ::-1] * alpha + 255.0 * (1 - alpha)
    assert np.abs(read_photo(tmp_path / "a.png") - expected).max() <= 3


@pytest.mark.parametrize("alpha", [False, True])
def test_grey_goes_through_a_grey_profile(tmp_path: Path, alpha: bool) -> None:
    grey = Image.linear_gradient("L")
    if alpha:
        grey.putalpha(255)
    grey.save(tmp_path / "g.png", icc_profile=grey_profile(1.0))
    made = read_photo(tmp_path / "g.png")[:, 0].astype(int)
    assert np.array_equal(made[:, 0], made[:, 2])
    assert made[55, 0] == pytest.approx(128, abs=2)  # 0.216 of the light is 0.5 in sRGB
    assert made[0, 0] == 0 and made[255, 0] == 255


def test_sixteen_bit_grey_goes_through_a_grey_profile(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0, 65535, 256).round().astype(np.uint16)[:, None], 64, axis=1)
    Image.fromarray(ramp).save(tmp_path / "g.png", icc_profile=grey_profile(1.0))
    assert read_photo(tmp_path / "g.png")[55, 0, 0] == pytest.approx(128, abs=2)


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk_goes_through_its_profile(tmp_path: Path, suffix: str) -> None:
    inks = Image.new("CMYK", (96, 96), (255, 0, 0, 0))
    inks.paste((0, 0, 0, 0), (0, 0, 96, 48))
    inks.save(tmp_path / f"c.{suffix}", icc_profile=inverting_ink_profile())
    made = read_photo(tmp_path / f"c.{suffix}")
    assert made[10].max() < 12 and made[-10].min() > 243


def test_lab_is_read_with_and_without_a_profile(tmp_path: Path) -> None:
    lab = ImageCms.profileToProfile(
        colours(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    lab.save(tmp_path / "a.tif")
    embedded = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    lab.save(tmp_path / "b.tif", icc_profile=embedded)
    for name in ("a.tif", "b.tif"):
        assert np.abs(read_photo(tmp_path / name).astype(int) - np.asarray(colours())).mean() < 3


@pytest.mark.parametrize(
    ("profile", "says"), [(grey_profile(1.0), "for GRAY, the picture is RGB"), (b"no profile", "damaged")]
)
def test_a_profile_that_does_not_fit_is_left_out_with_a_line(
    profile: bytes, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    picture = colours()
    picture.info["icc_profile"] = profile
    with caplog.at_level("INFO", "f2p_deploy.alignment.colour"):
        assert np.array_equal(np.asarray(to_srgb(picture)), np.asarray(colours()))
    assert says in caplog.text


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_sixteen_bits_are_rounded(mode: str) -> None:
    values = np.arange(65536).reshape(256, 256)
    picture = Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.int32))
    assert picture.mode == mode
    assert np.array_equal(np.asarray(deep_to_grey(picture)), np.round(values / 257))


def test_floats_are_scaled_to_their_range() -> None:
    ramp = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (64, 1))
    for scale in (1.0, 7.0):
        assert np.array_equal(np.asarray(deep_to_grey(Image.fromarray(ramp * scale)))[0], np.arange(256))


@pytest.mark.parametrize(
    ("order", "photometric"), [("<", "minisblack"), (">", "minisblack"), ("<", "miniswhite")]
)
def test_a_deep_tiff_comes_out_as_it_was_meant(tmp_path: Path, order: str, photometric: str) -> None:
    tifffile = pytest.importorskip("tifffile")
    ramp = np.tile(np.linspace(0, 65535, 256).round().astype(np.uint16), (64, 1))
    tifffile.imwrite(tmp_path / "g.tif", ramp, byteorder=order, photometric=photometric)
    made = read_photo(tmp_path / "g.tif")[0, :, 0]
    assert np.array_equal(made[::-1] if photometric == "miniswhite" else made, np.arange(256))


def test_twelve_bits_reach_white() -> None:
    packed = b"\xff" * (64 * 64 * 3 // 2)
    words = [(258, 12), (259, 1), (262, 1), (277, 1)]
    longs = [(256, 64), (257, 64), (273, 8), (278, 64), (279, len(packed))]
    entries = [(tag, struct.pack("<HHIHH", tag, 3, 1, value, 0)) for tag, value in words]
    entries += [(tag, struct.pack("<HHII", tag, 4, 1, value)) for tag, value in longs]
    table = struct.pack("<H", len(entries)) + b"".join(entry for _, entry in sorted(entries)) + b"\0" * 4
    file = b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + table
    with Image.open(io.BytesIO(file)) as picture:
        picture.load()
        assert picture.mode == "I;16"
        assert np.asarray(deep_to_grey(picture)).min() == 255
