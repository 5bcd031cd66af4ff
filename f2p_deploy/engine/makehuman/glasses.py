"""Glasses: a procedural mesh of tubes and two panes, placed by the nose, eyes and ears of a head."""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.engine.makehuman.assets import Mesh
from f2p_deploy.engine.makehuman.palettes import FRAMES
from f2p_deploy.engine.makehuman.rasteriser import Texture, make_texture

#: Vertices of the eye corners on the base mesh; and on the average head the middle of the eyes, half the distance of
#: the outer corners, and the z of the nose's root.
_CORNERS, _OUTER = [1090, 1104, 7796, 7782], (1090, 7782)
_EYES, _HALF_OUTER, _NOSE_ROOT = np.array([0.0, 7.274, 1.327]), 0.4347, 1.545

#: Distance of the frame from the nose's root, its curvature towards the sides, and the position of the ear.
_CLEARANCE, _BEND, _EAR = 0.06, 0.16, np.array([0.77, 7.30, 0.42])


#: Texels of the frame and of the panes: brightness, label and alpha, the channels of `shading.blend_layer`.
_FRAME_TEXEL, _PANE_TEXEL = (102, 0, 255), (116, 0, 14)


@dataclass(frozen=True)
class Glasses:
    """A pair of glasses for any head.

    Args:
        mesh: the mesh, placed on the average head.
        texture, uv_areas, opacity: as in `f2p_deploy.engine.makehuman.layers.SkinLayer`.
        backwards: (n,) position of each vertex along the temples: 0 at the front, 1 at the ear.
    """

    mesh: Mesh
    texture: Texture
    uv_areas: np.ndarray
    opacity: np.ndarray
    backwards: np.ndarray

    def place(self, base: np.ndarray) -> np.ndarray:
        """Return the (n, 3) vertices on a morphed base mesh, scaled by the eyes and in front of the nose's root."""
        eyes = base[_CORNERS].mean(0)
        scale = (base[_OUTER[1], 0] - base[_OUTER[0], 0]) / (2 * _HALF_OUTER)
        near = (np.abs(base[:13380, 0] - eyes[0]) < 0.12) & (np.abs(base[:13380, 1] - eyes[1]) < 0.05)
        root = base[:13380][near, 2].max()
        placed = (self.mesh.points - _EYES) * (scale, scale, 1.0) + eyes
        placed[:, 2] += root - eyes[2] - (_NOSE_ROOT - _EYES[2])
        # The temples end at the width of the head.
        beside = (np.abs(base[:13380, 1] - eyes[1] - 0.03) < 0.12) & (np.abs(base[:13380, 2] - _EAR[2]) < 0.2)
        width = np.percentile(np.abs(base[:13380][beside, 0]), 60) if beside.any() else _EAR[0]
        outwards = np.sign(placed[:, 0]) * width
        placed[:, 0] += self.backwards * (outwards - placed[:, 0]) * (self.backwards > 0)
        return placed.astype(np.float32)


def make_glasses(name: str) -> Glasses:
    """Return the glasses with a name of `FRAMES`."""
    frame = FRAMES[name]
    parts: list[tuple[np.ndarray, np.ndarray, float, np.ndarray]] = []
    angles = np.linspace(0, 2 * np.pi, 33)[:-1]
    power = 2 / frame.roundness
    outline = np.stack(
        [
            np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** power * frame.half_width,
            np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** power * frame.half_height,
        ],
        1,
    )
    middle = max(0.315, frame.half_width + 0.055)
    for side in (-1, 1):
        # The lower half of the pane is narrower on the side of the nose.
        x = outline[:, 0] * (1 - 0.12 * (outline[:, 1] < 0) * (outline[:, 0] < 0)) + middle
        rim = _front(side * x, outline[:, 1] - 0.02)
        if frame.rim:
            parts.append((*_tube(rim, frame.rim, closed=True), 0.25, np.zeros(0)))
        parts.append((*_pane(rim), 0.75, np.zeros(0)))
        hinge = _front(np.array([side * (middle + frame.half_width)]), np.array([0.07]))[0]
        ear = np.array([side * _EAR[0], _EAR[1], _EAR[2]])
        t = np.linspace(0, 1, 7)
        temple = hinge + t[:, None] * (ear - hinge)
        parts.append((*_tube(temple, frame.bar, closed=False), 0.25, np.repeat(t, _ROUND)))
    inner = middle - frame.half_width
    t = np.linspace(-1, 1, 9)
    bridge = _front(t * inner * 1.06, 0.055 + 0.03 * (1 - t**2))
    parts.append((*_tube(bridge, max(frame.bar, 0.7 * frame.rim), closed=False), 0.25, np.zeros(0)))
    points, triangles, corners, backwards = [], [], [], []
    count = 0
    for vertices, faces, u, along in parts:
        points.append(vertices)
        triangles.append(faces + count)
        corners.append(np.full(faces.shape, int(u > 0.5)))
        backwards.append(along if len(along) else np.zeros(len(vertices)))
        count += len(vertices)
    faces = np.concatenate(triangles).astype(np.int32)
    mesh = Mesh(
        np.concatenate(points).astype(np.float32),
        np.array([[0.25, 0.5], [0.75, 0.5]], np.float32),
        faces,
        np.concatenate(corners).astype(np.int32),
        np.full(len(faces), name),
    )
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, :8], picture[:, 8:] = _FRAME_TEXEL, _PANE_TEXEL
    solid = np.ones(len(mesh.points), np.float32)
    temples = np.concatenate(backwards).astype(np.float32)
    return Glasses(mesh, make_texture(picture), np.zeros(len(faces)), solid, temples)


#: Number of corners of a tube's cross-section.
_ROUND = 6


def _front(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return (n, 3) points on the frame's curved front, from x and the height above the eyes."""
    z = _NOSE_ROOT + _CLEARANCE - _BEND * x**2
    return np.stack([x, _EYES[1] + y, z], 1)


def _tube(line: np.ndarray, radius: float, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices and triangles of a tube around (n, 3) points."""
    ahead = np.roll(line, -1, 0) - np.roll(line, 1, 0)
    if not closed:
        ahead[0], ahead[-1] = line[1] - line[0], line[-1] - line[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    # An arbitrary direction to which no part of a frame is parallel.
    first = np.cross(ahead, [0.1, 0.35, 1.0])
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(ahead, first)
    angle = 2 * np.pi * np.arange(_ROUND) / _ROUND
    ring = np.cos(angle)[:, None, None] * first + np.sin(angle)[:, None, None] * second
    vertices = (line + radius * ring).transpose(1, 0, 2).reshape(-1, 3)
    n = len(line)
    faces = []
    for i in range(n if closed else n - 1):
        for k in range(_ROUND):
            a, b = i * _ROUND + k, i * _ROUND + (k + 1) % _ROUND
            c, d = (i + 1) % n * _ROUND + k, (i + 1) % n * _ROUND + (k + 1) % _ROUND
            faces += [(a, b, d), (a, d, c)]
    return vertices, np.array(faces)


def _pane(rim: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(rim)
    faces = [(n, i, (i + 1) % n) for i in range(n)]
    return np.concatenate([rim, rim.mean(0, keepdims=True)]), np.array(faces)
