"""MakeHuman's asset files: their folder, and readers for meshes, targets, fitted meshes and textures."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import MissingDependency

ASSETS_VARIABLE = "F2P_MAKEHUMAN_ASSETS"
HOW_TO_GET = (
    "Get the public-domain (CC0) assets of github.com/makehumancommunity: from `makehuman` the folder makehuman/data, "
    "with the textures of `makehuman-assets` copied into it, and from `mpfb2` the folder of UV masks (textures); put "
    "them into one folder as makehuman/data and mpfb2/textures, and name that folder with --assets or with the "
    f"environment variable {ASSETS_VARIABLE}"
)


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh with texture coordinates.

    Args:
        points: (n, 3) float32, MakeHuman's units (decimetres), x to the character's left, y up, z forwards.
        uv: (k, 2) float32 in [0, 1], v upwards.
        triangles: (m, 3) int32 into points.
        corners: (m, 3) int32 into uv.
        part: (m,) name of the group in the .obj file, for each triangle.
    """

    points: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    corners: np.ndarray
    part: np.ndarray


@dataclass(frozen=True)
class Fit:
    """The attachment of a mesh (hair, brows, eyes) to the base mesh; the content of an .mhclo file.

    Args:
        vertices: (n, 3) int32 base vertices to which each vertex is attached.
        weights: (n, 3) float32 weights of these base vertices.
        offsets: (n, 3) float32 offsets, in units of `scales`.
        scales: for x, y and z, two base vertices and the distance between them at which the offsets have scale 1;
            None if an axis needs no scaling.
    """

    vertices: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scales: tuple[tuple[int, int, float] | None, ...]

    def place(self, base: np.ndarray) -> np.ndarray:
        """Return the (n, 3) vertices on a morphed base mesh of (N, 3) vertices."""
        placed = np.einsum("nk,nkc->nc", self.weights, base[self.vertices])
        for axis, scale in enumerate(self.scales):
            factor = 1.0 if scale is None else abs(base[scale[0], axis] - base[scale[1], axis]) / scale[2]
            placed[:, axis] += self.offsets[:, axis] * factor
        return placed


def find_assets(assets: Path | None = None) -> Path:
    """Return the folder that holds makehuman/ and mpfb2/: the argument, or the environment variable's value.

    Raises:
        MissingDependency: no folder is named, or a file in it is missing; the message explains how to get the assets.
    """
    name = assets if assets is not None else os.environ.get(ASSETS_VARIABLE)
    if not name:
        raise MissingDependency(f"the reference engine needs MakeHuman's assets, and no folder was named. {HOW_TO_GET}")
    folder = Path(name)
    for needed in ("makehuman/data/3dobjs/base.obj", "mpfb2/textures/mpfb_lips.jpg"):
        if not (folder / needed).is_file():
            raise MissingDependency(f"MakeHuman's assets in {folder} lack {needed}. {HOW_TO_GET}")
    return folder


def load_mesh(path: Path) -> Mesh:
    """Read an .obj file; quads become two triangles.

    Raises:
        MissingDependency: the file is missing.
    """
    points, uv, triangles, corners, part = [], [], [], [], []
    group = ""
    for line in _lines(path):
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            points.append([float(word) for word in words[1:4]])
        elif words[0] == "vt":
            uv.append([float(word) for word in words[1:3]])
        elif words[0] == "g":
            group = words[1] if len(words) > 1 else ""
        elif words[0] == "f":
            pairs = [[int(number) - 1 for number in word.split("/")[:2]] for word in words[1:]]
            for k in range(1, len(pairs) - 1):
                fan = (pairs[0], pairs[k], pairs[k + 1])
                triangles.append([pair[0] for pair in fan])
                corners.append([pair[1] for pair in fan])
                part.append(group)
    return Mesh(
        np.array(points, np.float32),
        np.array(uv, np.float32),
        np.array(triangles, np.int32),
        np.array(corners, np.int32),
        np.array(part),
    )


def load_target(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a .target file and return (k,) int32 vertices and their (k, 3) float32 displacements.

    Raises:
        MissingDependency: the file is missing.
    """
    rows = np.array([line.split()[:4] for line in _lines(path) if line[:1].isdigit()], np.float64).reshape(-1, 4)
    return rows[:, 0].astype(np.int32), rows[:, 1:].astype(np.float32)


def load_fit(path: Path) -> Fit:
    """Read an .mhclo file.

    Raises:
        MissingDependency: the file is missing.
    """
    rows: list[list[float]] = []
    scales: dict[str, tuple[int, int, float]] = {}
    inside = False
    for line in _lines(path):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            scales[words[0][0]] = (int(words[1]), int(words[2]), float(words[3]))
        elif words[0] in ("verts", "weights", "delete_verts"):
            inside = words[0] == "verts"
        # Lines such as `material` may be between the rows.
        elif inside and words[0].isdigit():
            rows.append([float(word) for word in words])
    full = np.array([[row[0], row[0], row[0], 1, 0, 0, 0, 0, 0] if len(row) == 1 else row[:9] for row in rows])
    return Fit(
        full[:, :3].astype(np.int32),
        full[:, 3:6].astype(np.float32),
        full[:, 6:].astype(np.float32),
        tuple(scales.get(axis) for axis in "xyz"),
    )


def load_picture(path: Path, mode: str, size: int) -> np.ndarray:
    """Read a picture as (size, size[, channels]) float32 in [0, 1].

    Args:
        path: the file.
        mode: Pillow's mode, `RGBA` or `L`.
        size: edge in pixels after resizing.

    Raises:
        MissingDependency: the file is missing, or is not a picture.
    """
    try:
        with Image.open(path) as picture:
            resized = picture.convert(mode).resize((size, size), Image.Resampling.BOX)
    except OSError as error:
        reason = reason_of(error, "it is not a picture")
        raise MissingDependency(f"MakeHuman's assets: cannot read {path}: {reason}. {HOW_TO_GET}") from error
    return np.asarray(resized, np.float32) / 255.0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        reason = reason_of(error, "it cannot be opened")
        raise MissingDependency(f"MakeHuman's assets: cannot read {path}: {reason}. {HOW_TO_GET}") from error
