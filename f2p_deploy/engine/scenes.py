"""Sequences of scenes for training data: the editor's front view, or strong variation of pose, light and expression."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from f2p_deploy.engine.engine import Expression, Scene

#: A function from the index of a record to its scene. It is pure, so order and restarts do not matter.
SceneOf = Callable[[int], Scene]


FRONT_VIEW = Scene()


def front_scenes(index: int) -> Scene:
    """Return the editor's front view for every record."""
    return FRONT_VIEW


def varied_scenes(seed: int) -> SceneOf:
    """Return the sequence of scenes in which pose, light, colours and crop vary strongly and independently."""
    return lambda index: random_scene(np.random.default_rng((seed, index, 1)))


def expressive_scenes(seed: int) -> SceneOf:
    """Return the scenes of `varied_scenes` with random expressions; most faces smile a little, as people in photos."""
    varied = varied_scenes(seed)
    return lambda index: replace(varied(index), expression=random_expression(np.random.default_rng((seed, index, 2))))


def random_expression(rng: np.random.Generator) -> Expression:
    """Sample an expression: 75 % smile, a third of these with open lips; brows and lids move a little."""
    smile = float(rng.uniform(0.1, 0.9)) if rng.random() < 0.75 else 0.0
    lips = float(rng.uniform(0.2, 0.8)) if smile and rng.random() < 1 / 3 else 0.0
    squint, brows = float(rng.uniform(0, 0.4)) * (0.3 + smile), float(rng.uniform(-0.3, 0.3))
    units = {"mouth-corner-puller": smile, "mouth-parling": lips}
    for side in ("left", "right"):
        units[f"eye-{side}-slit"] = squint
        units[f"eyebrows-{side}-{'up' if brows > 0 else 'down'}"] = abs(brows)
    return tuple((unit, strength) for unit, strength in units.items() if strength)


def random_scene(rng: np.random.Generator) -> Scene:
    """Sample a scene.

    Yaw is within 35 degrees, pitch within 15 and roll within 10; small angles are more frequent. The light comes from
    any direction in front, warm to cold. The background is any colour, the shift is within 5 % of the picture, and the
    zoom is 0.85 to 1.2.
    """
    # Triangular distributions, since most heads in photos are nearly straight.
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


#: The sequences of scenes by name; each is a function of a seed.
SCENES: dict[str, Callable[[int], SceneOf]] = {
    "front": lambda seed: front_scenes,
    "varied": varied_scenes,
    "expressive": expressive_scenes,
}
