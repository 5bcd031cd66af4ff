"""Label photos with MediaPipe once, and store faces and photos as arrays for training.

MediaPipe's points differ by 2 % of the eye distance between a photo and its mirror image. So each face is read in four
views (the photo, its mirror image, and a close-up turned by 12 degrees to either side, one of them mirrored), and the
mean is its label.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from f2p_deploy.alignment import MediaPipeFinder
from f2p_deploy.alignment.both_ways import EXCHANGED
from f2p_deploy.alignment.head_turn import head_turn
from f2p_deploy.alignment.landmarks import Landmarks
from f2p_deploy.alignment.mediapipe import five_of_dense
from f2p_deploy.alignment.warp import fit_similarity, inverse, transform, warp
from f2p_deploy.character.face_shape import face_shape, shape_space
from f2p_deploy.training.data.portraits import is_held_out, name_of

#: Edge and eye distance in pixels of stored faces; longest edge of stored photos.
STORED, STORED_EYES, STORED_PHOTO = 288, 56.0, 256

#: Largest root mean square distance of a label's views from their mean, in eye distances; faces beyond are left out.
SPREAD = 0.04

_EYES = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_CORNERS = (33, 133, 362, 263)
#: Points with heat maps after the first five: corners of the eyes, lips, chin, brows, bridge of the nose.
_MAPPED = (*_CORNERS, 0, 17, 152, 105, 334, 168)
#: Points of the left of the picture that are learned too, with their mirror points, and points of the middle.
_LEFT = (67, 54, 162, 234, 132, 172, 150, 176, 37, 39, 84, 91, 70, 107, 98, 129)
_MIDDLE = (10, 2, 13, 14)


def dense_points() -> tuple[int, ...]:
    """Return the 74 of MediaPipe's points that are learned after the five of `LANDMARKS`."""
    mirror = shape_space().mirror
    eyes = [point for point in _EYES if point not in _CORNERS]
    other_eye, right = ([int(mirror[point]) for point in points] for points in (eyes, _LEFT))
    return (*_MAPPED, *eyes, *other_eye, *_LEFT, *right, *_MIDDLE)


def exchanged() -> list[int]:
    """Return the order of the 79 learned points in a mirror image."""
    mirror, dense = shape_space().mirror, dense_points()
    return [*EXCHANGED, *(5 + dense.index(int(mirror[point])) for point in dense)]


def chosen_points(dense: np.ndarray) -> np.ndarray:
    """Return the (79, 2) learned points of MediaPipe's (478, 2)."""
    return np.concatenate([five_of_dense(dense), dense[list(dense_points())]])


@dataclass(frozen=True)
class Label:
    """The label of a photo's largest face.

    Args:
        points: (79, 2) in pixels of the photo, mean of the views.
        five: (5, 2) of the photo alone, as `MediaPipeFinder` gives them.
        turn: yaw and pitch in degrees.
        shape: (24,) see `f2p_deploy.character.face_shape`.
        spread: root mean square distance of the views from their mean, in eye distances.
        faces: number of faces in the photo.
    """

    points: np.ndarray
    five: np.ndarray
    turn: np.ndarray
    shape: np.ndarray
    spread: float
    faces: int


def open_rgb(path: Path) -> np.ndarray:
    """Return a picture's upright (H, W, 3) uint8 RGB pixels."""
    with Image.open(path) as picture:
        return np.array(ImageOps.exif_transpose(picture).convert("RGB"))


def label(path: Path, finder: MediaPipeFinder, cache: Path) -> Label | None:
    """Label a photo, or read its label from the cache; None without a face that all views agree on."""
    file = cache / f"{path.parent.name}_{path.stem}.npz"
    if not file.exists():
        found = _label(open_rgb(path), finder)
        unfinished = file.with_suffix(".part.npz")
        np.savez(unfinished, **(vars(found) if found else {}))
        os.replace(unfinished, file)
    with np.load(file) as stored:
        return Label(**{name: stored[name][()] for name in stored.files}) if stored.files else None


