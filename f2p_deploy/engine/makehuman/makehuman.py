"""The reference engine: MakeHuman's face, drawn by the rasteriser of this package."""

# ruff: noqa: E402 (`require` must run before the imports that need the extra)
import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from f2p_deploy.system.extras import require

require("engine", "the reference engine")

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.character.parameters import check_vectors
from f2p_deploy.character.schema import Schema, load_schema, suggestion
from f2p_deploy.engine.engine import EXPRESSION_UNITS, Rendering, Scene
from f2p_deploy.engine.makehuman import palettes
from f2p_deploy.engine.makehuman.assets import Mesh, find_assets, load_mesh, load_picture
from f2p_deploy.engine.makehuman.camera import Camera
from f2p_deploy.engine.makehuman.glasses import Glasses, make_glasses
from f2p_deploy.engine.makehuman.layers import SkinLayer, load_eyebrows, load_eyelashes, load_eyes, load_hair
from f2p_deploy.engine.makehuman.morphs import check_controllers, load_morphs
from f2p_deploy.engine.makehuman.openness import sky_openness
from f2p_deploy.engine.makehuman.paint import brow_density, brow_tint, lash_density, skin_paint
from f2p_deploy.engine.makehuman.rasteriser import (
    Canvas,
    Surface,
    Texture,
    blank_canvas,
    draw_depth,
    resolve,
    texture_levels,
    vertex_normals,
    vertex_tangents,
)
from f2p_deploy.engine.makehuman.shading import (
    Light,
    SkinLabels,
    Strands,
    blend_layer,
    make_light,
    shade_eyes,
    shade_skin,
)
from f2p_deploy.engine.makehuman.skin_tones import TEETH, SkinMaps, make_skin
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.interruption import unheard_by_children

#: Samples along the edge of a pixel.
SAMPLES = 2

#: Vertices of the base mesh: eye corners at the left and the right of the picture, nose tip, corners of the mouth.
EYE_CORNERS = {"left-eye": (1090, 1104), "right-eye": (7796, 7782)}
NOSE_TIP, MOUTH_CORNERS = 297, {"mouth-left": 527, "mouth-right": 7272}
_ALL_EYE_CORNERS = [vertex for pair in EYE_CORNERS.values() for vertex in pair]

#: Height in the base mesh above which triangles are drawn: head, neck and shoulders.
_LOWEST = 3.6

#: Number of pictures in one task of a worker process.
_CHUNK = 4

#: Depths in decimetres: how far brows, hair and frames may be below the skin and still be visible, and the thickness
#: of hair.
_BROW_BIAS, _HAIR_BIAS, _FRAME_BIAS, _THICKNESS = 0.05, 0.012, 0.0, 0.02

#: Displacement of the teeth in a smile, in decimetres: MakeHuman's are placed for closed lips.
_SMILING_TEETH = np.array([0.0, -0.055, 0.0], np.float32)

#: Strength of the highlight on hair, and strand directions for layers without one.
_SHEEN, _NO_WAYS = 0.4, np.zeros((0, 3), np.float32)


class _Shot(NamedTuple):
    """The state of one picture while it is drawn."""

    canvas: Canvas
    camera: Camera
    light: Light
    base: np.ndarray
    units: dict[str, float]
    look: dict[str, str]


