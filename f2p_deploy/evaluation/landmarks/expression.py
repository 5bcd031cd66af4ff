"""Expression taken out of a photo's mesh: a smile is no error of a character, whose face is neutral.

MediaPipe scores 52 blendshapes of a face. What they explain of the shape of a face was learned by ridge regression from
portraits (`bench/expression_table.py`), in three dimensions with the pose taken out, and is kept in `expression.npz`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import MediaPipeFinder
from f2p_deploy.character.face_shape import placed, similarities
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS

#: Points of MediaPipe's mesh that are moved: all that are compared, and the nose tip, by which faces are aligned.
POINTS: tuple[int, ...] = tuple(sorted({*CONTOUR_POINTS, 4}))

BLENDSHAPES = 52

#: The blendshapes that portraits are full of: jawOpen, mouthLowerDown, mouthSmile and mouthUpperUp of both sides.
_SMILES = (25, 34, 35, 44, 45, 48, 49)

#: One portrait in so many, those that smile least, is taken for a face that does nothing.
_QUIET_ONE_IN = 10

_TABLE = Path(__file__).with_name("expression.npz")


@dataclass(frozen=True)
class MeshWithExpression:
    """A face's mesh with depths, and what it does.

    Args:
        points: (478, 3) in pixels; x right, y down, z away.
        scores: (52,) of the blendshapes, in [0, 1].
    """

    points: np.ndarray
    scores: np.ndarray


class ExpressionReader:
    """MediaPipe's FaceLandmarker with blendshapes; `close` releases its threads and memory.

    Args:
        model: the task file, see `find_landmarker_model`.

    Raises:
        MissingDependency: mediapipe is not installed.
        InputError: MediaPipe does not take the file.
    """

    def __init__(self, model: Path) -> None:
        self._finder = MediaPipeFinder(model, most_faces=1)
        self.close = self._finder.close

    def read(self, picture: np.ndarray) -> MeshWithExpression | None:
        """Return the look of the face of an (H, W, 3) uint8 RGB picture, upright; None without a face."""
        found = self._finder.meshes(picture)
        return MeshWithExpression(*found[0]) if found else None


@dataclass(frozen=True)
class ExpressionTable:
    """What blendshapes do to a face.

    Args:
        mean: (P, 3) the mean face's points `POINTS`, centred, over their outer-eye distance; x right, y down, z away.
        neutral: (52,) scores of a face that does nothing.
        slopes: (52, P, 3) how far the points move by score, in the same unit and axes.
    """

    mean: np.ndarray
    neutral: np.ndarray
    slopes: np.ndarray

    def displacement(self, look: MeshWithExpression) -> np.ndarray:
        """Return (P, 2): how far the expression has moved the points, in pixels of the look's picture."""
        linear = similarities(self.mean[None], look.points[list(POINTS)])[0]
        moved = np.tensordot(look.scores - self.neutral, self.slopes, axes=1)
        return (moved @ linear.T)[:, :2]

    def neutralise(self, mesh: np.ndarray, look: MeshWithExpression | None) -> np.ndarray:
        """Return a (478, 2) mesh without its expression; only `POINTS` are moved.

        Args:
            mesh: (478, 2) of the face, in pixels of the look's picture.
            look: of the same face; None leaves the mesh as it is.
        """
        result = np.array(mesh, np.float64)
        if look is not None:
            result[list(POINTS)] -= self.displacement(look)
        return result


def load_expression_table(path: Path = _TABLE) -> ExpressionTable:
    """Read the table that the package has, or another."""
    with np.load(path, allow_pickle=False) as stored:
        return ExpressionTable(*(stored[name].astype(np.float64) for name in ("mean", "neutral", "slopes")))


def learn_expression(looks: list[MeshWithExpression], ridge: float = 5.0) -> tuple[ExpressionTable, float]:
    """Learn a table from portraits, and say which share of the shape's variance it explains.

    A face that does nothing has the mean scores of the portraits that smile least: the mean portrait smiles by 0.7, and
    renders are scored as frowning.

    Args:
        looks: of different people.
        ridge: penalty on the slopes' squares, in portraits.
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
    """Write a table in half precision, compressed."""
    parts = {name: getattr(table, name).astype(np.float16) for name in ("mean", "neutral", "slopes")}
    np.savez_compressed(path, **parts)