def _label(image: np.ndarray, finder: MediaPipeFinder) -> Label | None:
    faces = finder.find(image)
    if not faces:
        return None
    face = faces[0]
    whole = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    views = [
        _read(image, whole, False, face, finder),
        _read(image, whole, True, face, finder),
        _read(image, _close_up(face, 12.0), False, face, finder),
        _read(image, _close_up(face, -12.0), True, face, finder),
    ]
    read = [view for view in views if view is not None]
    if len(read) < 3:
        return None
    points, turns, shapes = (np.array([view[i] for view in read]) for i in range(3))
    mean = points.mean(axis=0)
    apart = np.hypot(*(points[:, :5] - mean[:5]).T).mean() / np.hypot(*(mean[1] - mean[0]))
    return Label(mean, face.array, turns.mean(axis=0), shapes.mean(axis=0), float(apart), len(faces))


def _close_up(face: Landmarks, angle: float) -> np.ndarray:
    """Return the matrix from a photo to a 256 pixel close-up of a face, turned by an angle in degrees."""
    turn = np.radians(angle - face.roll)
    scale = 256 / (4.6 * np.hypot(*(face.array[1] - face.array[0])))
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([linear, 128.0 - linear @ face.array.mean(axis=0)])


def _read(
    image: np.ndarray, matrix: np.ndarray, mirrored: bool, face: Landmarks, finder: MediaPipeFinder
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Read a face in one view; return its points in pixels of the photo, turn and shape, or None if it is not found."""
    identity = np.array_equal(matrix[:, :2], np.eye(2))
    pixels = image if identity else warp(image, matrix, 256)
    order, eyes = exchanged(), np.hypot(*(face.array[1] - face.array[0]))
    for mesh, expression in finder.meshes(pixels[:, ::-1] if mirrored else pixels):
        points, turn = chosen_points(mesh[:, :2]), np.array(head_turn(mesh))
        if mirrored:
            points = (points * [-1.0, 1.0] + [pixels.shape[1], 0.0])[order]
            turn *= [-1.0, 1.0]
        points = transform(inverse(matrix), points)
        if np.hypot(*(points[:5] - face.array).T).mean() < 0.25 * eyes:
            return points, turn, face_shape(mesh, expression)
    return None


def template() -> np.ndarray:
    """Return the finder's (5, 2) template around its middle, in eye distances."""
    from f2p_deploy.alignment.network_finder import TEMPLATE

    return (np.array(TEMPLATE) - 0.5) / (TEMPLATE[1][0] - TEMPLATE[0][0])


def placed(points: np.ndarray) -> np.ndarray:
    """Return the (2, 3) matrix from the template, in eye distances, to a face's points."""
    return fit_similarity(template(), points[:5])


def store(photos: list[Path], finder: MediaPipeFinder, folder: Path) -> None:
    """Write a folder's arrays for training from photos; labels are kept in `folder/labels`."""
    cache = folder / "labels"
    cache.mkdir(parents=True, exist_ok=True)
    labelled = [(path, label(path, finder, cache)) for path in photos]
    kept = [(path, found) for path, found in labelled if found is not None and found.spread < SPREAD]
    faces = np.lib.format.open_memmap(folder / "faces.npy", "w+", np.uint8, (len(kept), STORED, STORED, 3))
    photo_pixels, offsets, shapes, face_points, photo_points = [], [0], [], [], []
    for i, (path, found) in enumerate(kept):
        image = open_rgb(path)
        back = inverse(placed(found.points))
        linear = back[:, :2] * STORED_EYES
        matrix = np.column_stack([linear, back[:, 2] * STORED_EYES + STORED / 2])
        faces[i] = warp(image, matrix, STORED)
        face_points.append(transform(matrix, found.points))
        scale = min(1.0, STORED_PHOTO / max(image.shape[:2]))
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
        photo_points.append(found.points[:5] * np.array(size) / image.shape[1::-1])
        photo_pixels.append(small.reshape(-1))
        offsets.append(offsets[-1] + small.size)
        shapes.append(small.shape[:2])
    faces.flush()
    np.save(folder / "photos.npy", np.concatenate(photo_pixels))
    np.savez(
        folder / "labels.npz",
        names=[name_of(path) for path, _ in kept],
        held_rows=[is_held_out(name_of(path)) for path, _ in kept],
        points=np.array(face_points, np.float32),
        photo_points=np.array(photo_points, np.float32),
        turns=np.array([found.turn for _, found in kept], np.float32),
        shapes=np.array([found.shape for _, found in kept], np.float32),
        offsets=offsets,
        sizes=shapes,
        looked_at=len(photos),
    )


