"""The options of the discrete groups and their colours and shapes. Colours are sRGB, 0 to 255."""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.system.errors import InputError

SKIN_TONES = {
    "porcelain": (244, 216, 200),
    "fair": (236, 200, 178),
    "light": (226, 184, 158),
    "beige": (217, 175, 145),
    "olive": (208, 166, 132),
    "honey": (197, 153, 119),
    "tan": (186, 140, 106),
    "bronze": (168, 122, 90),
    "brown": (150, 105, 76),
    "sienna": (131, 90, 66),
    "dark-brown": (112, 76, 56),
    "umber": (95, 64, 48),
    "ebony": (78, 53, 42),
}
HAIR_COLOURS = {
    "black": (40, 35, 34),
    "dark-brown": (57, 43, 36),
    "brown": (78, 54, 40),
    "chestnut": (122, 78, 50),
    "light-brown": (124, 94, 66),
    "dark-blond": (151, 120, 84),
    "blond": (182, 146, 100),
    "red": (128, 66, 42),
    "salt-and-pepper": (96, 92, 89),
    "grey": (146, 143, 140),
    "white": (206, 203, 199),
}
EYE_COLOURS = {
    "brown": (104, 66, 36),
    "dark": (58, 38, 26),
    "hazel": (132, 104, 54),
    "green": (98, 122, 78),
    "blue": (92, 128, 168),
    "grey": (128, 138, 144),
}
#: Colour of lipstick, and its opacity over the natural colour.
LIP_COLOURS = {
    "natural": ((190, 120, 110), 0.0),
    "rose": ((206, 104, 116), 0.6),
    "red": ((182, 34, 44), 0.75),
    "berry": ((128, 36, 66), 0.75),
    "coral": ((226, 102, 84), 0.65),
    "nude": ((176, 116, 94), 0.7),
}
#: Colour and strength of eye shadow, strength of eyeliner, and strength of rouge.
MAKE_UP = {
    "none": ((120, 90, 80), 0.0, 0.0, 0.0),
    "natural": ((150, 108, 92), 0.35, 0.35, 0.35),
    "evening": ((84, 62, 66), 0.65, 0.8, 0.6),
}
#: Density of moustache, goatee and beard on the jaw, and visibility of single hairs.
BEARDS = {
    "none": (0.0, 0.0, 0.0, 0.0),
    "shadow": (0.16, 0.18, 0.17, 0.5),
    "stubble": (0.34, 0.38, 0.34, 0.45),
    "moustache": (1.0, 0.0, 0.0, 0.3),
    "goatee": (1.0, 1.0, 0.0, 0.3),
    "full": (1.0, 1.0, 1.0, 0.3),
}
#: Hairstyles; those of `WITHOUT_MESH` are painted onto the scalp (`bald` has no hair), those of `CUTS` are variants.
HAIRSTYLES = (
    "bald", "cropped", "short01", "short02", "short03", "short04", "bob01", "bob02", "braid01", "long01", "ponytail01",
    "cropped-receding", "cropped-ring", "short01-receding", "short04-ring", "short03-mirrored", "bob02-mirrored",
)  # fmt: skip
WITHOUT_MESH = ("bald", "cropped", "cropped-receding", "cropped-ring")
#: Variants of other styles: the style, how far the hair has receded, and whether left and right are exchanged.
CUTS = {
    "short01-receding": ("short01", 0.14, False),
    "short04-ring": ("short04", 0.75, False),
    "short03-mirrored": ("short03", 0.0, True),
    "bob02-mirrored": ("bob02", 0.0, True),
}
#: Density of the hair painted onto the scalp, and how far it has receded. Under a mesh it hides the skin in gaps.
SCALPS = {
    "bald": (0.0, 0.0),
    "cropped": (0.85, 0.0),
    "cropped-receding": (0.85, 0.16),
    "cropped-ring": (0.9, 0.75),
    "short01-receding": (0.8, 0.16),
    "short04-ring": (0.75, 0.75),
}
UNDER_HAIR = (0.55, 0.04)


@dataclass(frozen=True)
class Frame:
    """The shape of a pair of glasses, in decimetres on the average head.

    Args:
        half_width, half_height: half the width and half the height of a pane.
        roundness: exponent of the pane's outline; 2 is an ellipse, larger values are squarer.
        rim: radius of the rim's tube; 0 for no rim.
        bar: radius of bridge and temples.
        colour: sRGB, 0 to 255.
    """

    half_width: float
    half_height: float
    roundness: float
    rim: float
    bar: float
    colour: tuple[int, int, int]


FRAMES = {
    "thin": Frame(0.245, 0.165, 2.8, 0.0085, 0.009, (96, 88, 80)),
    "thick": Frame(0.255, 0.180, 3.4, 0.024, 0.024, (34, 27, 25)),
    "round": Frame(0.205, 0.195, 2.0, 0.012, 0.011, (72, 48, 32)),
    "rimless": Frame(0.245, 0.160, 3.0, 0.0, 0.008, (150, 148, 146)),
}

EYEBROWS = tuple(f"eyebrow{number:03d}" for number in range(1, 13))

#: The discrete groups of the reference engine with their options.
GROUPS = {
    "hair": HAIRSTYLES,
    "hair-colour": tuple(HAIR_COLOURS),
    "eyebrows": EYEBROWS,
    "eye-colour": tuple(EYE_COLOURS),
    "lip-colour": tuple(LIP_COLOURS),
    "skin-tone": tuple(SKIN_TONES),
    "beard": tuple(BEARDS),
    "make-up": tuple(MAKE_UP),
    "glasses": ("none", *FRAMES),
}
DEFAULTS = {
    "hair": "short02",
    "hair-colour": "brown",
    "eyebrows": "eyebrow001",
    "eye-colour": "brown",
    "lip-colour": "natural",
    "skin-tone": "light",
    "beard": "none",
    "make-up": "none",
    "glasses": "none",
}


def linear(colour: tuple[int, int, int]) -> np.ndarray:
    """Return an sRGB colour as (3,) float32 linear values of the rasteriser."""
    return (np.asarray(colour, np.float32) / 255.0) ** 2


def check_groups(schema: Schema) -> None:
    """Check that every discrete group and option of a schema is in `GROUPS`.

    Raises:
        InputError: one is not; the message suggests the nearest that is.
    """
    for group in schema.discrete_groups:
        if group.name not in GROUPS:
            near = suggestion(group.name, tuple(GROUPS))
            raise InputError(f"schema {schema.name!r}: MakeHuman has no discrete group {group.name!r}{near}")
        for option in group.options:
            if option not in GROUPS[group.name]:
                near = suggestion(option, GROUPS[group.name])
                raise InputError(f"schema {schema.name!r}: {group.name} has no option {option!r}{near}")
