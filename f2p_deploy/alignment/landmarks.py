"""The landmarks of a face: positions of eyes, nose and mouth, the same for every finder."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.system.errors import InputError

#: Distance of the outer eye corners / distance of the eye centres: MediaPipe's mean on 147 portraits (s.d. 0.015).
OUTER_OVER_CENTRES = 1.40

#: Half the width of the face mesh, and its extent above and below the middle of the eyes, / the distance of the eye
#: centres: means of the same measurement. Used if a finder returns five points without a box.
_BOX_IN_EYE_DISTANCES = (1.17, 0.85, 1.92)

#: Degrees of yaw per unit of `nose_offset`: a least-squares fit to `head_turn` on 983 portraits and paintings (`python
#: bench/head_turn.py portraits portraits_small paintings --middle-only`). The r.m.s. error is 2 degrees, or 8 for heads
#: turned by more than 20.
YAW_PER_OFFSET = 79.5


@dataclass(frozen=True)
class Landmarks:
    """One face in a photo.

    Positions are pixels, x right and y down from the photo's top left corner, pixel centres at .5.

    Args:
        points: the five points by the names of `LANDMARKS`; left is left in the picture.
        source: the finder (`mediapipe`, `networks`, `file`).
        box: left, top, right, bottom of the face (brows to chin, without hair); computed from the points if None.
        eye_distance: pixels between the outer eye corners; computed from the eye centres if None.
        yaw: degrees; positive values turn the nose to the picture's right. Estimated from the points if None. It is
            measured from the line of sight, so it does not depend on the face's position in the photo.
        pitch: degrees; positive values turn the nose down. None if the finder does not measure it.
        dense: (478, 2) MediaPipe's points; None from other finders.
        shape: (24,) shape vector of the neutral face, see `f2p_deploy.character.face_shape`; None from finders without
            a mesh.

    Raises:
        InputError: a point is missing, unknown or not finite.

    Example:
        >>> places = [(60, 50), (100, 50), (80, 75), (65, 95), (95, 95)]
        >>> face = Landmarks(dict(zip(LANDMARKS, places, strict=True)), source="example")
        >>> face.eye_distance, face.roll, round(face.yaw)
        (56.0, 0.0, 0)
    """

    points: Mapping[str, tuple[float, float]]
    source: str
    box: tuple[float, float, float, float] | None = None
    eye_distance: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    dense: np.ndarray | None = None
    shape: np.ndarray | None = None

    def __post_init__(self) -> None:
        if set(self.points) != set(LANDMARKS):
            odd = sorted(set(self.points) ^ set(LANDMARKS))
            raise InputError(f"landmarks must be exactly {', '.join(LANDMARKS)}; missing or unknown: {', '.join(odd)}")
        if not np.isfinite(self.array).all():
            raise InputError(f"landmarks must be finite numbers, found {dict(self.points)}")
        if self.box is None:
            object.__setattr__(self, "box", _box_around(self.array))
        if self.eye_distance is None:
            object.__setattr__(self, "eye_distance", OUTER_OVER_CENTRES * _distance(self.array[0], self.array[1]))
        if self.yaw is None:
            object.__setattr__(self, "yaw", yaw_from_points(self.array))

    @property
    def array(self) -> np.ndarray:
        """The five points as (5, 2) float64 in the order of `LANDMARKS`."""
        return np.array([self.points[name] for name in LANDMARKS], dtype=np.float64)

    @property
    def roll(self) -> float:
        """Rotation of the eyes in the picture's plane in degrees; positive values are clockwise."""
        dx, dy = self.array[1] - self.array[0]
        return math.degrees(math.atan2(dy, dx))

    @property
    def area(self) -> float:
        """Area of the box in square pixels; faces are ordered by it."""
        left, top, right, bottom = self.box or _box_around(self.array)
        return max(0.0, right - left) * max(0.0, bottom - top)


class LandmarkFinder(Protocol):
    """A finder of the faces in a photo."""

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        """Find all faces.

        Args:
            image: (H, W, 3) uint8 RGB.
            name: the photo's file name, for finders that look it up.
            reduction: edge of the file's squares that became one pixel of the image, see `Photo`; also for those
                finders.

        Returns:
            The faces, largest first, in pixels of the image; empty if there is none.
        """
        ...


def five_points(array: Sequence[Sequence[float]] | np.ndarray) -> dict[str, tuple[float, float]]:
    """Return (5, 2) positions, in the order of `LANDMARKS`, as the mapping for `Landmarks`."""
    return {name: (float(x), float(y)) for name, (x, y) in zip(LANDMARKS, array, strict=True)}


def nose_offset(points: np.ndarray) -> float:
    """Return the nose tip's distance to the right of the line from mid-eyes to mid-mouth, / the line's length.

    The length of that line, unlike the distance of the eyes, does not shrink when the head turns.

    Args:
        points: (5, 2) in the order of `LANDMARKS`.
    """
    eyes, mouth = (points[0] + points[1]) / 2, (points[3] + points[4]) / 2
    down = mouth - eyes
    length = float(np.hypot(*down)) or 1.0
    across = np.array([down[1], -down[0]]) / length
    return float((points[2] - (eyes + mouth) / 2) @ across) / length


def yaw_from_points(points: np.ndarray) -> float:
    """Estimate the yaw in degrees from (5, 2) points; see `YAW_PER_OFFSET` for the accuracy."""
    return float(np.clip(YAW_PER_OFFSET * nose_offset(points), -90.0, 90.0))


def _box_around(points: np.ndarray) -> tuple[float, float, float, float]:
    eyes, mouth = (points[0] + points[1]) / 2, (points[3] + points[4]) / 2
    unit = max(_distance(points[0], points[1]), _distance(eyes, mouth) * 0.9)
    half_width, above, below = (reach * unit for reach in _BOX_IN_EYE_DISTANCES)
    x, y = float(eyes[0]), float(eyes[1])
    return x - half_width, y - above, x + half_width, y + below


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.hypot(*(b - a)))
