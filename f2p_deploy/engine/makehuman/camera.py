"""The camera of the reference engine, centred on the point between a character's eyes for any shape of the head."""

import numpy as np

from f2p_deploy.engine.engine import Scene

#: Distance from the eyes in decimetres, focal length / picture edge, and vertical position of the eyes / picture edge
#: (0 is the top).
DISTANCE, FOCAL, EYE_LINE = 13.0, 5.75, 0.44

#: The centre of the head's rotation, in decimetres from the point between the eyes.
_PIVOT = np.array([0.0, -0.25, -0.95], np.float32)


class Camera:
    """The projection from a head's coordinates in decimetres to screen space.

    Args:
        eyes: (3,) point between the eyes of the unrotated head.
        edge: edge of the square picture in samples.
        scene: the source of pose, shift and zoom.
    """

    def __init__(self, eyes: np.ndarray, edge: int, scene: Scene) -> None:
        yaw, pitch, roll = np.radians([scene.yaw, -scene.pitch, -scene.roll])
        about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        self.eyes = eyes
        self._rotation = (about_z @ about_x @ about_y).astype(np.float32)
        self._edge, self._zoom = edge, scene.zoom
        self._centre = edge * (0.5 + np.array(scene.shift, np.float32))

    def turn(self, points: np.ndarray) -> np.ndarray:
        """Rotate (n, 3) points and return them relative to the unrotated eyes: x right, y up, z towards the viewer."""
        return ((points - self.eyes - _PIVOT) @ self._rotation.T + _PIVOT).astype(np.float32)

    def project(self, turned: np.ndarray) -> np.ndarray:
        """Return the (n, 3) screen positions of rotated points: x right, y down (samples), z to the viewer (dm)."""
        scale = self._edge * FOCAL / (DISTANCE - turned[:, 2])
        x = turned[:, 0] * scale * self._zoom + self._centre[0]
        y = (-turned[:, 1] * scale + (EYE_LINE - 0.5) * self._edge) * self._zoom + self._centre[1]
        return np.ascontiguousarray(np.stack([x, y, turned[:, 2]], 1), np.float32)

    @property
    def samples_per_decimetre(self) -> float:
        """Samples per decimetre at the distance of the eyes."""
        return self._edge * FOCAL / DISTANCE * self._zoom
