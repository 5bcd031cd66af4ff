"""Sequences of scenes for training data: the editor's front view, and strong variation of pose, light and face."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from f2p_deploy.engine.engine import Expression, Scene

#: Which scene the i-th record of a data set is rendered in; pure, so that order and restarts do not matter.
SceneOf = Callable[[int], Scene]


FRONT_VIEW = Scene()


def front_scenes(index: int) -> Scene:
    """Return the editor's front view for every record."""
    return FRONT_VIEW


def varied_scenes(seed: int) -> SceneOf:
    """Return a sequence in which pose, light, colours and crop vary strongly and independently."""
    return lambda index: random_scene(np.random.default_rng((seed, index, 1)))


def expressive_scenes(seed: int) -> SceneOf:
    """Return the sequence of `varied_scenes` with expressions: most faces smile a little, as people in photos do."""
    varied = varied_scenes(seed)
    return lambda index: replace(varied(index), expression=random_expression(np.random.default_rng((seed, index, 2))))


def random_expression(rng: np.random.Generator) -> Expression:
    """Draw one expression: three in four smile, a third of these with open lips; brows and lids move a little."""
    smile = float(rng.uniform(0.1, 0.9)) if rng.random() < 0.75 else 0.0
    lips = float(rng.uniform(0.2, 0.8)) if smile and rng.random() < 1 / 3 else 0.0
    squint, brows = float(rng.uniform(0, 0.4)) * (0.3 + smile), float(rng.uniform(-0.3, 0.3))
    units = {"mouth-corner-puller": smile, "mouth-parling": lips}
    for side in ("left", "right"):
        units[f"eye-{side}-slit"] = squint
        units[f"eyebrows-{side}-{'up' if brows > 0 else 'down'}"] = abs(brows)
    return tuple((unit, strength) for unit, strength in units.items() if strength)


def random_scene(rng: np.random.Generator) -> Scene:
    """Draw one scene.

    Yaw within 35, pitch within 15, roll within 10 degrees, most of them small; light from anywhere in front, warm to
    cold; any background; shift within 5 % of the picture; zoom 0.85 to 1.2.
    """
    # Triangular: heads in photos are more often nearly straight.
    yaw, pitch, roll = rng.triangular(-1, 0, 1, 3) * (35, 15, 10)
    azimuth, elevation = np.radians(rng.uniform(-80, 80)), np.radians(rng.uniform(-20, 65))
    light = (
        float(np.sin(azimuth) * np.cos(elevation)),
        float(np.sin(elevation)),
        float(np.cos(azimuth) * np.cos(elevation)),
    )
    warmth, strength = rng.uniform(-0.18, 0.25), rng.uniform(0.65, 1.25)
    colour = (float(strength * (1 + warmth)), float(strength), float(strength * (1 - warmth)))
    ambient = float(rng.uniform(0.2, 0.65))
    red, green, blue = rng.random(3).tolist()
    right, down = rng.uniform(-0.05, 0.05, 2).tolist()
    return Scene(
        yaw=float(yaw),
        pitch=float(pitch),
        roll=float(roll),
        light=light,
        light_colour=colour,
        ambient=ambient,
        background=(red, green, blue),
        shift=(right, down),
        zoom=float(rng.uniform(0.85, 1.2)),
    )


#: The sequences by name; each is made from a seed.
SCENES: dict[str, Callable[[int], SceneOf]] = {
    "front": lambda seed: front_scenes,
    "varied": varied_scenes,
    "expressive": expressive_scenes,
}
