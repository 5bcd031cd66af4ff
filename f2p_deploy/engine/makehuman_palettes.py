"""The words of the discrete groups and what they look like. Colours are sRGB, 0 to 255."""

import numpy as np

SKIN_TONES = {
    "porcelain": (244, 216, 200),
    "fair": (236, 200, 178),
    "light": (226, 184, 158),
    "olive": (208, 166, 132),
    "tan": (186, 140, 106),
    "brown": (150, 105, 76),
    "dark-brown": (112, 76, 56),
    "ebony": (78, 53, 42),
}
HAIR_COLOURS = {
    "black": (40, 35, 34),
    "brown": (78, 54, 40),
    "chestnut": (122, 78, 50),
    "blond": (182, 146, 100),
    "red": (128, 66, 42),
    "grey": (146, 143, 140),
}
EYE_COLOURS = {
    "brown": (104, 66, 36),
    "dark": (58, 38, 26),
    "hazel": (132, 104, 54),
    "green": (98, 122, 78),
    "blue": (92, 128, 168),
    "grey": (128, 138, 144),
}
#: Lip colour, and how much of it covers the lips' own.
LIP_COLOURS = {
    "natural": ((190, 120, 110), 0.0),
    "rose": ((206, 104, 116), 0.6),
    "red": ((182, 34, 44), 0.75),
    "berry": ((128, 36, 66), 0.75),
    "coral": ((226, 102, 84), 0.65),
    "nude": ((176, 116, 94), 0.7),
}
#: Density of moustache, goatee and jaw, and how solid the hairs are.
BEARDS = {
    "none": (0.0, 0.0, 0.0, 0.0),
    "stubble": (0.34, 0.38, 0.34, 0.45),
    "moustache": (1.0, 0.0, 0.0, 0.3),
    "goatee": (1.0, 1.0, 0.0, 0.3),
    "full": (1.0, 1.0, 1.0, 0.3),
}
#: Hairstyles; `bald` has none and `cropped` is painted onto the scalp.
HAIRSTYLES = (
    "bald", "cropped", "short01", "short02", "short03", "short04", "bob01", "bob02", "braid01", "long01", "ponytail01",
)  # fmt: skip
WITHOUT_MESH = ("bald", "cropped")

EYEBROWS = tuple(f"eyebrow{number:03d}" for number in range(1, 13))

#: Every discrete group that the reference engine knows, with its options.
GROUPS = {
    "hair": HAIRSTYLES,
    "hair-colour": tuple(HAIR_COLOURS),
    "eyebrows": EYEBROWS,
    "eye-colour": tuple(EYE_COLOURS),
    "lip-colour": tuple(LIP_COLOURS),
    "skin-tone": tuple(SKIN_TONES),
    "beard": tuple(BEARDS),
}
DEFAULTS = {
    "hair": "short02",
    "hair-colour": "brown",
    "eyebrows": "eyebrow001",
    "eye-colour": "brown",
    "lip-colour": "natural",
    "skin-tone": "light",
    "beard": "none",
}


def linear(colour: tuple[int, int, int]) -> np.ndarray:
    """Return a colour as the rasteriser's (3,) float32 linear values."""
    return (np.asarray(colour, np.float32) / 255.0) ** 2