class MakeHumanEngine:
    """The engine for characters of a schema whose controllers are MakeHuman's sliders.

    Args:
        schema: its controllers are from `sliders.SLIDERS`, `sliders.MACROS` and `paint.PAINTED`, its discrete groups
            from `palettes.GROUPS`.
        assets: the folder that holds makehuman/ and mpfb2/.

    Raises:
        InputError: MakeHuman lacks a controller, a group or an option of the schema.
        MissingDependency: assets are missing.
    """

    def __init__(self, schema: Schema, assets: Path) -> None:
        check_controllers(schema)
        palettes.check_groups(schema)
        self.schema = schema
        self.assets = find_assets(assets)
        base, self._skin, self._maps = load_head(self.assets)
        self._teeth = np.unique(self._skin.triangles[self._maps.kinds == TEETH])
        self._eyes, self._eye_sides = load_eyes(self.assets)
        self._lashes = load_eyelashes(self.assets)
        self._morphs = load_morphs(
            schema, base, self.assets / "makehuman/data/targets", base.points[:, 1] > _LOWEST - 0.5
        )
        defaults = np.array([controller.default for controller in schema.controllers], np.float32)
        self._average = self._morphs.shape(defaults)
        self._layers: dict[str, SkinLayer | Glasses] = {}
        self._openness: dict[str, np.ndarray] = {}
        self._skin_openness: dict[str, np.ndarray] = {}
        self._pool: tuple[int, ProcessPoolExecutor] | None = None
        self._leash: tuple[Connection, Connection] | None = None

    def __reduce__(self) -> tuple[type["MakeHumanEngine"], tuple[Schema, Path]]:
        """Pickle the schema and the folder only; another process reads the assets again."""
        return MakeHumanEngine, (self.schema, self.assets)

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        """Draw one character; see `Engine.render`.

        Raises:
            InputError: parameters that `check_vectors` refuses, a size below 16, or a scene that cannot be drawn.
        """
        values = check_vectors(parameters, self.schema)
        if values.ndim != 1:
            raise InputError(f"render draws one character, found parameters of shape {values.shape}: use render_many")
        if size < 16:
            raise InputError(f"size must be at least 16 pixels, found {size}")
        if scene.zoom <= 0 or not any(scene.light):
            raise InputError("a scene needs a zoom above 0 and a light direction that is not zero")
        for unit, _ in scene.expression:
            if unit not in EXPRESSION_UNITS:
                raise InputError(f"no expression unit is named {unit!r}{suggestion(str(unit), EXPRESSION_UNITS)}")
        look = self._look(values)
        units = self._morphs.values(values[: self.schema.n_c])
        base = self._morphs.shape(values[: self.schema.n_c], scene.expression)
        camera = Camera(base[_ALL_EYE_CORNERS].mean(0), size * SAMPLES, scene)
        light = make_light(scene.light, scene.light_colour, scene.ambient)
        shot = _Shot(blank_canvas(size * SAMPLES, scene.background), camera, light, base, units, look)
        self._draw_head(shot, bool(scene.expression))
        self._draw_layers(shot)
        if look["glasses"] != "none":
            self._draw_glasses(shot)
        self._draw_hair(shot)
        canvas = shot.canvas
        image, labels = resolve(canvas.image, canvas.labels, SAMPLES)
        return Rendering(image, labels, _landmarks(camera, base))

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Draw (N, n) parameters in order; with `workers` above 1, in that number of child processes."""
        batch = np.asarray(batch, np.float32)
        views = [FRONT_VIEW] * len(batch) if scenes is None else list(scenes)
        if len(views) != len(batch):
            raise InputError(f"{len(batch)} characters need {len(batch)} scenes, found {len(views)}")
        if workers <= 1:
            for parameters, scene in zip(batch, views, strict=True):
                yield self.render(parameters, size, scene)
            return
        pool = self._processes(workers)
        with unheard_by_children():  # the first task starts the child processes
            # Not `pool.map`: it cancels the tasks after an error, and Python 3.11 cannot end a pool after that.
            tasks = deque(
                pool.submit(_render_in_worker, batch[i : i + _CHUNK], size, views[i : i + _CHUNK])
                for i in range(0, len(batch), _CHUNK)
            )
        try:
            while tasks:
                yield from tasks.popleft().result()
        except KeyboardInterrupt:
            self.abandon()  # otherwise this process would wait at its end for pictures in progress
            raise

    def close(self) -> None:
        """Stop the worker processes, if there are any."""
        if self._pool is not None:
            self._pool[1].shutdown()
            self._pool = None
        self.abandon()

    def abandon(self) -> None:
        """Stop the worker processes immediately, without waiting for their tasks."""
        if self._leash is not None:
            for end in self._leash:
                end.close()
        self._pool = self._leash = None

    def _processes(self, workers: int) -> ProcessPoolExecutor:
        if self._pool is None or self._pool[0] != workers:
            self.close()
            context = multiprocessing.get_context("spawn")
            self._leash = context.Pipe(duplex=False)
            pool = ProcessPoolExecutor(
                workers,
                mp_context=context,
                initializer=_start_worker,
                initargs=(self.schema, self.assets, self._leash[0]),
            )
            self._pool = (workers, pool)
        return self._pool[1]

    def _look(self, values: np.ndarray) -> dict[str, str]:
        look = dict(palettes.DEFAULTS)
        for group in self.schema.discrete_groups:
            part = values[self.schema.discrete_slices[group.name]]
            look[group.name] = group.options[int(part.argmax())]
        return look

    def _draw_head(self, shot: _Shot, smiling: bool) -> None:
        """Draw and label skin, eyes and, in a face with an expression, teeth."""
        canvas, camera, light, base, units, look = shot
        maps, eyes = self._maps, self._eyes
        if smiling:
            base = base.copy()
            base[self._teeth] += _SMILING_TEETH
        skin = _surface(camera, base, self._skin, self._openness_of_skin(look["hair"]), maps.uv)
        eyeballs = _surface(camera, eyes.place(base), eyes.mesh, self._openness_of("eyes", eyes), eyes.mesh.uv)
        first = len(skin.triangles)
        # The teeth are the last triangles; they would be visible between the lips of a closed mouth.
        visible = len(skin.triangles) if smiling else int((maps.kinds != TEETH).sum())
        draw_depth(skin.screen, skin.triangles[:visible], 0, canvas.depth, canvas.owner)
        draw_depth(eyeballs.screen, eyeballs.triangles, first, canvas.depth, canvas.owner)
        classes = (HELEN_CLASSES.index(name) for name in ("skin", "inner-mouth", "hair"))
        edge, paint = len(canvas.image), skin_paint(units, look)
        scale = camera.samples_per_decimetre
        level = _level(maps.masks, 1.6 * edge)
        shade_skin(canvas, skin, maps.kinds, maps.masks, level, SkinLabels(maps.labels, *classes), paint, light, scale)
        iris = palettes.linear(palettes.EYE_COLOURS[look["eye-colour"]])
        level = _level(eyes.texture, 0.5 * edge)
        shade_eyes(canvas, eyeballs, first, self._eye_sides, eyes.texture, level, iris, light)

    def _draw_layers(self, shot: _Shot) -> None:
        """Blend eyebrows and eyelashes over the head, and label the brows."""
        labels, camera, look = shot.canvas.labels, shot.camera, shot.look
        brows = self._layer("eyebrows", look["eyebrows"])
        density = brow_density(shot.units)
        on_brow = self._blend(shot, look["eyebrows"], brows, brow_tint(shot.units, look), _BROW_BIAS, density) > 0.5
        on_face = labels != HELEN_CLASSES.index("background")
        left = np.arange(len(labels))[None, :] < camera.project(camera.turn(camera.eyes[None]))[0, 0]
        labels[on_brow & on_face & left] = HELEN_CLASSES.index("left-brow")
        labels[on_brow & on_face & ~left] = HELEN_CLASSES.index("right-brow")
        black, density = np.full(3, 0.004, np.float32), lash_density(shot.units, look)
        self._blend(shot, "eyelashes", self._lashes, black, _BROW_BIAS, density)

    def _draw_hair(self, shot: _Shot) -> None:
        """Blend hair over everything, and label it."""
        style = shot.look["hair"]
        if style in palettes.WITHOUT_MESH:
            return
        tint = palettes.linear(palettes.HAIR_COLOURS[shot.look["hair-colour"]])
        covered = self._blend(shot, style, self._layer("hair", style), tint, _HAIR_BIAS, sheen=_SHEEN) > 0.5
        shot.canvas.labels[covered] = HELEN_CLASSES.index("hair")

    def _draw_glasses(self, shot: _Shot) -> None:
        """Blend glasses over the face, without changing its labels."""
        name = shot.look["glasses"]
        if name not in self._layers:
            self._layers[name] = make_glasses(name)
        frame = self._layers[name]
        self._openness.setdefault(name, np.ones(len(frame.mesh.points), np.float32))
        self._blend(shot, name, frame, palettes.linear(palettes.FRAMES[name].colour), _FRAME_BIAS)

    def _blend(
        self,
        shot: _Shot,
        name: str,
        layer: SkinLayer | Glasses,
        tint: np.ndarray,
        bias: float,
        density: float = 1.0,
        sheen: float = 0.0,
    ) -> np.ndarray:
        """Blend a layer over the picture, and return its (H, W) coverage of each sample."""
        mesh, cover = layer.mesh, np.zeros(shot.canvas.labels.shape, np.float32)
        surface = _surface(shot.camera, layer.place(shot.base), mesh, self._openness_of(name, layer), mesh.uv)
        order = np.argsort(surface.screen[mesh.triangles, 2].mean(1))
        levels = texture_levels(layer.texture, layer.uv_areas, surface)
        opacity = layer.opacity * np.float32(density)
        ways = _NO_WAYS
        if sheen:
            ways = vertex_tangents(shot.camera.turn(layer.place(shot.base)), mesh.triangles, mesh.uv, mesh.corners)
        strands = Strands(np.float32(sheen), ways)
        blend_layer(
            shot.canvas, cover, surface, opacity, order, layer.texture, levels, tint, bias, _THICKNESS, shot.light,
            strands,
        )  # fmt: skip
        return cover

    def _layer(self, group: str, style: str) -> SkinLayer | Glasses:
        if style not in self._layers:
            if group == "hair":
                self._layers[style] = load_hair(self.assets, style, self._average)
            else:
                self._layers[style] = load_eyebrows(self.assets, style)
        return self._layers[style]

    def _openness_of_skin(self, hair: str) -> np.ndarray:
        if hair not in self._skin_openness:
            points, triangles = self._average, self._skin.triangles
            if hair in palettes.WITHOUT_MESH:
                normals = vertex_normals(points, triangles)
                self._skin_openness[hair] = sky_openness(points, normals, points[: triangles.max() + 1], triangles)
            else:
                self._openness_of(hair, self._layer("hair", hair))
        return self._skin_openness[hair]

    def _openness_of(self, name: str, layer: SkinLayer | Glasses) -> np.ndarray:
        """Return the openness of a layer's vertices on the average head, and store that of the skin below it."""
        if name not in self._openness:
            points, mesh, skin = self._average, layer.mesh, self._skin.triangles
            placed = layer.place(points).astype(np.float32)
            both = np.concatenate([points, placed])
            faces = np.concatenate([skin, mesh.triangles + len(points)])
            normals = np.concatenate([vertex_normals(points, skin), vertex_normals(placed, mesh.triangles)])
            openness = sky_openness(both, normals, both, faces)
            self._openness[name] = openness[len(points) :]
            # Hair is not opaque.
            shaded = 0.45 * self._openness_of_skin("bald") + 0.55 * openness[: len(points)]
            self._skin_openness[name] = shaded.astype(np.float32)
        return self._openness[name]


