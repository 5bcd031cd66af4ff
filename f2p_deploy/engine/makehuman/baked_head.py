"""The reference engine's head as plain meshes with baked textures, for other renderers.

Colours are baked without light: shading, highlights and the shade of hair are the other renderer's. Of wrinkles only
the darkening is baked, and the teeth, which a closed mouth hides, are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.makehuman import palettes
from f2p_deploy.engine.makehuman.assets import Mesh
from f2p_deploy.engine.makehuman.glasses import Glasses, make_glasses
from f2p_deploy.engine.makehuman.layers import SkinLayer, load_eyebrows, load_eyelashes, load_eyes, load_hair
from f2p_deploy.engine.makehuman.makehuman import load_head
from f2p_deploy.engine.makehuman.morphs import load_morphs
from f2p_deploy.engine.makehuman.paint import brow_density, brow_tint, lash_density, skin_paint
from f2p_deploy.engine.makehuman.rasteriser import Surface, Texture, blank_canvas, draw_depth, vertex_normals
from f2p_deploy.engine.makehuman.shading import Light, SkinLabels, shade_skin
from f2p_deploy.engine.makehuman.skin_tones import HEAD, MOUTH, TEETH, fill_outwards

#: Edge of the baked skin in texels; half of that suffices for eyes, brows and hair.
SKIN_TEXELS = 1024

#: The light of a surface that faces it with the strength 1: ambient, and the fixed fill light.
_EVEN = Light(
    np.array([0, 0, 1], np.float32), np.array([0, 0, 1], np.float32), np.zeros(3, np.float32),
    np.float32((1.0 - 0.12 * 0.8) / 0.85),
)  # fmt: skip

#: Linear brightness of an eye's white by channel, and how much veins take of it.
_WHITE, _VEINS = np.array([0.86, 0.80, 0.76], np.float32), np.array([0.0, 0.35, 0.35], np.float32)

_LASH = np.full(3, 0.004, np.float32)


@dataclass(frozen=True)
class BakedPart:
    """One mesh of a head.

    Args:
        name: `skin`, `mouth`, `body`, `eyes`, `eyebrows`, `eyelashes`, `glasses` or `hair`.
        points: (n, 3) float32 in metres, x to the character's left, y up, z forwards; MakeHuman's origin.
        normals: (n, 3) float32 unit vectors.
        uv: (n, 2) float32 in [0, 1], v downwards; the texture's first row is at v = 0.
        triangles: (m, 3) int32, counterclockwise from outside.
        texture: (H, W, 3) or, with alpha, (H, W, 4) uint8 sRGB.
        opacity: (n,) float32 factor on alpha, at most 1; None for opaque parts.
        cut: True where alpha is a stencil, as in hair, and not a degree.
    """

    name: str
    points: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    texture: np.ndarray
    opacity: np.ndarray | None = None
    cut: bool = False


class HeadBaker:
    """Bakes characters of a schema; the assets are read once.

    Args:
        schema: with MakeHuman's sliders and options.
        assets: the folder that holds makehuman/ and mpfb2/, see `find_assets`.

    Raises:
        InputError: MakeHuman lacks a controller, a group or an option of the schema.
        MissingDependency: assets are missing.
    """

    def __init__(self, schema: Schema, assets: Path) -> None:
        palettes.check_groups(schema)
        self.schema, self._assets = schema, assets
        self._base, self._skin, self._maps = load_head(self._assets)
        self._morphs = load_morphs(
            self.schema, self._base, self._assets / "makehuman/data/targets", np.ones(len(self._base.points), bool)
        )

    def bake(self, parameters: Parameters) -> list[BakedPart]:
        """Return the parts of a character's head, opaque ones first."""
        values = parameters.values[: self.schema.n_c]
        units = self._morphs.values(values)
        look = palettes.DEFAULTS | {group.name: parameters.choice(group.name) for group in self.schema.discrete_groups}
        base = self._morphs.shape(values)
        parts = [*self._bake_skin(base, units, look), self._bake_eyes(base, look)]
        brows = load_eyebrows(self._assets, look["eyebrows"])
        parts.append(_bake_layer("eyebrows", brows, base, brow_tint(units, look), brow_density(units)))
        parts.append(_bake_layer("eyelashes", self._lashes, base, _LASH, lash_density(units, look)))
        if look["hair"] not in palettes.WITHOUT_MESH:
            defaults = np.array([controller.default for controller in self.schema.controllers], np.float32)
            hair = load_hair(self._assets, look["hair"], self._morphs.shape(defaults))
            tint = palettes.linear(palettes.HAIR_COLOURS[look["hair-colour"]])
            parts.append(_bake_layer("hair", hair, base, tint, cut=True))
        if look["glasses"] != "none":
            tint = palettes.linear(palettes.FRAMES[look["glasses"]].colour)
            parts.append(_bake_layer("glasses", make_glasses(look["glasses"]), base, tint))
        return parts

    @cached_property
    def _lashes(self) -> SkinLayer:
        return load_eyelashes(self._assets)

    def _bake_skin(self, base: np.ndarray, units: dict[str, float], look: dict[str, str]) -> Iterator[BakedPart]:
        """Yield the head with its texture, and the neck and the mouth in one colour each."""
        skin, maps, paint = self._skin, self._maps, skin_paint(units, look)
        normals = vertex_normals(base, skin.triangles)
        flat = np.tile(np.array([0, 0, 1], np.float32), (len(maps.uv), 1))
        texels = np.stack([maps.uv[:, 0], 1 - maps.uv[:, 1], np.zeros(len(maps.uv))], 1).astype(np.float32)
        texels[:, :2] *= SKIN_TEXELS
        head = maps.kinds == HEAD
        corners = skin.corners[head]
        # On the texture a triangle's vertices are its corners, so that the seams of the UV map are edges.
        surface = Surface(texels, flat, np.ones(len(flat), np.float32), corners, maps.uv, corners)
        canvas = blank_canvas(SKIN_TEXELS, (0.0, 0.0, 0.0))
        draw_depth(texels, corners, 0, canvas.depth, canvas.owner)
        labels, level = SkinLabels(maps.labels, 0, 0, 0), _level_for(maps.masks, SKIN_TEXELS)
        shade_skin(canvas, surface, maps.kinds[head], maps.masks, level, labels, paint, _EVEN, np.float32(0.0))
        picture = fill_outwards(canvas.image, canvas.owner >= 0)
        yield _part("skin", base, normals, skin, maps.uv, head, _displayed(picture))
        mouth = np.array([0.045 + 0.1 * paint.tone[0], 0.012, 0.012], np.float32)
        for name, kept, colour in (
            ("body", (maps.kinds != HEAD) & (maps.kinds != MOUTH) & (maps.kinds != TEETH), paint.tone),
            ("mouth", maps.kinds == MOUTH, mouth),
        ):
            if kept.any():
                one = _displayed(np.broadcast_to(np.asarray(colour, np.float32), (4, 4, 3)))
                yield _part(name, base, normals, skin, np.full_like(maps.uv, 0.5), kept, one)

    def _bake_eyes(self, base: np.ndarray, look: dict[str, str]) -> BakedPart:
        layer, _ = load_eyes(self._assets)
        texel = _top_level(layer.texture)
        iris = palettes.linear(palettes.EYE_COLOURS[look["eye-colour"]])
        bright = np.square(texel[..., :1])
        white = _WHITE * (1 - texel[..., 2:3] * _VEINS)
        picture = white * bright * (1 - texel[..., 1:2]) + iris * bright * 2.6 * texel[..., 1:2]
        placed = layer.place(base).astype(np.float32)
        everything = np.ones(len(layer.mesh.triangles), bool)
        normals = vertex_normals(placed, layer.mesh.triangles)
        return _part("eyes", placed, normals, layer.mesh, layer.mesh.uv, everything, _displayed(picture))


