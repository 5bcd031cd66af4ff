"""Convert a character's controllers and options to the colour parameters of the shading."""

from collections.abc import Mapping

import numpy as np

from f2p_deploy.engine.makehuman import palettes
from f2p_deploy.engine.makehuman.shading import SkinPaint

#: Controllers that change the colour of the face instead of its shape, with their engine values if a schema lacks them.
PAINTED = {
    "eyebrows.density": 0.0,
    "eyebrows.darkness": 0.0,
    "eyes.socket-shade": 0.0,
    "mouth.lip-tone": 0.0,
    "skin.wrinkles": 0.0,
    "skin.eye-bags": 0.0,
    "skin.redness": 0.0,
    "skin.unevenness": 0.0,
    "skin.shadow": 0.0,
}

#: Strength of wrinkles at values of `head.age`, before `skin.wrinkles` is added.
_AGES, _WRINKLES = (0.0, 0.5, 1.0, 2.0, 3.0, 3.75), (0.0, 0.16, 0.38, 0.78, 1.12, 1.40)


def skin_paint(values: Mapping[str, float], look: Mapping[str, str]) -> SkinPaint:
    """Return the paint of a character's skin.

    Args:
        values: controllers in engine units by name; missing ones are average.
        look: the option of every group of `palettes.GROUPS`.
    """
    amount = PAINTED | {name: value for name, value in values.items() if name in PAINTED}
    age = max(0.0, values.get("head.age", 0.0))
    wrinkles = float(np.interp(age, _AGES, _WRINKLES))
    aged, male = min(1.0, age / 3.0), masculinity(values)
    lip, lip_amount = palettes.LIP_COLOURS[look["lip-colour"]]
    lid, lid_amount, liner, rouge = palettes.MAKE_UP[look["make-up"]]
    scalp, recede = palettes.SCALPS.get(look["hair"], palettes.UNDER_HAIR)
    return SkinPaint(
        tone=palettes.linear(palettes.SKIN_TONES[look["skin-tone"]]),
        lip=palettes.linear(lip),
        hair=palettes.linear(palettes.HAIR_COLOURS[look["hair-colour"]]),
        lid=palettes.linear(lid),
        lip_amount=lip_amount,
        beard=np.array(palettes.BEARDS[look["beard"]], np.float32),
        scalp=scalp,
        recede=recede,
        wrinkles=float(np.clip(wrinkles + 0.6 * amount["skin.wrinkles"], 0, 1.6)),
        sockets=1.0 + 1.2 * amount["eyes.socket-shade"],
        lip_tone=2.0 ** (-0.6 * amount["mouth.lip-tone"]),
        bags=float(np.clip(0.45 * aged + amount["skin.eye-bags"], -0.3, 1.3)),
        redness=0.9 + 0.2 * male + 0.8 * amount["skin.redness"],
        unevenness=(0.65 + 0.7 * male) * (1.0 + 1.5 * amount["skin.unevenness"] + 0.7 * aged),
        freckles=0.12 * aged,
        shadow=min(1.0, amount["skin.shadow"] + 0.5 * max(0.0, male - 0.5)),
        paleness=min(1.0, 0.65 * aged + 0.5 * male),
        lid_amount=lid_amount,
        liner=liner,
        rouge=rouge,
    )


def brow_tint(values: Mapping[str, float], look: Mapping[str, str]) -> np.ndarray:
    """Return the (3,) linear colour of the brows: darker than the hair, since hair turns grey before the brows."""
    darkness = 2.0 ** (-1.0 - 1.3 * values.get("eyebrows.darkness", 0.0))
    return palettes.linear(palettes.HAIR_COLOURS[look["hair-colour"]]) * np.float32(darkness)


def brow_density(values: Mapping[str, float]) -> float:
    """Return the factor on the brows' alpha: 1 on average, lower for female and higher for male faces."""
    return float(2.0 ** (values.get("eyebrows.density", 0.0) + 0.8 * masculinity(values) - 0.4))


def lash_density(values: Mapping[str, float], look: Mapping[str, str]) -> float:
    """Return the factor on the eyelashes' alpha."""
    return 1.15 - 0.6 * masculinity(values) + 0.4 * palettes.MAKE_UP[look["make-up"]][2]


def masculinity(values: Mapping[str, float]) -> float:
    """Return the masculinity of a face, in [0, 1]; 0.5 if its schema has no such controller."""
    return float(np.clip(values.get("head.masculinity", 0.5), 0.0, 1.0))
