"""Removal of the expression from a photo's mesh, because a smile is no error of a character with a neutral face.

MediaPipe scores 52 blendshapes of a face. Their effect on the shape was fitted to portraits by ridge regression, in
three dimensions with the pose removed (`bench/expression_table.py`), and is stored in `expression.npz`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import MediaPipeFinder
from f2p_deploy.character.face_shape import placed, similarities
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS

#: Points of MediaPipe's mesh that are corrected: all compared points, and the nose tip, which alignment uses.
POINTS: tuple[int, ...] = tuple(sorted({*CONTOUR_POINTS, 4}))

BLENDSHAPES = 52

#: The blendshapes that are frequent in portraits: jawOpen, mouthLowerDown, mouthSmile and mouthUpperUp of both sides.
_SMILES = (25, 34, 35, 44, 45, 48, 49)

#: The 1 / `_QUIET_ONE_IN` of the portraits with the least smile count as neutral faces.
_QUIET_ONE_IN = 10

_TABLE = Path(__file__).with_name("expression.npz")


@dataclass(frozen=True)
class MeshWithExpression:
    """A face's mesh with depth, and its blendshape scores.

    Args:
        points: (478, 3) in pixels; x right, y down, z away.
        scores: (52,) blendshape scores in [0, 1].
    """

    points: np.ndarray
    scores: np.ndarray


class ExpressionReader:
    """MediaPipe's FaceLandmarker with blendshapes; `close` releases its threads and memory.

    Args:
        model: the task file, see `find_landmarker_model`.

    Raises:
        MissingDependency: mediapipe is not installed.
        InputError: MediaPipe cannot open the file.
    """

    def __init__(self, model: Path) -> None:
        self._finder = MediaPipeFinder(model, most_faces=1)
        self.close = self._finder.close

    def read(self, picture: np.ndarray) -> MeshWithExpression | None:
        """Return the mesh and scores of the face in an upright (H, W, 3) uint8 RGB picture; None without a face."""
        meshes = self._finder.meshes(picture)
        return MeshWithExpression(*meshes[0]) if meshes else None


@dataclass(frozen=True)
class ExpressionTable:
    """A linear model of the effect of blendshapes on a mesh.

    Args:
        mean: (P, 3) points `POINTS` of the mean face, centred, in outer-eye distances; x right, y down, z away.
        neutral: (52,) scores of a neutral face.
        slopes: (52, P, 3) movement of the points per unit of score, in the same unit and axes.
    """

    mean: np.ndarray
    neutral: np.ndarray
    slopes: np.ndarray

    def displacement(self, look: MeshWithExpression) -> np.ndarray:
        """Return (P, 2) displacements of the points by the expression, in pixels of the look's picture."""
        linear = similarities(self.mean[None], look.points[list(POINTS)])[0]
        moved = np.tensordot(look.scores - self.neutral, self.slopes, axes=1)
        return (moved @ linear.T)[:, :2]

    def neutralise(self, mesh: np.ndarray, look: MeshWithExpression | None) -> np.ndarray:
        """Return a (478, 2) mesh without its expression; only `POINTS` are moved.

        Args:
            mesh: (478, 2) of the face, in pixels of the look's picture.
            look: of the same face; None leaves the mesh unchanged.
        """
        result = np.array(mesh, np.float64)
        if look is not None:
            result[list(POINTS)] -= self.displacement(look)
        return result


def load_expression_table(path: Path = _TABLE) -> ExpressionTable:
    """Read a table; by default the one in the package."""
    with np.load(path, allow_pickle=False) as stored:
        return ExpressionTable(*(stored[name].astype(np.float64) for name in ("mean", "neutral", "slopes")))


def learn_expression(looks: list[MeshWithExpression], ridge: float = 5.0) -> tuple[ExpressionTable, float]:
    """Fit a table to portraits; return it with the share of the shape's variance that it explains.

    A neutral face is defined by the mean scores of the portraits with the least smile. The mean portrait is no
    reference, since it smiles by 0.7, and neither are renders, which are scored as frowning.

    Args:
        looks: of different people.
        ridge: penalty on the squared slopes, in portraits.
    """
    shapes = np.stack([look.points[list(POINTS)] for look in looks])
    corners = [POINTS.index(point) for point in (33, 263)]
    mean = shapes[0]
    for _ in range(4):
        mean = mean - mean.mean(axis=0)
        mean = mean / np.linalg.norm(mean[corners[0]] - mean[corners[1]])
        there = placed(shapes, mean)
        mean = there.mean(axis=0)
    scores = np.stack([look.scores for look in looks])
    away, moved = scores - scores.mean(axis=0), (there - mean).reshape(len(looks), -1)
    slopes = np.linalg.solve(away.T @ away + ridge * np.eye(BLENDSHAPES), away.T @ moved)
    explained = 1.0 - float(((moved - away @ slopes) ** 2).sum() / (moved**2).sum())
    quiet = scores[np.argsort(scores[:, _SMILES].sum(axis=1))[: max(1, len(looks) // _QUIET_ONE_IN)]].mean(axis=0)
    return ExpressionTable(mean, quiet, slopes.reshape(BLENDSHAPES, len(POINTS), 3)), explained


def save_expression_table(table: ExpressionTable, path: Path) -> None:
    """Write a table as compressed float16 arrays."""
    parts = {name: getattr(table, name).astype(np.float16) for name in ("mean", "neutral", "slopes")}
    np.savez_compressed(path, **parts)
