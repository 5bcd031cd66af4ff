"""The camera of the reference engine: it looks at the point between a character's eyes, whatever the head's shape."""

import numpy as np

from f2p_deploy.engine.engine import Scene

#: Distance from the eyes in decimetres, focal length in picture edges, height of the eyes (0 is the picture's top).
DISTANCE, FOCAL, EYE_LINE = 13.0, 5.75, 0.44

#: The point that the head turns about, in decimetres from the point between the eyes.
_PIVOT = np.array([0.0, -0.25, -0.95], np.float32)


class Camera:
    """From a head's decimetres to screen space.

    Args:
        eyes: (3,) the point between the eyes of the unturned head.
        edge: edge of the square picture in samples.
        scene: its pose, shift and zoom are used.
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
        """Return (n, 3) points in the viewer's directions (x right, y up, z nearer), relative to the unturned eyes."""
        return ((points - self.eyes - _PIVOT) @ self._rotation.T + _PIVOT).astype(np.float32)

    def project(self, turned: np.ndarray) -> np.ndarray:
        """Return the screen positions of (n, 3) turned points: samples right, samples down, decimetres nearer."""
        scale = self._edge * FOCAL / (DISTANCE - turned[:, 2])
        x = turned[:, 0] * scale * self._zoom + self._centre[0]
        y = (-turned[:, 1] * scale + (EYE_LINE - 0.5) * self._edge) * self._zoom + self._centre[1]
        return np.ascontiguousarray(np.stack([x, y, turned[:, 2]], 1), np.float32)

    @property
    def samples_per_decimetre(self) -> float:
        """Size of a decimetre at the eyes."""
        return self._edge * FOCAL / DISTANCE * self._zoom
