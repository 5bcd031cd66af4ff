"""A small compiled rasteriser: depth buffer, textures, normals, and the final picture.

Screen space: x right and y down in samples, z in scene units, larger towards the viewer.
Colours are linear with a gamma of 2: a displayed value v is stored as v squared. Arrays are float32 unless stated.
"""

from typing import NamedTuple

import numpy as np
from numba import njit


class Surface(NamedTuple):
    """A mesh in screen space.

    Args:
        screen: (n, 3) vertices in screen space.
        normals: (n, 3) unit normals, x right, y up, z towards the viewer.
        openness: (n,) visible share of the hemisphere at each vertex, in [0, 1].
        triangles: (m, 3) int32 vertices of each triangle.
        uv: (k, 2) texture coordinates, v upwards.
        corners: (m, 3) int32 texture coordinates of each triangle.
    """

    screen: np.ndarray
    normals: np.ndarray
    openness: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    corners: np.ndarray


class Canvas(NamedTuple):
    """A picture while it is drawn; drawing changes it in place.

    Args:
        image: (H, W, 3) linear colours.
        labels: (H, W) uint8 indices into the Helen classes.
        depth: (H, W) z of the nearest opaque surface.
        owner: (H, W) int32 number of the visible triangle at each sample; -1 if there is none.
    """

    image: np.ndarray
    labels: np.ndarray
    depth: np.ndarray
    owner: np.ndarray


class Texture(NamedTuple):
    """A texture with its mip levels, flat in memory.

    Args:
        texels: (total, channels) uint8, level after level, rows from the top.
        offsets, widths, heights: (levels,) int64 index of each level's first texel, and the level's size.
    """

    texels: np.ndarray
    offsets: np.ndarray
    widths: np.ndarray
    heights: np.ndarray


