"""The layers on the head: eyeballs, eyebrows, eyelashes and hair, each a mesh that follows the morphs."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.engine.makehuman.assets import Fit, Mesh, load_fit, load_mesh, load_picture
from f2p_deploy.engine.makehuman.noise import gaussian_noise
from f2p_deploy.engine.makehuman.palettes import CUTS
from f2p_deploy.engine.makehuman.rasteriser import Texture, make_texture

#: The region in which hair would hide the eyes (half width, smallest z), the lower end of a fringe, and the length over
#: which it fades; in decimetres of the base mesh.
_FACE_HALF_WIDTH, _FACE_DEPTH, _FRINGE_END, _FRINGE_FADE = 0.62, 0.9, 7.52, 0.12

#: Vertices of the eye corners, and their mean position on the base mesh.
_EYE_CORNERS, _BASE_EYES = [1090, 1104, 7796, 7782], np.array([0.0, 7.274, 1.327])

#: Hairstyles whose texture is generated: blur of the noise across and along the hairs, in texels.
_PAINTED = {"bob01": (1.6, 60.0)}

HAIR_PIXELS, BROW_PIXELS, EYE_PIXELS = 1024, 256, 512


@dataclass(frozen=True)
class SkinLayer:
    """A fitted mesh with its texture.

    Args:
        mesh: the mesh; its points are replaced by `fit.place(...)` for each character.
        fit: its attachment to the base mesh.
        texture: its texture, with the channels of `shading.blend_layer` or `shading.shade_eyes`.
        uv_areas: (m,) area of each triangle in texture coordinates.
        opacity: (n,) float32 factor on the texture's alpha at each vertex.
        mirrored: True if left and right are exchanged.
    """

    mesh: Mesh
    fit: Fit
    texture: Texture
    uv_areas: np.ndarray
    opacity: np.ndarray
    mirrored: bool = False

    def place(self, base: np.ndarray) -> np.ndarray:
        """Return the (n, 3) vertices on a morphed base mesh of (N, 3) vertices."""
        placed = self.fit.place(base)
        if self.mirrored:
            placed[:, 0] *= -1
        return placed


def load_hair(assets: Path, style: str, head: np.ndarray) -> SkinLayer:
    """Load a hairstyle by name, without the hair that would hide the eyes or has receded.

    Args:
        assets: the folder that holds makehuman/.
        style: the name of the hairstyle's folder, or a key of `palettes.CUTS`.
        head: (N, 3) vertices of the average head, on which the hair is cut.
    """
    style, receded, mirrored = CUTS.get(style, (style, 0.0, False))
    folder = assets / "makehuman/data/hair" / style
    if style in _PAINTED:
        picture = _paint_strands(*_PAINTED[style])
    else:
        picture = load_picture(folder / f"{style}_diffuse.png", "RGBA", HAIR_PIXELS)
    layer = _layer(folder, style, _tintable(picture, picture[..., 3]))
    placed = layer.fit.place(head)
    # Convert to the base mesh's coordinates, as women's heads are lower and men's higher.
    shift = head[_EYE_CORNERS].mean(0) - _BASE_EYES
    x, y, z = np.abs(placed[:, 0]), placed[:, 1] - shift[1], placed[:, 2] - shift[2]
    cut = 1 - np.clip((crown(x, y, z) + receded - 1.0) * 8.0, 0, 1)
    over_face = (x < _FACE_HALF_WIDTH) & (z > _FACE_DEPTH)
    fringe = np.where(over_face, np.clip((y - _FRINGE_END) / _FRINGE_FADE, 0, 1), 1).astype(np.float32)
    return replace(layer, opacity=(fringe * cut).astype(np.float32), mirrored=mirrored)


def crown(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the order in which hair recedes, in [0, 1]; 1 is first, as over the temples and at the crown.

    Args:
        x, y, z: positions on the average head, in arrays of any shape; x is the distance from the middle.
    """
    # The angle around the head's centre: 0 at the hairline, 1 at the nape.
    back = np.clip((np.degrees(np.arctan2(y - 7.3, z - 0.35)) - 28) / 105, 0, 1)
    temples = 0.28 * np.exp(-(((x - 0.46) / 0.17) ** 2)) * np.clip(1 - back, 0, 1)
    top = np.clip((y - 7.3) / 0.3, 0, 1) * (1 - np.clip((x - 0.56) / 0.2, 0, 1))
    return np.clip((1 - 0.65 * back + temples) * top, 0, 1)


def load_eyebrows(assets: Path, style: str) -> SkinLayer:
    """Load an eyebrow style; its label covers the whole area of the brow, including gaps between the hairs."""
    folder = assets / "makehuman/data/eyebrows" / style
    picture = load_picture(folder / f"{style}.png", "RGBA", BROW_PIXELS)
    area = np.clip(_blur(picture[..., 3], 4) * 3.0, 0, 1)
    flat = picture.copy()
    flat[..., :3] = 0.5
    return _layer(folder, style, _tintable(flat, area))


