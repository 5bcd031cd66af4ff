"""Ambient occlusion per vertex: the visible share of the hemisphere around its normal."""

import numpy as np

from f2p_deploy.engine.makehuman.rasteriser import draw_depth


def sky_openness(
    points: np.ndarray, normals: np.ndarray, occluders: np.ndarray, triangles: np.ndarray, directions: int = 64
) -> np.ndarray:
    """Draw depth maps from many directions and count in how many of them each vertex is visible.

    Args:
        points, normals: (n, 3) float32 vertices and their unit normals.
        occluders: (k, 3) float32 vertices of all occluding surfaces.
        triangles: (m, 3) int32 into occluders.
        directions: number of directions, evenly distributed over the sphere.

    Returns:
        (n,) float32 in [0, 1]; 1 if the whole hemisphere is visible.
    """
    size, margin = 256, 0.03
    visible, possible = np.zeros(len(points)), np.full(len(points), 1e-6)
    centre = occluders.mean(0)
    scale = size / (2.2 * np.abs(occluders - centre).max())
    owner = np.empty((size, size), np.int32)
    for k in range(directions):
        height = 1 - 2 * (k + 0.5) / directions
        angle = k * np.pi * (3 - np.sqrt(5))
        ring = np.sqrt(1 - height * height)
        towards = np.array([ring * np.cos(angle), height, ring * np.sin(angle)])
        right = np.cross(towards, [0.3, 1.0, 0.2])
        right /= np.linalg.norm(right)
        basis = np.stack([right, np.cross(right, towards), towards], 1).astype(np.float32)
        depth = np.full((size, size), -1e9, np.float32)
        draw_depth(_project(occluders - centre, basis, scale, size), triangles, 0, depth, owner)
        at = _project(points - centre, basis, scale, size)
        column, row = np.clip(at[:, :2], 0, size - 1).astype(int).T
        facing = np.maximum(0, normals @ towards)
        visible += facing * (at[:, 2] > depth[row, column] - margin)
        possible += facing
    return (visible / possible).astype(np.float32)


def _project(points: np.ndarray, basis: np.ndarray, scale: float, size: int) -> np.ndarray:
    at = points @ basis
    at[:, :2] = at[:, :2] * scale + size / 2
    return np.ascontiguousarray(at, np.float32)
