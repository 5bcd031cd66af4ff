"""The built-in landmark finder: two small networks, run by ONNX Runtime.

The files are in `face_finder/`; `python tools/face_finder/train.py` trains them with MediaPipe as the teacher. Every
step is a short function, so that a program without Python can do the same:

1. `squares` lists squares of the photo: the whole photo, the whole with a margin, in quarter turns, then tiles. The
   search ends after those in which a face is found; see `SURE`.
2. Each is warped to 192 x 192 pixels (`square_matrix`, `quick_warp`: outside the photo its edge pixels are repeated).
   `detector.onnx` takes it as it is, uint8 (192, 192, 3) `picture`, and gives float32 (576, 6) `faces`, one row per
   cell of 8 pixels: score in [0, 1]; x, y of the middle of the face and the distance of the eyes, in pixels of the
   picture; cosine and sine of the roll. A face may have any roll.
3. `best_detections` keeps rows with at least `SCORE`, best first, none of them near a better one.
4. Each detection is turned upright and warped to 128 x 128 pixels (`upright_matrix`). `reader.onnx` takes it as uint8
   (128, 128, 3) `picture`. It reads the picture and its mirror image, and gives the mean of both, float32: `points`
   (5, 2) in pixels of the picture in the order of `LANDMARKS`; `face` (1,), the probability of a face, in [0, 1];
   `disagreement` (1,), mean distance of the points of both / distance of the eyes; `turn` (2,), yaw and pitch in
   degrees; `shape` (24,), see `f2p_deploy.character.face_shape`.
5. The face is warped again so that the points fit `TEMPLATE` (`fit_similarity`), and read again.
6. It is kept if `face` and `disagreement` of the last reading pass `FACE` and `APART`.
"""

import hashlib
import math
from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from f2p_deploy.alignment.landmarks import Landmarks, five_points
from f2p_deploy.alignment.searches import MARGIN, tile_corners, tile_sides
from f2p_deploy.alignment.warp import fit_similarity, inverse, quick_warp, transform
from f2p_deploy.artifact.onnx_file import load_failures
from f2p_deploy.system.errors import MissingDependency
from f2p_deploy.system.extras import install_line, source_tree

#: The files in `face_finder/`.
DETECTOR, READER = "detector.onnx", "reader.onnx"

#: Edges in pixels of the pictures that the two networks take.
PHOTO_EDGE, FACE_EDGE = 192, 128

#: Smallest score of a detection, and largest number of detections that are read in one square.
SCORE, MOST_DETECTIONS = 0.25, 12

#: Smallest distance of two detections, in eye distances of the larger one.
APART_BY = 1.2

#: Places of the five points in an upright close-up, in fractions of its edge.
TEMPLATE = ((0.34375, 0.334), (0.65625, 0.334), (0.5, 0.51), (0.357, 0.671), (0.643, 0.671))

#: Number of times that a face is read, each time in a close-up by the points of the reading before.
READINGS = 2

#: Smallest probability of a face, in the first reading and in the last. In photos that the networks learned from, faces
#: have 0.99 and more, and pictures without faces at most 0.88.
FIRST_FACE, FACE = 0.2, 0.92

#: Largest disagreement of a face with its mirror image; in those photos it is at most 0.03.
APART = 0.08


#: The probability of a face that ends the search, and the last search of the whole photo; after it, any face ends it.
SURE, LAST_OF_WHOLE = 0.97, 2


class Square(NamedTuple):
    """A square to search: left, top and edge in pixels of the photo; anticlockwise quarter turns of its picture."""

    left: float
    top: float
    edge: float
    turns: int = 0


class Detection(NamedTuple):
    """A possible face: score, middle and eye distance in pixels, cosine and sine of its roll."""

    score: float
    x: float
    y: float
    eyes: float
    cos: float
    sin: float


class Reading(NamedTuple):
    """The reader's result: (5, 2) points in pixels of the photo, and its other outputs, see the module."""

    points: np.ndarray
    face: float
    disagreement: float
    yaw: float
    pitch: float
    shape: np.ndarray


class NetworkFinder:
    """A finder of faces of any roll that needs no package but ONNX Runtime.

    Args:
        most_faces: largest number of faces returned for one photo.
    """

    def __init__(self, most_faces: int = 5) -> None:
        self._most_faces = most_faces

    def prepare(self) -> None:
        """Open both networks, as the first photo would.

        Raises:
            MissingDependency: a file of this installation is damaged or missing.
        """
        for network in (self._detector, self._reader):
            network.get_inputs()

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        """Find the faces of an (H, W, 3) uint8 RGB photo, largest first; see `LandmarkFinder`."""
        readings: list[Reading] = []
        for attempt, searched in enumerate(squares(*image.shape[:2])):
            for square in searched:
                readings += self._search(image, square_matrix(square))
            most = max((reading.face for reading in readings), default=0.0)
            if most >= SURE or (readings and attempt >= LAST_OF_WHOLE):
                break
        faces = [_landmarks(reading) for reading in different(readings)]
        return sorted(faces, key=lambda face: face.area, reverse=True)[: self._most_faces]

    def _search(self, image: np.ndarray, matrix: np.ndarray) -> list[Reading]:
        """Detect the faces in a square of the photo and read them."""
        (rows,) = self._detector.run(["faces"], {"picture": quick_warp(image, matrix, PHOTO_EDGE)})
        read = [self._read_detection(image, found) for found in best_detections(rows, inverse(matrix))]
        return [reading for reading in read if reading is not None]

    def _read_detection(self, image: np.ndarray, detection: Detection) -> Reading | None:
        """Read a face several times; return the last reading, or None if it is not a face."""
        for found in (detection, detection._replace(cos=-detection.cos, sin=-detection.sin)):
            reading = self._read(image, upright_matrix(found))
            for _ in range(READINGS - 1):
                if reading.face < FIRST_FACE:
                    break
                reading = self._read(image, fit_similarity(reading.points, np.array(TEMPLATE) * FACE_EDGE))
            if reading.face >= FACE and reading.disagreement <= APART:
                return reading
        return None

    def _read(self, image: np.ndarray, matrix: np.ndarray) -> Reading:
        names = ["points", "face", "disagreement", "turn", "shape"]
        points, face, apart, turn, shape = self._reader.run(names, {"picture": quick_warp(image, matrix, FACE_EDGE)})
        in_photo = transform(inverse(matrix), points.astype(np.float64))
        return Reading(in_photo, float(face[0]), float(apart[0]), float(turn[0]), float(turn[1]), shape)

    @cached_property
    def _detector(self) -> Any:
        return _session(DETECTOR)

    @cached_property
    def _reader(self) -> Any:
        return _session(READER)


