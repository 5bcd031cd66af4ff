"""The reference engine: MakeHuman's face, drawn by the package's own rasteriser."""

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from f2p_deploy.character.schema import Schema, load_schema, suggestion
from f2p_deploy.engine import makehuman_palettes as palettes
from f2p_deploy.engine.engine import HELEN_CLASSES, Rendering, Scene
from f2p_deploy.engine.makehuman_assets import find_assets, load_mesh, load_picture
from f2p_deploy.engine.makehuman_layers import Layer, load_eyebrows, load_eyelashes, load_eyes, load_hair
from f2p_deploy.engine.makehuman_morphs import load_morphs
from f2p_deploy.engine.makehuman_skin import make_skin
from f2p_deploy.engine.openness import sky_openness
from f2p_deploy.engine.rasteriser import draw_depth, resolve, texture_levels, vertex_normals
from f2p_deploy.engine.shading import blend_layer, shade_eyes, shade_skin
from f2p_deploy.errors import InputError

#: Samples along a pixel's edge.
SAMPLES = 2

#: Vertices of the base mesh: the corners of the eye at the picture's left (outer, inner) and right (inner, outer).
EYE_CORNERS = {"left-eye": (1090, 1104), "right-eye": (7796, 7782)}
NOSE_TIP, MOUTH_CORNERS = 297, {"mouth-left": 527, "mouth-right": 7272}

#: Camera: distance from the eyes in decimetres, focal length in picture edges, height of the eyes in the picture.
DISTANCE, FOCAL, EYE_LINE = 13.0, 5.75, 0.44
_PIVOT = np.array([0.0, -0.25, -0.95], np.float32)
_LOWEST = 3.6
_BROW_BIAS, _HAIR_BIAS, _THICKNESS = 0.05, 0.012, 0.02


