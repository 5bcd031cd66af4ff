"""The protocol of an engine, which draws a picture of a character's face from its parameters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from f2p_deploy.character.schema import Schema

#: Units of facial expressions, which can be combined; an engine ignores a unit that it does not have.
EXPRESSION_UNITS = (
    "mouth-corner-puller",
    "mouth-open",
    "mouth-parling",
    "mouth-elevation",
    "mouth-retraction",
    "mouth-compression",
    "mouth-depression",
    "eye-left-slit",
    "eye-right-slit",
    "eye-left-opened-up",
    "eye-right-opened-up",
    "eyebrows-left-up",
    "eyebrows-right-up",
    "eyebrows-left-down",
    "eyebrows-right-down",
)

#: The units of an expression with their strengths; 1 is full strength.
Expression = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Scene:
    """The pose, light, crop and expression of a picture; the defaults are the editor's front view.

    Args:
        yaw, pitch, roll: rotation of the head in degrees; positive yaw turns the nose to the picture's right, positive
            pitch raises it (the pitch of `Landmarks` has the opposite sign).
        light: direction towards the main light, x right, y up, z towards the viewer; any length but zero.
        light_colour: RGB of the main light in [0, 2].
        ambient: strength of the ambient light, in [0, 1].
        background: RGB in [0, 1].
        shift: displacement of the face in fractions of the picture (x right, y down).
        zoom: magnification of the face around the picture's centre, > 0.
        expression: units of `EXPRESSION_UNITS` with strengths; empty for the neutral face that parameters describe.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    light: tuple[float, float, float] = (0.25, 0.45, 0.85)
    light_colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ambient: float = 0.45
    background: tuple[float, float, float] = (0.92, 0.92, 0.92)
    shift: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    expression: Expression = ()


@dataclass(frozen=True)
class Rendering:
    """One picture of a character.

    Args:
        image: (S, S, 3) uint8 RGB.
        labels: (S, S) uint8 indices into `HELEN_CLASSES`; None if the engine does not provide them.
        landmarks: pixel positions (x right, y down, pixel centres at .5) by the names of `LANDMARKS`; empty if the
            engine does not provide them.
    """

    image: np.ndarray
    labels: np.ndarray | None = None
    landmarks: dict[str, tuple[float, float]] = field(default_factory=dict)


@runtime_checkable
class Engine(Protocol):
    """The interface that a studio implements in Python so that f2p-deploy can render its characters.

    An engine in another language writes a folder of rendered pairs instead, see `f2p_deploy.engine.pairs`.
    """

    schema: Schema

    def render(self, parameters: np.ndarray, size: int, scene: Scene = Scene()) -> Rendering:
        """Draw one character.

        Args:
            parameters: (n,) float32 for `schema`; controllers in [0, 1], discrete groups one-hot or soft
                (the most probable option is drawn).
            size: edge of the square picture in pixels.
            scene: light, pose, crop and expression; an engine that cannot vary them raises InputError for any scene
                but the default.
        """
        ...

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Draw (N, n) parameters in order, in several processes if that is faster."""
        ...
