"""The pose in which an engine has to draw a character for it to stand as a photo's head does.

MediaPipe's finder does not take a render's front view for one: it reads the reference engine's random characters as
tilted down by 7 degrees, give or take 7 by the character, since it reads a pitch from the shape. The photo's pitch has
the photo's shape in it as well. So what the finder says of a character drawn from the front is that character's own
bias, and the character is turned until the finder says of it what it says of the photo.
"""

import math

import numpy as np

from f2p_deploy.engine.engine import Scene

#: Degrees beyond which the engine is not asked to turn a head: a bad reading must not hide the face.
LARGEST_TURN = 60.0


def scene_for(photo: tuple[float, float], front: tuple[float, float], drawn: Scene | None = None) -> Scene:
    """Return the scene in which the finder should say of a character what it says of a photo.

    The finder's reading is taken as the true turn after the character's own bias, a rotation of the head's own axes:
    read = turn @ bias. Roll is left at 0, since alignment takes it out.

    Args:
        photo: yaw and pitch in degrees that the finder read in the photo.
        front: what it read in a picture of the character.
        drawn: the scene of that picture; the front view if None.
    """
    bias = np.eye(3) if drawn is None else _engine_turn(drawn)
    turn = _turn(*photo) @ (bias.T @ _turn(*front)).T
    pitch = math.degrees(math.asin(np.clip(turn[2, 1], -1.0, 1.0)))
    yaw = math.degrees(math.atan2(turn[2, 0], turn[2, 2]))
    # An engine's pitch raises the nose, a finder's lowers it.
    kept = np.clip([yaw, -pitch], -LARGEST_TURN, LARGEST_TURN)
    return Scene(yaw=float(kept[0]), pitch=float(kept[1]))


def _turn(yaw: float, pitch: float) -> np.ndarray:
    """Return the (3, 3) rotation yaw @ pitch that `head_turn` measures; x right, y down, z away."""
    return _about_y(yaw) @ _about_x(pitch)


def _engine_turn(scene: Scene) -> np.ndarray:
    """Return the (3, 3) rotation pitch @ yaw of an engine's camera in the same axes."""
    return _about_x(-scene.pitch) @ _about_y(scene.yaw)


def _about_y(degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]])


def _about_x(degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