def load_engine(schema_name: str = "makehuman", assets: Path | None = None) -> MakeHumanEngine:
    """Load the reference engine for a shipped schema.

    Args:
        schema_name: `makehuman`, `makehuman-female`, `makehuman-male`, or a `.toml` file with MakeHuman's sliders.
        assets: the folder that holds makehuman/ and mpfb2/; if None, the variable F2P_MAKEHUMAN_ASSETS names it.

    Raises:
        InputError: no such schema, or one that MakeHuman cannot draw.
        MissingDependency: the assets are missing; the message explains how to get them.
    """
    return MakeHumanEngine(load_schema(schema_name), find_assets(assets))


@lru_cache(maxsize=1)
def load_head(assets: Path) -> tuple[Mesh, Mesh, SkinMaps]:
    """Return the base mesh, the part of it that is drawn as skin, and the skin's maps: the same for all schemas."""
    base = load_mesh(assets / "makehuman/data/3dobjs/base.obj")
    on_head = (base.part == "body") | (base.part == "helper-upper-teeth")
    mask = on_head & (base.points[base.triangles][..., 1].min(1) > _LOWEST)
    skin = replace(base, triangles=base.triangles[mask], corners=base.corners[mask], part=base.part[mask])
    return base, skin, make_skin(skin, load_picture(assets / "mpfb2/textures/mpfb_lips.jpg", "L", 2048))


