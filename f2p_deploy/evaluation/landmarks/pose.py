"""The scene in which an engine draws a character at the pose of a photo's head.

MediaPipe's pose is biased by the shape of a face: it reads the reference engine's front view of random characters as
tilted down by 7 degrees on average, with a spread of 7 degrees. Its pitch of a photo is biased in the same way. So the
pose that it reads in a character's front view is taken as that character's bias, and the character is turned until the
finder reads the same pose in the render as in the photo.
"""

import math

import numpy as np

from f2p_deploy.engine.engine import Scene

#: Largest turn in degrees; a wrong reading of the pose must not turn the face away.
LARGEST_TURN = 60.0


def scene_for(photo: tuple[float, float], front: tuple[float, float], drawn: Scene | None = None) -> Scene:
    """Return the scene in which the finder should read the same pose of a character as of a photo.

    The reading is modelled as the true turn after the character's bias, a rotation about the head's axes: read = turn @
    bias. Roll is left at 0, since alignment removes it.

    Args:
        photo: yaw and pitch in degrees that the finder read in the photo.
        front: yaw and pitch in degrees that it read in a picture of the character.
        drawn: the scene of that picture; the front view if None.
    """
    bias = np.eye(3) if drawn is None else _engine_turn(drawn)
    turn = _turn(*photo) @ (bias.T @ _turn(*front)).T
    pitch = math.degrees(math.asin(np.clip(turn[2, 1], -1.0, 1.0)))
    yaw = math.degrees(math.atan2(turn[2, 0], turn[2, 2]))
    # A positive pitch raises the nose for an engine and lowers it for a finder.
    limited = np.clip([yaw, -pitch], -LARGEST_TURN, LARGEST_TURN)
    return Scene(yaw=float(limited[0]), pitch=float(limited[1]))


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
