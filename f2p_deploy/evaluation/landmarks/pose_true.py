"""The pose-true landmark distance of one photo: the character is drawn at the photo's pose, without expression.

The engine draws the character at the photo's yaw and pitch, and the mesh of that picture is aligned by five points, as
photos are. The effect of the photo's expression is removed from its mesh before both are compared.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from f2p_deploy.alignment import AlignedFace, LandmarkFinder
from f2p_deploy.alignment.landmarks import Landmarks
from f2p_deploy.alignment.mediapipe import five_of_dense
from f2p_deploy.alignment.warp import fit_similarity, transform
from f2p_deploy.engine.engine import Engine, Scene
from f2p_deploy.evaluation.landmarks.expression import ExpressionReader, ExpressionTable
from f2p_deploy.evaluation.landmarks.landmark_groups import mesh_distances
from f2p_deploy.evaluation.landmarks.pose import scene_for
from f2p_deploy.system.errors import InputError

#: Tolerated difference in degrees between the poses read in picture and photo, and the largest number of redraws.
CLOSE, CORRECTIONS = 1.5, 2


@dataclass(frozen=True)
class PoseTrue:
    """The meshes of one photo and of its characters, all aligned by five points.

    Args:
        truth: (478, 2) the photo's mesh without expression, in edges of the aligned square.
        meshes: (478, 2) by subject, in the same unit; None if no face was detected in the picture.
        missed: degrees between the poses read in photo and picture, by turned subject.
        pose: yaw and pitch of the photo's head in degrees.
    """

    truth: np.ndarray
    meshes: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    missed: Mapping[str, float] = field(default_factory=dict)
    pose: tuple[float, float] = (0.0, 0.0)

    def distances(self, subject: str) -> np.ndarray:
        """Return (6,) figures in the order of `FIGURES`; infinite if no face was detected."""
        return mesh_distances(self.truth, self.meshes[subject])


@dataclass(frozen=True)
class Turned:
    """A character drawn at a photo's pose.

    Args:
        picture: (S, S, 3) uint8.
        face: landmarks detected in it, if any.
        missed: degrees between the poses read in photo and picture.
    """

    picture: np.ndarray
    face: Landmarks | None
    missed: float


@dataclass(frozen=True)
class Posing:
    """The tools that draw characters at a photo's pose and remove expressions, shared by all photos.

    Args:
        engine: draws the characters.
        finder: gives MediaPipe's mesh, yaw and pitch.
        template: (5, 2) target positions of the five points, in pixels of the square.
        size: edge of the square in pixels.
        turns: the engine can turn a head; otherwise front views are compared.
        expression: reads blendshapes; None keeps the expression.
        table: effect of blendshapes on a mesh.
    """

    engine: Engine
    finder: LandmarkFinder
    template: np.ndarray
    size: int
    turns: bool
    expression: ExpressionReader | None = None
    table: ExpressionTable | None = None

    def truth_of(self, face: AlignedFace) -> np.ndarray:
        """Return the (478, 2) mesh of an aligned photo without its expression, in pixels of the square."""
        mesh = transform(face.matrix, np.asarray(face.landmarks.dense))
        return self.place(self._without_expression(mesh, face.image))

    def again(self, face: AlignedFace, mesh: np.ndarray | None) -> np.ndarray | None:
        """Return a (478, 2) mesh detected in the aligned photo, without its expression and aligned."""
        return None if mesh is None else self.place(self._without_expression(mesh, face.image))

    def place(self, mesh: np.ndarray) -> np.ndarray:
        """Return a (478, 2) mesh aligned by its five points, in the same way as photos."""
        return transform(fit_similarity(five_of_dense(mesh), self.template), mesh)

    def turn(self, parameters: np.ndarray, front: Landmarks | None, picture: np.ndarray, photo: Landmarks) -> Turned:
        """Draw a character at a photo's pose.

        Args:
            parameters: (n,) of the character.
            front: the face in its front view; None if none was detected.
            picture: (S, S, 3) uint8, the front view.
            photo: the face in the photo.
        """
        wanted = _pose(photo)
        if front is None or not self.turns:
            return Turned(picture, front, math.inf if front is None else _apart(_pose(front), wanted))
        scene = scene_for(wanted, _pose(front))
        best = drawn = self._draw(parameters, scene, wanted)
        for _ in range(CORRECTIONS):
            if drawn.face is None or best.missed <= CLOSE:
                break
            scene = scene_for(wanted, _pose(drawn.face), scene)
            drawn = self._draw(parameters, scene, wanted)
            best = drawn if drawn.missed < best.missed else best
        return best

    def _draw(self, parameters: np.ndarray, scene: Scene, wanted: tuple[float, float]) -> Turned:
        picture = self.engine.render(parameters, self.size, scene).image
        faces = self.finder.find(picture)
        face = faces[0] if faces and faces[0].dense is not None else None
        return Turned(picture, face, math.inf if face is None else _apart(_pose(face), wanted))

    def _without_expression(self, mesh: np.ndarray, picture: np.ndarray) -> np.ndarray:
        if self.expression is None or self.table is None:
            return mesh
        return self.table.neutralise(mesh, self.expression.read(picture))


def can_turn(engine: Engine, parameters: np.ndarray, size: int) -> bool:
    """Return whether an engine can draw a turned head; one that cannot raises InputError."""
    try:
        engine.render(parameters, size, Scene(yaw=10.0))
    except InputError:
        return False
    return True


def compare_posed(
    truth: np.ndarray, meshes: Mapping[str, np.ndarray | None], missed: Mapping[str, float], photo: Landmarks, size: int
) -> PoseTrue:
    """Return the record of one photo, with meshes scaled from pixels to edges of the square."""
    scaled = {subject: None if mesh is None else mesh / size for subject, mesh in meshes.items()}
    return PoseTrue(truth / size, scaled, dict(missed), _pose(photo))


def _pose(face: Landmarks) -> tuple[float, float]:
    return face.yaw or 0.0, face.pitch or 0.0


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    return math.hypot(one[0] - other[0], one[1] - other[1])
