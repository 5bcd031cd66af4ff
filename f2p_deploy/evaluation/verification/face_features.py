"""The features of a set's pictures: the parameters of their characters, and the recognition network's embedding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from f2p_deploy.alignment import LandmarkFinder, align
from f2p_deploy.alignment.photo import SMALLEST_EDGE, Photo
from f2p_deploy.alignment.warp import fit_similarity, warp
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.evaluation.landmarks.landmark_report import Refused
from f2p_deploy.evaluation.likeness.judge import CROP, POINTS
from f2p_deploy.evaluation.verification.face_pairs import FacePairs
from f2p_deploy.model.result import Mode
from f2p_deploy.runtimes import Runtime, graph_calls, search
from f2p_deploy.system.errors import InputError, PhotoError
from f2p_deploy.system.progress import Progress, silent

#: The row of the recognition network's own embedding, an upper bound.
EMBEDDING = "recognition network"

#: Number of pictures that are computed at a time.
_TOGETHER = 16


@dataclass(frozen=True, eq=False)
class FaceFeatures:
    """The features of the pictures of a set.

    Args:
        vectors: (K, d) float32 features by name: the modes, then `EMBEDDING`. Rows of pictures without a face are zero.
        found: (K,) bool, pictures whose features were computed.
        refused: pictures that are in a pair but have no features, with the reason.
    """

    vectors: Mapping[str, np.ndarray]
    found: np.ndarray
    refused: tuple[Refused, ...]


def extract_features(
    pairs: FacePairs,
    runtime: Runtime,
    modes: Sequence[str],
    finder: LandmarkFinder | None,
    progress: Progress = silent,
) -> FaceFeatures:
    """Compute the features of every picture that is in a pair.

    Args:
        pairs: the set.
        runtime: of a bundle or an artifact.
        modes: the modes in which parameters are generated.
        finder: finds the faces; None for crops that are aligned to ArcFace's points, see `align_arcface_crop`.
        progress: called with the progress.

    Raises:
        InputError: the runtime lacks a graph, or no picture has a face.
    """
    require_features(runtime, modes)
    vectors: dict[str, np.ndarray] = {}
    found, refused = np.zeros(len(pairs.names), bool), []
    used = pairs.used.tolist()
    for begin in range(0, len(used), _TOGETHER):
        faces: list[np.ndarray] = []
        shapes: list[np.ndarray | None] = []
        numbers: list[int] = []
        for i in used[begin : begin + _TOGETHER]:
            progress(f"{pairs.name}: {pairs.names[i]}", begin + len(numbers), len(used))
            try:
                face, shape = _aligned(pairs, i, runtime, finder)
            except InputError as error:
                reason = error.reason if isinstance(error, PhotoError) else "refused"
                refused.append(Refused(pairs.names[i], reason, _told(pairs.names[i], str(error))))
                continue
            faces.append(face)
            shapes.append(shape)
            numbers.append(i)
        if not faces:
            continue
        found[numbers] = True
        for name, rows in _compute(runtime, modes, faces, shapes).items():
            vectors.setdefault(name, np.zeros((len(found), rows.shape[1]), np.float32))[numbers] = rows
    if not vectors:
        raise InputError(f"{pairs.name}: none of the {len(used)} pictures has a usable face")
    return FaceFeatures(vectors, found, tuple(refused))


def require_features(runtime: Runtime, modes: Sequence[str]) -> None:
    """Raise unless a runtime has the graphs of the modes and of the embedding.

    Raises:
        InputError: it lacks one.
    """
    graph_calls.require_graph(runtime, "describe", "the recognition network's embedding")
    for mode in modes:
        search.require_mode(runtime, cast(Mode, mode), mode != "one-shot" and search.goes_fast(runtime, None))


def align_arcface_crop(picture: np.ndarray, template: Mapping[str, tuple[float, float]], size: int) -> np.ndarray:
    """Align a crop whose landmarks are at ArcFace's points with the average face, without looking for the face.

    The transform is the similarity that maps ArcFace's five points, scaled to the crop's edge, best onto those of the
    template. Where the aligned face extends over the crop, the crop's edge is repeated.

    Args:
        picture: (E, E, 3) uint8 RGB.
        template: the average face's points by the names of `LANDMARKS`, in fractions of the square.
        size: edge of the aligned face in pixels.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        PhotoError: the picture is not square.
    """
    height, width = picture.shape[:2]
    if height != width:
        raise PhotoError("refused", f"a crop aligned to ArcFace's points is square, found {width}x{height} pixels")
    target = np.array([template[name] for name in LANDMARKS]) * size
    return warp(picture, fit_similarity(POINTS * (width / CROP), target), size)


def _aligned(
    pairs: FacePairs, i: int, runtime: Runtime, finder: LandmarkFinder | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the aligned face of a picture, and its shape if the finder measures it."""
    picture = pairs.open_picture(i)
    if min(picture.shape[:2]) < SMALLEST_EDGE:
        raise PhotoError("too-small", f"{picture.shape[1]}x{picture.shape[0]} pixels are too few")
    template, size = runtime.settings.alignment.landmarks, runtime.settings.architecture.image_size
    if finder is None:
        return align_arcface_crop(picture, template, size), None
    name = pairs.names[i].rpartition("/")[2]
    face = align(Photo(picture), finder, template, size, name=name)
    return face.image, face.landmarks.shape


def _compute(
    runtime: Runtime, modes: Sequence[str], faces: list[np.ndarray], shapes: list[np.ndarray | None]
) -> dict[str, np.ndarray]:
    """Return the features of aligned faces, by name."""
    known = [shape for shape in shapes if shape is not None]
    measured = np.stack(known) if len(known) == len(faces) else None
    rows = {}
    for mode in modes:
        made = search.generate_many(runtime, faces, cast(Mode, mode), shapes=measured)
        rows[mode] = np.stack([one.parameters.values for one in made])
    planes = np.stack(faces).transpose(0, 3, 1, 2).astype(np.float32) / 255.0
    rows[EMBEDDING] = graph_calls.describe(runtime, np.ascontiguousarray(planes))["identity"]
    return rows


def _told(name: str, message: str) -> str:
    """Return a message that begins with a picture's full name instead of that of its file."""
    return f"{name}: {message.removeprefix(name.rpartition('/')[2] + ': ')}"