def make_texture(picture: np.ndarray) -> Texture:
    """Build the mip levels of an (H, W, channels) uint8 picture whose edges are powers of two."""
    levels = [np.ascontiguousarray(picture)]
    while min(levels[-1].shape[:2]) > 4:
        height, width, channels = levels[-1].shape
        blocks = levels[-1].reshape(height // 2, 2, width // 2, 2, channels).astype(np.float32)
        levels.append(np.rint(blocks.mean((1, 3))).astype(np.uint8))
    sizes = np.array([level.shape[0] * level.shape[1] for level in levels])
    return Texture(
        np.concatenate([level.reshape(-1, level.shape[2]) for level in levels]),
        np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        np.array([level.shape[1] for level in levels], np.int64),
        np.array([level.shape[0] for level in levels], np.int64),
    )


def blank_canvas(edge: int, background: tuple[float, float, float]) -> Canvas:
    """Return an empty canvas of edge x edge samples; the background is an RGB in [0, 1] as displayed."""
    image = np.empty((edge, edge, 3), np.float32)
    image[:] = np.square(np.asarray(background, np.float32))
    return Canvas(
        image,
        np.zeros((edge, edge), np.uint8),
        np.full((edge, edge), -1e9, np.float32),
        np.full((edge, edge), -1, np.int32),
    )


def texture_levels(texture: Texture, uv_areas: np.ndarray, surface: Surface) -> np.ndarray:
    """Return the mip level of each triangle, at which a texel is about as large as a sample.

    Args:
        texture: the texture.
        uv_areas: (m,) areas of the surface's triangles in texture coordinates.
        surface: the textured surface.

    Returns:
        (m,) int64 levels.
    """
    a, b, c = (surface.screen[surface.triangles[:, k], :2] for k in range(3))
    first, second = b - a, c - a
    areas = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
    texels = uv_areas * float(texture.widths[0] * texture.heights[0])
    level = 0.5 * np.log2(np.maximum(texels, 1e-6) / np.maximum(areas, 1e-3)) + 0.1
    return np.clip(np.rint(level), 0, len(texture.widths) - 1).astype(np.int64)


@njit(cache=True, fastmath=True)
def vertex_normals(points, triangles):
    """Return the (n, 3) unit normals of (n, 3) points: the area-weighted means over the triangles at each vertex."""
    normals = np.zeros_like(points)
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            normals[k, 0] += nx
            normals[k, 1] += ny
            normals[k, 2] += nz
    for i in range(len(normals)):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + np.float32(1e-12)
        normals[i] /= length
    return normals


@njit(cache=True, fastmath=True)
def vertex_tangents(points, triangles, uv, corners):
    """Return (n, 3) unit vectors along which v of the texture increases, averaged over the triangles at a vertex."""
    tangents = np.zeros_like(points)
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        ca, cb, cc = corners[t]
        u1, u2, v1, v2 = uv[cb, 0] - uv[ca, 0], uv[cc, 0] - uv[ca, 0], uv[cb, 1] - uv[ca, 1], uv[cc, 1] - uv[ca, 1]
        area = u1 * v2 - u2 * v1
        if abs(area) < 1e-12:
            continue
        for axis in range(3):
            along = ((points[c, axis] - points[a, axis]) * u1 - (points[b, axis] - points[a, axis]) * u2) / area
            for k in (a, b, c):
                tangents[k, axis] += along * abs(area)
    for i in range(len(tangents)):
        length = np.sqrt(tangents[i, 0] ** 2 + tangents[i, 1] ** 2 + tangents[i, 2] ** 2) + np.float32(1e-12)
        tangents[i] /= length
    return tangents


@njit(cache=True, fastmath=True)
def draw_depth(points, triangles, first, depth, owner):
    """Draw triangles into a depth buffer, and store the visible triangle of each sample in `owner`.

    Args:
        points: (n, 3) vertices in screen space.
        triangles: (m, 3) int32 vertices of each triangle.
        first: the number of triangle 0 in `owner`.
        depth: (H, W) float32, changed in place.
        owner: (H, W) int32, changed in place.
    """
    height, width = depth.shape
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        xa, ya, xb, yb, xc, yc = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (xb - xa) * (yc - ya) - (xc - xa) * (yb - ya)
        if abs(area) < 1e-9:
            continue
        x0, x1 = max(0, int(np.ceil(min(xa, xb, xc) - 0.5))), min(width - 1, int(np.floor(max(xa, xb, xc) - 0.5)))
        y0, y1 = max(0, int(np.ceil(min(ya, yb, yc) - 0.5))), min(height - 1, int(np.floor(max(ya, yb, yc) - 0.5)))
        inverse = 1.0 / area
        za, zb, zc = points[a, 2], points[b, 2], points[c, 2]
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                wb = ((px - xa) * (yc - ya) - (xc - xa) * (py - ya)) * inverse
                wc = ((xb - xa) * (py - ya) - (px - xa) * (yb - ya)) * inverse
                wa = 1.0 - wb - wc
                if wa >= 0 and wb >= 0 and wc >= 0:
                    z = wa * za + wb * zb + wc * zc
                    if z > depth[y, x]:
                        depth[y, x] = z
                        owner[y, x] = first + t


@njit(cache=True, fastmath=True)
def sample(texture, level, u, v, out):
    """Sample a level of a texture bilinearly at (u, v), v upwards, and write (channels,) values in [0, 1] to `out`."""
    texels, width, height = texture.texels, texture.widths[level], texture.heights[level]
    x = min(max(u * width - 0.5, 0.0), width - 1.001)
    y = min(max((1.0 - v) * height - 0.5, 0.0), height - 1.001)
    ix, iy = int(x), int(y)
    fx, fy = x - ix, y - iy
    i = texture.offsets[level] + iy * width + ix
    w00, w01, w10, w11 = (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy
    for k in range(len(out)):
        upper = texels[i, k] * w00 + texels[i + 1, k] * w01
        value = upper + texels[i + width, k] * w10 + texels[i + width + 1, k] * w11
        out[k] = value / np.float32(255.0)


@njit(cache=True, fastmath=True)
def barycentric(points, a, b, c, px, py):
    """Return the barycentric weights of three screen-space vertices at a sample."""
    xa, ya, xb, yb, xc, yc = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
    inverse = 1.0 / ((xb - xa) * (yc - ya) - (xc - xa) * (yb - ya))
    wb = ((px - xa) * (yc - ya) - (xc - xa) * (py - ya)) * inverse
    wc = ((xb - xa) * (py - ya) - (px - xa) * (yb - ya)) * inverse
    return 1.0 - wb - wc, wb, wc


@njit(cache=True, fastmath=True)
def interpolate(points, triangles, owner, values, corners):
    """Interpolate (n, k) vertex values, indexed by (m, 3) `corners`, and return (H, W, k) values at all samples."""
    height, width = owner.shape
    out = np.zeros((height, width, values.shape[1]), np.float32)
    for y in range(height):
        for x in range(width):
            t = owner[y, x]
            if t >= 0:
                wa, wb, wc = barycentric(points, triangles[t, 0], triangles[t, 1], triangles[t, 2], x + 0.5, y + 0.5)
                for k in range(values.shape[1]):
                    out[y, x, k] = (
                        wa * values[corners[t, 0], k] + wb * values[corners[t, 1], k] + wc * values[corners[t, 2], k]
                    )
    return out


@njit(cache=True, fastmath=True)
def resolve(image, labels, factor):
    """Average factor x factor samples to a pixel; its label is the most frequent one.

    Args:
        image: (S*factor, S*factor, 3) linear colours.
        labels: (S*factor, S*factor) uint8.
        factor: samples along the edge of a pixel.

    Returns:
        (S, S, 3) uint8 and (S, S) uint8.
    """
    size = image.shape[0] // factor
    picture = np.empty((size, size, 3), np.uint8)
    votes = np.zeros(16, np.int64)
    out = np.empty((size, size), np.uint8)
    scale = 1.0 / (factor * factor)
    for y in range(size):
        for x in range(size):
            for k in range(3):
                total = np.float32(0.0)
                for j in range(factor):
                    for i in range(factor):
                        total += min(max(image[y * factor + j, x * factor + i, k], np.float32(0.0)), np.float32(1.0))
                picture[y, x, k] = np.uint8(np.sqrt(total * scale) * 255.0 + 0.5)
            votes[:] = 0
            best = labels[y * factor, x * factor]
            for j in range(factor):
                for i in range(factor):
                    label = labels[y * factor + j, x * factor + i]
                    votes[label] += 1
                    if votes[label] > votes[best]:
                        best = label
            out[y, x] = best
    return picture, out
