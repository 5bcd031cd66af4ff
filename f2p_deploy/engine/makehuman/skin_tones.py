"""Textures of MakeHuman's skin: masks and labels, computed from the shape of the base mesh.

They are functions of the position on the unmorphed base mesh, so that a mask of the nose follows the nose when it
moves. Coordinates are those of the base mesh in decimetres: eyes at x = +-0.31, y = 7.28; nose tip at y = 6.91; chin at
y = 6.2.
"""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.engine.makehuman.assets import Mesh
from f2p_deploy.engine.makehuman.layers import crown
from f2p_deploy.engine.makehuman.noise import gaussian_noise
from f2p_deploy.engine.makehuman.rasteriser import Texture, draw_depth, interpolate, make_texture
from f2p_deploy.engine.makehuman.shading import STEEPEST
from f2p_deploy.engine.makehuman.wrinkles import wrinkle_heights

#: Channels of the mask texture. Noise and slopes are centred on 0.5; all others are strengths in [0, 1].
CHANNELS = (
    "blush", "shade", "lips", "mottle", "moustache", "goatee", "jaw", "strands", "scalp", "gloss", "lids",
    "freckles", "bags", "folds", "slope-across", "slope-down", "crown", "rims", "pores",
)  # fmt: skip

#: The window of the UV map that holds the head: (u, v) of its lower left corner, its extent, and its size in pixels.
WINDOW_ORIGIN = np.array([0.634, 0.14], np.float32)
WINDOW_EXTENT = np.array([0.366, 0.69], np.float32)
WINDOW_PIXELS = (2048, 1024)

#: Kinds of skin triangles: in the head's window of the UV map, other skin, the mouth's inside, the eye sockets, and the
#: teeth, which are visible in an open mouth only.
HEAD, BODY, MOUTH, SOCKET, TEETH = range(5)


@dataclass(frozen=True)
class SkinMaps:
    """The masks and labels of the head.

    Args:
        masks: texture with the channels `CHANNELS` over the head's window of the UV map.
        labels: (H, W) uint8 Helen class of each texel.
        kinds: (m,) uint8 kind (`HEAD`, ...) of each triangle.
        uv: (k, 2) float32 texture coordinates within the window.
    """

    masks: Texture
    labels: np.ndarray
    kinds: np.ndarray
    uv: np.ndarray