class MakeHumanEngine:
    """Draws the characters of a schema whose controllers are MakeHuman's sliders.

    Args:
        schema: controllers from `makehuman_sliders.SLIDERS` and `makehuman_morphs.MACROS`, discrete groups from
            `makehuman_palettes.GROUPS`.
        assets: the folder that holds makehuman/ and mpfb2/.

    Raises:
        InputError: the schema has a part that MakeHuman does not.
        MissingDependency: assets are missing.
    """

    def __init__(self, schema: Schema, assets: Path) -> None:
        _check_groups(schema)
        self.schema = schema
        self.assets = find_assets(assets)
        base = load_mesh(self.assets / "makehuman/data/3dobjs/base.obj")
        kept = (base.part == "body") & (base.points[base.triangles][..., 1].min(1) > _LOWEST)
        self._skin = replace(base, triangles=base.triangles[kept], corners=base.corners[kept], part=base.part[kept])
        self._maps = make_skin(self._skin, load_picture(self.assets / "mpfb2/textures/mpfb_lips.jpg", "L", 2048))
        self._eyes, self._eye_sides = load_eyes(self.assets)
        self._lashes = load_eyelashes(self.assets)
        self._morphs = load_morphs(
            schema, base, self.assets / "makehuman/data/targets", base.points[:, 1] > _LOWEST - 0.5
        )
        defaults = np.array([controller.default for controller in schema.controllers], np.float32)
        self._average = self._morphs.shape(defaults)
        self._layers: dict[str, Layer] = {}
        self._openness: dict[str, np.ndarray] = {}
        self._skin_openness: dict[str, np.ndarray] = {}
        self._pool: tuple[int, ProcessPoolExecutor] | None = None

    def render(self, parameters: np.ndarray, size: int, scene: Scene = Scene()) -> Rendering:
        """Draw one character; see `Engine.render`.

        Raises:
            InputError: parameters of another length, not finite, or controllers outside [0, 1]; a size below 16.
        """
        values = check_parameters(parameters, self.schema)
        if size < 16:
            raise InputError(f"size must be at least 16 pixels, found {size}")
        if scene.zoom <= 0 or not any(scene.light):
            raise InputError("a scene needs a zoom above 0 and a direction of light that is not zero")
        choice = self._choices(values)
        base = self._morphs.shape(values[: self.schema.n_c])
        view = _View(base, size * SAMPLES, scene)
        edge = size * SAMPLES
        image = np.empty((edge, edge, 3), np.float32)
        image[:] = np.square(np.asarray(scene.background, np.float32))
        labels = np.zeros((edge, edge), np.uint8)
        depth = np.full((edge, edge), -1e9, np.float32)
        owner = np.full((edge, edge), -1, np.int32)
        self._draw_head(view, base, choice, image, labels, depth, owner, scene)
        self._draw_layers(view, base, choice, image, labels, depth, scene)
        picture, votes = resolve(image, labels, SAMPLES)
        return Rendering(picture, votes, view.landmarks(base, SAMPLES))

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Draw (N, n) parameters in order; with `workers` above 1 on that many processes."""
        batch = np.asarray(batch, np.float32)
        chosen = [Scene()] * len(batch) if scenes is None else list(scenes)
        if len(chosen) != len(batch):
            raise InputError(f"{len(batch)} characters need as many scenes, found {len(chosen)}")
        if workers <= 1:
            for parameters, scene in zip(batch, chosen, strict=True):
                yield self.render(parameters, size, scene)
            return
        pool = self._processes(workers)
        yield from pool.map(_render_in_worker, batch, [size] * len(batch), chosen, chunksize=8)

    def close(self) -> None:
        """End the worker processes, if there are any."""
        if self._pool is not None:
            self._pool[1].shutdown()
            self._pool = None

    def _processes(self, workers: int) -> ProcessPoolExecutor:
        if self._pool is None or self._pool[0] != workers:
            self.close()
            pool = ProcessPoolExecutor(
                workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(self.schema, self.assets),
            )
            self._pool = (workers, pool)
        return self._pool[1]

    def _choices(self, values: np.ndarray) -> dict[str, str]:
        choice = dict(palettes.DEFAULTS)
        for group in self.schema.discrete_groups:
            part = values[self.schema.discrete_slices[group.name]]
            choice[group.name] = group.options[int(part.argmax())]
        return choice

    def _draw_head(self, view, base, choice, image, labels, depth, owner, scene) -> None:
        skin, eyes = self._skin, self._eyes
        light, colour = _light(scene)
        screen = view.project(base)
        normals = vertex_normals(view.turn(base), skin.triangles)
        eye_points = eyes.fit.place(base)
        eye_screen = view.project(eye_points)
        eye_normals = vertex_normals(view.turn(eye_points), eyes.mesh.triangles)
        first = len(skin.triangles)
        draw_depth(screen, skin.triangles, 0, depth, owner)
        draw_depth(eye_screen, eyes.mesh.triangles, first, depth, owner)
        hair = palettes.linear(palettes.HAIR_COLOURS[choice["hair-colour"]])
        lip, lip_amount = palettes.LIP_COLOURS[choice["lip-colour"]]
        masks = self._maps.masks
        level = int(np.clip(np.rint(np.log2(masks.widths[0] / (1.6 * len(image)))), 0, len(masks.widths) - 1))
        shade_skin(
            image, labels, owner, screen, normals, self._openness_of_skin(choice["hair"]), skin.triangles, skin.corners,
            self._maps.kinds, self._maps.uv, masks.texels, masks.offsets, masks.widths, masks.heights, level,
            self._maps.labels, HELEN_CLASSES.index("inner-mouth"), HELEN_CLASSES.index("skin"), HELEN_CLASSES.index("hair"),
            palettes.linear(palettes.SKIN_TONES[choice["skin-tone"]]), palettes.linear(lip), lip_amount, hair,
            np.array(palettes.BEARDS[choice["beard"]], np.float32), 0.85 if choice["hair"] == "cropped" else 0.0,
            light, colour, np.float32(scene.ambient),
        )  # fmt: skip
        texture = eyes.texture
        eye_level = int(np.clip(np.rint(np.log2(texture.widths[0] / (0.5 * len(image)))), 0, 4))
        shade_eyes(
            image, labels, owner, first, eye_screen, eye_normals, self._openness_of("eyes", eyes), eyes.mesh.triangles,
            eyes.mesh.corners, eyes.mesh.uv, texture.texels, texture.offsets[eye_level], texture.widths[eye_level],
            texture.heights[eye_level], palettes.linear(palettes.EYE_COLOURS[choice["eye-colour"]]), self._eye_sides,
            light, colour, np.float32(scene.ambient),
        )  # fmt: skip

    def _draw_layers(self, view, base, choice, image, labels, depth, scene) -> None:
        hair = palettes.linear(palettes.HAIR_COLOURS[choice["hair-colour"]])
        cover = np.zeros(depth.shape, np.float32)
        brows = self._layer("eyebrows", choice["eyebrows"])
        self._blend(view, base, choice["eyebrows"], brows, image, cover, depth, hair * 0.5, _BROW_BIAS, scene)
        left = np.arange(len(labels))[None, :] < view.middle(base)
        on_brow = (cover > 0.5) & (labels != 0)
        labels[on_brow & left] = HELEN_CLASSES.index("left-brow")
        labels[on_brow & ~left] = HELEN_CLASSES.index("right-brow")
        lashes = np.full(3, 0.004, np.float32)
        self._blend(view, base, "eyelashes", self._lashes, image, cover.copy(), depth, lashes, _BROW_BIAS, scene)
        if choice["hair"] not in ("bald", "cropped"):
            cover[:] = 0
            layer = self._layer("hair", choice["hair"])
            self._blend(view, base, choice["hair"], layer, image, cover, depth, hair, _HAIR_BIAS, scene)
            labels[cover > 0.5] = HELEN_CLASSES.index("hair")

    def _blend(self, view, base, name, layer, image, cover, depth, tint, bias, scene) -> None:
        mesh, texture = layer.mesh, layer.texture
        points = layer.fit.place(base).astype(np.float32)
        screen = view.project(points)
        light, colour = _light(scene)
        blend_layer(
            image, cover, depth, screen, vertex_normals(view.turn(points), mesh.triangles),
            self._openness_of(name, layer), layer.opacity, mesh.triangles, mesh.corners, mesh.uv,
            np.argsort(screen[mesh.triangles, 2].mean(1)), texture_levels(texture, layer.uv_areas, screen, mesh.triangles),
            texture.texels, texture.offsets, texture.widths, texture.heights,
            tint.astype(np.float32), bias, _THICKNESS, light, colour, np.float32(scene.ambient),
        )  # fmt: skip

    def _layer(self, group: str, style: str) -> Layer:
        if style not in self._layers:
            if group == "hair":
                self._layers[style] = load_hair(self.assets, style, self._average)
            else:
                self._layers[style] = load_eyebrows(self.assets, style)
        return self._layers[style]

    def _openness_of_skin(self, hair: str) -> np.ndarray:
        if hair not in self._skin_openness:
            points, triangles = self._average, self._skin.triangles
            normals = vertex_normals(points, triangles)
            open_sky = sky_openness(points, normals, points[: triangles.max() + 1], triangles)
            if hair not in ("bald", "cropped"):
                layer = self._layer("hair", hair)
                placed = layer.fit.place(points).astype(np.float32)
                both = np.concatenate([points, placed])
                faces = np.concatenate([triangles, layer.mesh.triangles + len(points)])
                # Hair lets some light through.
                open_sky = 0.45 * open_sky + 0.55 * sky_openness(points, normals, both, faces)
            self._skin_openness[hair] = open_sky.astype(np.float32)
        return self._skin_openness[hair]

    def _openness_of(self, name: str, layer: Layer) -> np.ndarray:
        if name not in self._openness:
            points, mesh = self._average, layer.mesh
            placed = layer.fit.place(points).astype(np.float32)
            both = np.concatenate([points, placed])
            faces = np.concatenate([self._skin.triangles, mesh.triangles + len(points)])
            normals = vertex_normals(placed, mesh.triangles)
            self._openness[name] = sky_openness(placed, normals, both, faces)
        return self._openness[name]


class _View:
    """The camera: looks at the point between the eyes of one character."""

    def __init__(self, base: np.ndarray, edge: int, scene: Scene) -> None:
        corners = [vertex for pair in EYE_CORNERS.values() for vertex in pair]
        self.eyes = base[corners].mean(0)
        yaw, pitch, roll = np.radians([scene.yaw, -scene.pitch, -scene.roll])
        about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        self.rotation = (about_z @ about_x @ about_y).astype(np.float32)
        self.edge, self.scene = edge, scene

    def turn(self, points: np.ndarray) -> np.ndarray:
        """Return points in the viewer's directions, relative to the eyes of the unturned head."""
        return ((points - self.eyes - _PIVOT) @ self.rotation.T + _PIVOT).astype(np.float32)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return (n, 3) screen positions."""
        turned = self.turn(points)
        scale = self.edge * FOCAL / (DISTANCE - turned[:, 2])
        x = turned[:, 0] * scale
        y = -turned[:, 1] * scale + (EYE_LINE - 0.5) * self.edge
        centre = self.edge * (0.5 + np.array(self.scene.shift, np.float32))
        screen = [x * self.scene.zoom + centre[0], y * self.scene.zoom + centre[1], turned[:, 2]]
        return np.ascontiguousarray(np.stack(screen, 1), np.float32)

    def middle(self, base: np.ndarray) -> float:
        """Return the x of the point between the eyes."""
        return float(self.project(self.eyes[None] + 0 * base[:1])[0, 0])

    def landmarks(self, base: np.ndarray, samples: int) -> dict[str, tuple[float, float]]:
        """Return the named points in pixels."""
        places = {name: base[list(pair)].mean(0) for name, pair in EYE_CORNERS.items()}
        places |= {"nose-tip": base[NOSE_TIP]} | {name: base[vertex] for name, vertex in MOUTH_CORNERS.items()}
        at = self.project(np.stack(list(places.values()))) / samples
        return {name: (float(point[0]), float(point[1])) for name, point in zip(places, at, strict=True)}


def load_engine(schema_name: str = "makehuman", assets: Path | None = None) -> MakeHumanEngine:
    """Load the reference engine for a shipped schema.

    Args:
        schema_name: `makehuman`, `makehuman-female`, `makehuman-male`, or a `.toml` file with MakeHuman's sliders.
        assets: the folder that holds makehuman/ and mpfb2/; else the variable F2P_MAKEHUMAN_ASSETS says.

    Raises:
        InputError: no such schema, or one that MakeHuman cannot draw.
        MissingDependency: no assets; the sentence says how to get them.
    """
    return MakeHumanEngine(load_schema(schema_name), find_assets(assets))


def check_parameters(parameters: np.ndarray, schema: Schema) -> np.ndarray:
    """Return parameters as (n,) float32.

    Raises:
        InputError: wrong length, not finite, or a controller outside [0, 1].
    """
    values = np.asarray(parameters, np.float32)
    if values.shape != (schema.n,):
        raise InputError(f"schema {schema.name!r} needs {schema.n} parameters, found an array of shape {values.shape}")
    if not np.isfinite(values).all():
        raise InputError(f"parameter {int(np.flatnonzero(~np.isfinite(values))[0])} is not a finite number")
    outside = np.flatnonzero((values[: schema.n_c] < -1e-6) | (values[: schema.n_c] > 1 + 1e-6))
    if len(outside):
        name = schema.controllers[outside[0]].name
        raise InputError(f"controller {name!r} must lie in [0, 1], found {values[outside[0]]}")
    return values


def _check_groups(schema: Schema) -> None:
    for group in schema.discrete_groups:
        if group.name not in palettes.GROUPS:
            known = tuple(palettes.GROUPS)
            raise InputError(
                f"schema {schema.name!r}: MakeHuman has no discrete group {group.name!r}{suggestion(group.name, known)}"
            )
        for option in group.options:
            if option not in palettes.GROUPS[group.name]:
                raise InputError(
                    f"schema {schema.name!r}: {group.name} has no option {option!r}"
                    f"{suggestion(option, palettes.GROUPS[group.name])}"
                )


def _light(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    direction = np.asarray(scene.light, np.float32)
    return direction / np.linalg.norm(direction), np.asarray(scene.light_colour, np.float32)


_worker_engine: MakeHumanEngine | None = None


def _start_worker(schema: Schema, assets: Path) -> None:
    global _worker_engine
    _worker_engine = MakeHumanEngine(schema, assets)


def _render_in_worker(parameters: np.ndarray, size: int, scene: Scene) -> Rendering:
    if _worker_engine is None:
        raise InputError("the worker process has no engine")
    return _worker_engine.render(parameters, size, scene)