def networks_sha256() -> str:
    """Return the SHA-256 of both networks: finders with different ones may find different points."""
    return hashlib.sha256(_content(DETECTOR) + _content(READER)).hexdigest()


def _content(name: str) -> bytes:
    try:
        return (files("f2p_deploy.alignment") / "face_finder" / name).read_bytes()
    except OSError as error:
        raise _damaged(name) from error


def _damaged(name: str) -> MissingDependency:
    again = install_line(options="--force-reinstall --no-deps") if source_tree() is None else "git restores it"
    return MissingDependency(
        f"the built-in face finder needs face_finder/{name}, which is missing or damaged in this f2p-deploy: {again}"
    )


def _session(name: str) -> Any:
    """Open one of the networks as ONNX Runtime's session with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(_content(name), options, providers=["CPUExecutionProvider"])
    except load_failures() as error:
        raise _damaged(name) from error


def squares(height: int, width: int) -> Iterator[list[Square]]:
    """Yield the squares of a photo to search, cheapest first.

    The whole photo, the whole with a margin, the whole in quarter turns, and tiles that overlap by half.

    Example:
        >>> [len(searched) for searched in squares(600, 400)]
        [1, 1, 3, 6]
        >>> next(squares(100, 60))
        [Square(left=-20.0, top=0.0, edge=100.0, turns=0)]
    """
    longest = max(height, width)
    edges = longest, longest + 2 * (longest // MARGIN)
    whole, wide = (Square((width - edge) / 2, (height - edge) / 2, float(edge)) for edge in edges)
    yield [whole]
    yield [wide]
    yield [whole._replace(turns=turns) for turns in (1, 3, 2)]
    for side in tile_sides(height, width):
        yield [Square(float(left), float(top), float(side)) for left, top in tile_corners(height, width, side)]


def square_matrix(square: Square) -> np.ndarray:
    """Return the (2, 3) matrix from the photo to the detector's picture of a square."""
    scale = PHOTO_EDGE / square.edge
    matrix = np.array([[scale, 0.0, -scale * square.left], [0.0, scale, -scale * square.top]])
    for _ in range(square.turns):
        matrix = np.array([matrix[1], [0.0, 0.0, PHOTO_EDGE] - matrix[0]])
    return matrix


def best_detections(rows: np.ndarray, to_photo: np.ndarray) -> list[Detection]:
    """Return the detector's best faces in pixels of the photo, best first, none of them near a better one.

    Args:
        rows: (576, 6) see the module.
        to_photo: (2, 3) matrix from the detector's picture to the photo.
    """
    scale = math.hypot(to_photo[0, 0], to_photo[1, 0])
    a, b = to_photo[0, 0] / scale, to_photo[1, 0] / scale
    kept: list[Detection] = []
    for i in np.argsort(-rows[:, 0], kind="stable"):
        score, x, y, eyes, cos, sin = (float(value) for value in rows[i])
        if score < SCORE or len(kept) == MOST_DETECTIONS:
            break
        (place,) = transform(to_photo, np.array([[x, y]]))
        middle = float(place[0]), float(place[1])
        found = Detection(score, *middle, scale * eyes, a * cos - b * sin, b * cos + a * sin)
        if all(
            math.hypot(found.x - other.x, found.y - other.y) >= APART_BY * max(found.eyes, other.eyes) for other in kept
        ):
            kept.append(found)
    return kept


def upright_matrix(face: Detection) -> np.ndarray:
    """Return the (2, 3) matrix from the photo to the upright close-up of a detection."""
    scale = (TEMPLATE[1][0] - TEMPLATE[0][0]) * FACE_EDGE / face.eyes
    a, b = scale * face.cos, scale * face.sin
    middle = FACE_EDGE / 2
    return np.array([[a, b, middle - a * face.x - b * face.y], [-b, a, middle + b * face.x - a * face.y]])


def different(readings: list[Reading]) -> list[Reading]:
    """Return the readings of different faces; of several readings of a face, the most probable one."""
    kept: list[Reading] = []
    for reading in sorted(readings, key=lambda reading: -reading.face):
        middle, eyes = reading.points.mean(axis=0), _eyes(reading.points)
        if all(
            math.hypot(*(middle - other.points.mean(axis=0))) >= APART_BY * max(eyes, _eyes(other.points))
            for other in kept
        ):
            kept.append(reading)
    return kept


def _eyes(points: np.ndarray) -> float:
    """Return the distance of the eyes of (5, 2) points."""
    return math.hypot(*(points[1] - points[0]))


def _landmarks(reading: Reading) -> Landmarks:
    return Landmarks(
        points=five_points(reading.points),
        source="networks",
        yaw=reading.yaw,
        pitch=reading.pitch,
        shape=reading.shape,
    )