def triangle_kinds(uv: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return the (m,) uint8 kind of each skin triangle, by its island in the UV map."""
    low, high = uv[corners].min(1), uv[corners].max(1)
    kinds = np.full(len(corners), BODY, np.uint8)
    kinds[(low[:, 0] > 0.64) & (low[:, 1] > 0.148)] = HEAD
    kinds[(low[:, 0] > 0.757) & (high[:, 1] < 0.1365)] = MOUTH
    kinds[(high[:, 0] < 0.152) & (low[:, 1] > 0.546) & (high[:, 1] < 0.634)] = SOCKET
    return kinds


def make_skin(skin: Mesh, lips: np.ndarray) -> SkinMaps:
    """Compute the masks and labels of the skin.

    Args:
        skin: the triangles of the base mesh's skin, unmorphed.
        lips: (2048, 2048) float32 mask of the lips over the whole UV map.
    """
    kinds = triangle_kinds(skin.uv, skin.corners)
    kinds[skin.part != "body"] = TEETH
    uv = (skin.uv - WINDOW_ORIGIN) / WINDOW_EXTENT
    height, width = WINDOW_PIXELS
    texels = np.stack([uv[:, 0] * width, (1 - uv[:, 1]) * height, np.zeros(len(uv))], 1).astype(np.float32)
    corners = skin.corners[kinds == HEAD]
    owner = np.full((height, width), -1, np.int32)
    draw_depth(texels, corners, 0, np.full((height, width), -1e9, np.float32), owner)
    place = fill_outwards(interpolate(texels, corners, owner, skin.points, skin.triangles[kinds == HEAD]), owner >= 0)
    lips_here = _cut_window(lips)
    masks = _masks(place, lips_here)
    labels = _labels(place, lips_here)
    picture = np.empty((height, width, len(CHANNELS)), np.uint8)
    for i, channel in enumerate(CHANNELS):
        picture[..., i] = np.rint(np.clip(masks[channel], 0, 1).astype(np.float64) * 255)
    return SkinMaps(make_texture(picture), labels, kinds, uv)


def _masks(place: np.ndarray, lips: np.ndarray) -> dict[str, np.ndarray]:
    x, y, z = np.abs(place[..., 0]), place[..., 1], place[..., 2]
    front = _ramp(z, 0.9, 1.25)

    def spot(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        return np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2) * front

    def box(x0: float, x1: float, y0: float, y1: float, soft: float) -> np.ndarray:
        return (
            _ramp(x, x0 - soft, x0 + soft) * _ramp(x, x1 + soft, x1 - soft)
            * _ramp(y, y0 - soft, y0 + soft) * _ramp(y, y1 + soft, y1 - soft) * front
        )  # fmt: skip

    rng = np.random.default_rng(20200901)

    def noise(texels: float) -> np.ndarray:
        return gaussian_noise(rng, x.shape, texels, texels)

    mottle = 0.5 + 0.06 * noise(30) + 0.03 * noise(8) + 0.03 * noise(2)
    strands = 0.5 + 0.2 * noise(1.6) + 0.13 * noise(5)
    ears = _ramp(x, 0.72, 0.80) * _ramp(z, 0.6, 0.3)
    nostril = spot(0.075, 6.815, 0.045, 0.025)
    hairless = np.clip(1 - lips * 1.6, 0, 1)
    # The edge of the beard, from the sideburns along the cheek to below the corners of the mouth.
    edge = 6.62 + 0.75 * np.clip(x - 0.28, 0, 0.34) + 1.4 * np.clip(x - 0.62, 0, 0.3)
    jaw = _ramp(y, edge + 0.05, edge - 0.07) * _ramp(x, 0.08, 0.22) * _ramp(z, 0.05, 0.35) * _ramp(y, 6.02, 6.2)
    jaw = np.maximum(jaw, _ramp(y, 6.44, 6.36) * _ramp(z, 0.4, 0.7) * _ramp(y, 6.02, 6.2)) * hairless
    moustache = _ramp(x, 0.36, 0.24) * _ramp(y, 6.58, 6.64) * _ramp(y, 6.81 - 0.25 * x, 6.78 - 0.25 * x) * front
    hairline = 7.98 - 0.9 * np.clip(x - 0.42, 0, 0.2) - 1.4 * np.clip(x - 0.62, 0, 1) + 0.02 * noise(12)
    behind = _ramp(z, 0.42, 0.25) * _ramp(y, 6.75, 6.95)
    heights, folds = wrinkle_heights(place[..., 0], y, z)
    down, across = np.gradient(heights)
    # Freckles of two sizes, most frequent on nose and cheeks.
    spots = np.maximum(_ramp(noise(3), 1.2, 2.0), 0.8 * _ramp(noise(5.5), 1.7, 2.4))
    freckled = 0.35 + 0.65 * np.maximum(spot(0.33, 7.0, 0.3, 0.2), spot(0, 7.0, 0.2, 0.2))
    return {
        "blush": spot(0.40, 6.95, 0.17, 0.13) + 0.8 * spot(0, 6.92, 0.13, 0.09) + 0.3 * spot(0, 6.4, 0.15, 0.1)
        + 0.8 * ears,
        "shade": 0.8 * spot(0.27, 7.24, 0.14, 0.07) + 0.35 * spot(0.16, 7.33, 0.07, 0.08) + nostril,
        "lips": lips,
        "mottle": mottle,
        "moustache": moustache * hairless,
        "goatee": np.maximum(box(-1, 0.16, 6.08, 6.46, 0.06), box(0.21, 0.27, 6.38, 6.68, 0.05)) * hairless,
        "jaw": jaw * _ramp(x, 0.715, 0.675),
        "strands": strands,
        "scalp": np.maximum(_ramp(y, hairline - 0.02, hairline + 0.10), behind) * (1 - ears),
        "gloss": spot(0, 7.0, 0.09, 0.25) + 0.7 * spot(0, 7.75, 0.35, 0.16) + 0.5 * spot(0.38, 7.08, 0.12, 0.07)
        + 0.6 * spot(0, 6.36, 0.12, 0.08) + 1.2 * lips,
        "lids": spot(0.31, 7.36, 0.14, 0.045),
        "freckles": spots * freckled * front,
        "bags": spot(0.30, 7.155, 0.15, 0.06) + 0.7 * spot(0.2, 7.22, 0.06, 0.05),
        "folds": folds,
        "slope-across": 0.5 + 0.5 * across / STEEPEST,
        "slope-down": 0.5 + 0.5 * down / STEEPEST,
        "crown": crown(x, y, z),
        "rims": np.exp(-(((np.hypot((x - 0.32) / 1.25, (y - 7.285) * 2.0) - 0.11) / 0.028) ** 2)) * front,
        "pores": 0.5 + 0.16 * noise(1.1) + 0.1 * noise(2.5),
    }  # fmt: skip


def _labels(place: np.ndarray, lips: np.ndarray) -> np.ndarray:
    x, y, z = np.abs(place[..., 0]), place[..., 1], place[..., 2]
    labels = np.full(x.shape, HELEN_CLASSES.index("skin"), np.uint8)
    half_width = np.interp(y, [6.80, 6.82, 6.87, 6.93, 7.0, 7.1, 7.27], [0.02, 0.12, 0.185, 0.19, 0.14, 0.085, 0.06])
    nose = (x < half_width) & (y > 6.80) & (y < 7.27) & (z > 1.2)
    labels[nose] = HELEN_CLASSES.index("nose")
    on_lips = lips > 0.5
    labels[on_lips & (y >= 6.617)] = HELEN_CLASSES.index("upper-lip")
    labels[on_lips & (y < 6.617)] = HELEN_CLASSES.index("lower-lip")
    return labels


def _cut_window(mask: np.ndarray) -> np.ndarray:
    height, width = WINDOW_PIXELS
    edge = mask.shape[0]
    u = WINDOW_ORIGIN[0] + WINDOW_EXTENT[0] * (np.arange(width) + 0.5) / width
    v = WINDOW_ORIGIN[1] + WINDOW_EXTENT[1] * (1 - (np.arange(height) + 0.5) / height)
    rows = np.clip(((1 - v) * edge).astype(int), 0, edge - 1)
    columns = np.clip((u * edge).astype(int), 0, edge - 1)
    return mask[np.ix_(rows, columns)]


def _ramp(values: np.ndarray, start: float | np.ndarray, end: float | np.ndarray) -> np.ndarray:
    t = np.clip((values - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def fill_outwards(values: np.ndarray, valid: np.ndarray, steps: int = 16) -> np.ndarray:
    """Extend values by a few texels beyond the edge of the UV island, so that filtering reads valid texels only."""
    values, valid = values.copy(), valid.copy()
    height, width = valid.shape
    for _ in range(steps):
        for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            rows, columns = np.nonzero(np.roll(valid, (down, right), (0, 1)) & ~valid)
            values[rows, columns] = values[(rows - down) % height, (columns - right) % width]
            valid[rows, columns] = True
    return values