def load_eyelashes(assets: Path, style: str = "eyelashes01") -> SkinLayer:
    """Load eyelashes; they have no label."""
    folder = assets / "makehuman/data/eyelashes" / style
    picture = load_picture(folder / f"{style}.png", "RGBA", BROW_PIXELS)
    picture[..., :3] = 0.5
    return _layer(folder, style, _tintable(picture, np.zeros_like(picture[..., 3])))


def load_eyes(assets: Path) -> tuple[SkinLayer, np.ndarray]:
    """Load the eyeballs, and return their layer and the (m,) uint8 label of each triangle."""
    folder = assets / "makehuman/data/eyes"
    brown = load_picture(folder / "materials/brown_eye.png", "RGBA", EYE_PIXELS)[..., :3]
    pale = load_picture(folder / "materials/ice_eye.png", "RGBA", EYE_PIXELS)[..., :3]
    # The two textures differ only in the iris.
    iris = np.clip(_blur((np.abs(brown - pale).max(-1) > 0.10).astype(np.float32), 3) * 3.0 - 1.0, 0, 1)
    brightness = pale.mean(-1)
    white = np.median(brightness[(iris < 0.01) & (brightness > 0.7)])
    brightness = brightness * (1 - iris) / white * 0.97 + brightness * iris
    veins = np.clip((pale[..., 0] - pale[..., 1] - 0.04) * 3.0, 0, 1) * (1 - iris)
    # The border between iris and white is dark.
    brightness = brightness * (1 - 0.45 * (4 * iris * (1 - iris)) ** 2)
    picture = _shrink_irises(np.stack([np.clip(brightness, 0, 1), iris, veins], -1), iris)
    layer = _layer(folder / "low-poly", "low-poly", np.rint(picture * 255).astype(np.uint8))
    # The character's right eye is at the left of the picture.
    at_left = layer.mesh.points[layer.mesh.triangles][..., 0].mean(1) < 0
    left, right = HELEN_CLASSES.index("left-eye"), HELEN_CLASSES.index("right-eye")
    return layer, np.where(at_left, left, right).astype(np.uint8)


def _layer(folder: Path, name: str, picture: np.ndarray) -> SkinLayer:
    mesh = load_mesh(folder / f"{name}.obj")
    a, b, c = (mesh.uv[mesh.corners[:, k]] for k in range(3))
    areas = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    opacity = np.ones(len(mesh.points), np.float32)
    return SkinLayer(mesh, load_fit(folder / f"{name}.mhclo"), make_texture(picture), areas, opacity)


def _tintable(picture: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Reduce an RGBA texture to brightness (0.4 on average), label and alpha, so that it can have any colour."""
    alpha = picture[..., 3]
    brightness = np.log(picture[..., :3].mean(-1) + 0.02)
    solid = brightness[alpha > 0.5]
    # All styles get the same contrast; otherwise blond would be overexposed in textures painted black.
    brightness = 0.4 * np.exp(0.2 * np.clip((brightness - solid.mean()) / (solid.std() + 0.05), -2.2, 2.2))
    # Transparent texels get the average brightness; otherwise filtering would create dark edges.
    brightness = brightness * alpha + 0.4 * (1 - alpha)
    return np.rint(np.clip(np.stack([brightness, label, alpha], -1), 0, 1) * 255).astype(np.uint8)


def _paint_strands(across: float, along: float) -> np.ndarray:
    """Return an opaque RGBA texture of hairs: noise, blurred by different numbers of texels across and along them."""
    rng = np.random.default_rng(7)
    strands = gaussian_noise(rng, (HAIR_PIXELS, HAIR_PIXELS), across, along)
    strands = strands + 0.6 * gaussian_noise(rng, (HAIR_PIXELS, HAIR_PIXELS), 4 * across, 2 * along)
    grey = np.clip(0.45 + 0.13 * strands, 0.05, 1.0).astype(np.float32)
    return np.stack([grey, grey, grey, np.ones_like(grey)], -1)


def _shrink_irises(picture: np.ndarray, iris: np.ndarray, factor: float = 0.8) -> np.ndarray:
    """Shrink the irises of an eye texture and stretch the sclera around them."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    upper = rows + (columns.max() - columns) < rows.max()
    source_rows, source_columns = rows.copy(), columns.copy()
    for half in (upper, ~upper):
        weight = iris * half
        row, column = (weight * rows).sum() / weight.sum(), (weight * columns).sum() / weight.sum()
        radius = np.sqrt(weight.sum() / np.pi)
        distance = np.hypot(rows - row, columns - column)
        stretch = np.interp(distance, [0, radius * factor, 2.0 * radius], [1 / factor, 1 / factor, 1.0])
        source_rows = np.where(half, row + (rows - row) * stretch, source_rows)
        source_columns = np.where(half, column + (columns - column) * stretch, source_columns)
    edge = picture.shape[0] - 1
    at = (np.clip(np.rint(source), 0, edge).astype(int) for source in (source_rows, source_columns))
    return picture[tuple(at)]


def _blur(values: np.ndarray, radius: int) -> np.ndarray:
    offsets = range(-radius, radius + 1)
    for axis in (0, 1):
        values = np.mean([np.roll(values, by, axis) for by in offsets], axis=0)
    return values