def _surface(camera: Camera, points: np.ndarray, mesh: Mesh, openness: np.ndarray, uv: np.ndarray) -> Surface:
    turned = camera.turn(points)
    normals = vertex_normals(turned, mesh.triangles)
    return Surface(camera.project(turned), normals, openness, mesh.triangles, uv, mesh.corners)


def _level(texture: Texture, wanted_width: float) -> int:
    level = np.rint(np.log2(texture.widths[0] / wanted_width))
    return int(np.clip(level, 0, len(texture.widths) - 1))


def _landmarks(camera: Camera, base: np.ndarray) -> dict[str, tuple[float, float]]:
    places = {name: base[list(pair)].mean(0) for name, pair in EYE_CORNERS.items()}
    places |= {"nose-tip": base[NOSE_TIP]} | {name: base[vertex] for name, vertex in MOUTH_CORNERS.items()}
    at = camera.project(camera.turn(np.stack(list(places.values())))) / SAMPLES
    return {name: (float(point[0]), float(point[1])) for name, point in zip(places, at, strict=True)}


_worker_engine: MakeHumanEngine | None = None


def _start_worker(schema: Schema, assets: Path, leash: Connection) -> None:
    global _worker_engine
    # Only the parent process handles Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
    _worker_engine = MakeHumanEngine(schema, assets)


def _end_with(leash: Connection) -> None:
    """End this process as soon as its parent has closed the other end of the pipe, or has ended."""
    with contextlib.suppress(EOFError, OSError):
        leash.recv()
    os._exit(0)


def _render_in_worker(batch: np.ndarray, size: int, scenes: list[Scene]) -> list[Rendering]:
    if _worker_engine is None:
        raise InputError("the worker process has no engine")
    return list(_worker_engine.render_many(batch, size, scenes))