def _bake_layer(
    name: str, layer: SkinLayer | Glasses, base: np.ndarray, tint: np.ndarray, density: float = 1.0, cut: bool = False
) -> BakedPart:
    """Return a layer with its colour and alpha; what `opacity` times `density` exceeds 1 by goes into the texture."""
    texel = _top_level(layer.texture)
    colour = np.asarray(tint, np.float32) * np.square(texel[..., :1] * 2.5)
    alpha = np.clip(texel[..., 2:3] * max(density, 1.0), 0, 1)
    picture = np.concatenate([_displayed(colour), np.rint(alpha * 255).astype(np.uint8)], -1)
    opacity = np.clip(layer.opacity * min(density, 1.0), 0, 1).astype(np.float32)
    placed, mesh = layer.place(base).astype(np.float32), layer.mesh
    everything = np.ones(len(mesh.triangles), bool)
    normals = vertex_normals(placed, mesh.triangles)
    return _part(name, placed, normals, mesh, mesh.uv, everything, picture, opacity, cut)


def _part(
    name: str,
    points: np.ndarray,
    normals: np.ndarray,
    mesh: Mesh,
    uv: np.ndarray,
    kept: np.ndarray,
    texture: np.ndarray,
    opacity: np.ndarray | None = None,
    cut: bool = False,
) -> BakedPart:
    """Return the kept triangles with one vertex for each pair of a point and a texture coordinate."""
    pairs = np.stack([mesh.triangles[kept].ravel(), mesh.corners[kept].ravel()], 1)
    unique, index = np.unique(pairs, axis=0, return_inverse=True)
    at, corner = unique.T
    flipped = np.stack([uv[corner, 0], 1 - uv[corner, 1]], 1).astype(np.float32)
    return BakedPart(
        name,
        (points[at] / 10).astype(np.float32),
        _unit(normals[at]),
        np.clip(flipped, 0, 1),
        index.reshape(-1, 3).astype(np.int32),
        texture,
        None if opacity is None else opacity[at],
        cut,
    )


def _unit(normals: np.ndarray) -> np.ndarray:
    """Return (n, 3) float32 unit vectors; those without a direction point forwards."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0.5, normals / np.maximum(length, 0.5), [0, 0, 1]).astype(np.float32)


def _displayed(linear: np.ndarray) -> np.ndarray:
    """Return linear colours of the rasteriser (gamma 2) as uint8 sRGB values."""
    return np.rint(np.sqrt(np.clip(linear, 0, 1)) * 255).astype(np.uint8)


def _top_level(texture: Texture) -> np.ndarray:
    """Return the largest level of a texture as (H, W, channels) float32 in [0, 1]."""
    height, width = int(texture.heights[0]), int(texture.widths[0])
    return texture.texels[: height * width].reshape(height, width, -1).astype(np.float32) / 255


def _level_for(texture: Texture, edge: int) -> int:
    """Return the level of a texture that is at most as wide as a number of texels."""
    return int(np.flatnonzero(texture.widths <= edge)[0])
