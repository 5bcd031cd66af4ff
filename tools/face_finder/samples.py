"""Random training pictures of both networks: faces moved, coloured, blurred, covered and set into other pictures.

OpenCV, which MediaPipe brings, warps and blurs them, since it is faster than Pillow.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from labels import STORED, STORED_EYES, exchanged, placed
from networks import CELL, FACE, PHOTO

from f2p_deploy.alignment.warp import transform

#: Eye distance in pixels in the reader's pictures.
EYES = 40.0

#: Kinds of close-ups with their shares: four that are no faces, the first and the later readings of a face.
KINDS = ("background", "pieces", "on its side", "far off", "first", "later")
SHARES = (0.14, 0.06, 0.04, 0.04, 0.27, 0.45)

#: Brows to chin, in eye distances: the length of a face.
LENGTH = 2.77


@dataclass(frozen=True)
class Faces:
    """The stored faces and photos of `labels.store`, see there.

    Args:
        folder: that it wrote.
        held: True for the held-out photos, False for those to train on.
        backgrounds: pictures without faces, (H, W, 3) uint8 each.
    """

    folder: Path
    held: bool
    backgrounds: list[np.ndarray]

    def __post_init__(self) -> None:
        with np.load(self.folder / "labels.npz") as stored:
            for name in stored.files:
                object.__setattr__(self, name, stored[name])
        object.__setattr__(self, "rows", np.flatnonzero(self.held_rows == self.held))
        object.__setattr__(self, "faces", np.load(self.folder / "faces.npy", mmap_mode="r"))
        object.__setattr__(self, "pixels", np.load(self.folder / "photos.npy", mmap_mode="r"))
        object.__setattr__(self, "order", exchanged())

    def photo(self, row: int) -> np.ndarray:
        """Return a photo, its longest edge at most 256 pixels."""
        height, width = self.sizes[row]
        return self.pixels[self.offsets[row] : self.offsets[row + 1]].reshape(height, width, 3)


def colour(picture: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Change light, colour, sharpness, noise and compression of an (S, S, 3) uint8 picture at random."""
    if rng.random() < 0.5:
        sigma = strength * rng.random() ** 2 * 2.2
        if sigma > 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    if rng.random() < 0.2:
        edge = picture.shape[0]
        small = max(12, int(edge * rng.uniform(0.22, 0.7)))
        picture = cv2.resize(cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA), (edge, edge))
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(12, 90))])
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    values = picture.astype(np.float32) / 255.0
    if rng.random() < 0.25:
        values[:] = values.mean(axis=2, keepdims=True)
    if rng.random() < 0.8:
        values *= np.exp(rng.normal(0, 0.10, 3)).astype(np.float32)
        values = np.clip(values, 0.0, 1.0) ** np.float32(np.exp(rng.normal(0, 0.3)))
        values = (values - 0.5) * np.float32(np.exp(rng.normal(0, 0.22))) + np.float32(0.5 + rng.normal(0, 0.10))
    if rng.random() < 0.3:  # light from one side
        ramp = np.linspace(-1, 1, picture.shape[0], dtype=np.float32)
        angle, power = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.6)
        light = 1.0 + power * (np.cos(angle) * ramp[None, :] + np.sin(angle) * ramp[:, None])
        values *= light[:, :, None].astype(np.float32)
    if rng.random() < 0.3:
        values += rng.standard_normal(values.shape, np.float32) * np.float32(rng.uniform(0, 0.08))
    if rng.random() < 0.05:
        values = values[:, :, ::-1] if rng.random() < 0.5 else values[:, :, [1, 0, 2]]
    return (np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)


def cover(picture: np.ndarray, rng: np.random.Generator, other: np.ndarray, largest: float = 0.4) -> np.ndarray:
    """Cover a part of a picture by a patch of one colour or of another picture of the same size."""
    picture = picture.copy()
    edge = picture.shape[0]
    width, height = (int(edge * rng.uniform(0.05, largest)) for _ in range(2))
    left, top = int(rng.uniform(-width / 2, edge - width / 2)), int(rng.uniform(-height / 2, edge - height / 2))
    mask = np.zeros(picture.shape[:2], np.uint8)
    middle, axes = (left + width // 2, top + height // 2), (max(1, width // 2), max(1, height // 2))
    if rng.random() < 0.5:
        cv2.ellipse(mask, middle, axes, rng.uniform(0, 180), 0, 360, 1, -1)
    else:
        cv2.rectangle(mask, (left, top), (left + width, top + height), 1, -1)
    filling = other if rng.random() < 0.5 else np.broadcast_to(rng.integers(0, 256, 3, np.uint8), picture.shape)
    picture[mask > 0] = filling[mask > 0]
    return picture


def background(faces: Faces, rng: np.random.Generator, edge: int) -> np.ndarray:
    """Return a random picture without a face, (edge, edge, 3) uint8."""
    kind = rng.random()
    if kind < 0.25:
        return _noise(rng, edge)
    if kind < 0.5:
        return _beside_the_face(faces, rng, edge)
    picture = faces.backgrounds[rng.integers(len(faces.backgrounds))]
    height, width = picture.shape[:2]
    side = min(height, width) * rng.uniform(0.25, 1.2)
    scale, angle = edge / side, rng.uniform(-0.5, 0.5) if rng.random() < 0.7 else rng.uniform(-np.pi, np.pi)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = rng.uniform(0.2, 0.8, 2) * [width, height]
    return _warp(picture, np.column_stack([linear, edge / 2 - linear @ middle]), edge)


def _noise(rng: np.random.Generator, edge: int) -> np.ndarray:
    """Return smooth noise, noise at several scales, a ramp or shapes."""
    values = np.zeros((edge, edge, 3), np.float32) + rng.random(3, np.float32)
    for power in range(1, 7):
        grid = rng.standard_normal((2**power + 1, 2**power + 1, 3), np.float32)
        values += cv2.resize(grid, (edge, edge), interpolation=cv2.INTER_CUBIC) * np.float32(rng.exponential(0.12))
    picture = (np.clip(values, 0, 1) * 255).astype(np.uint8)
    for _ in range(rng.integers(0, 12)):
        tint = tuple(int(v) for v in rng.integers(0, 256, 3))
        middle = tuple(int(v) for v in rng.integers(0, edge, 2))
        axes = tuple(int(v) for v in rng.integers(1, max(3, edge // 4), 2))
        if rng.random() < 0.6:
            cv2.ellipse(picture, middle, axes, rng.uniform(0, 180), 0, 360, tint, -1 if rng.random() < 0.7 else 2)
        else:
            cv2.line(picture, middle, tuple(int(v) for v in rng.integers(0, edge, 2)), tint, int(rng.integers(1, 8)))
    return picture


def _beside_the_face(faces: Faces, rng: np.random.Generator, edge: int) -> np.ndarray:
    """Return a part of a portrait that has no eyes, nose and mouth: the whole with its face covered, or a corner."""
    row = faces.rows[rng.integers(len(faces.rows))]
    photo, points = faces.photo(row), faces.photo_points[row]
    eyes = np.hypot(*(points[1] - points[0]))
    middle = points.mean(axis=0)
    angle = rng.uniform(-np.pi, np.pi) if rng.random() < 0.3 else rng.normal(0, 0.2)
    if rng.random() < 0.5:  # a corner
        scale = edge / (eyes * rng.uniform(1.0, 2.2))
        height, width = photo.shape[:2]
        for _ in range(8):
            place = rng.uniform(0, 1, 2) * [width, height]
            if np.hypot(*(place - middle)) > 0.75 * edge / scale + 1.0 * eyes:
                break
        else:
            return _noise(rng, edge)
    else:
        photo = photo.copy()
        filling = _noise(rng, max(photo.shape[:2]))[: photo.shape[0], : photo.shape[1]]
        mask = np.zeros(photo.shape[:2], np.uint8)
        axes = (int(eyes * rng.uniform(1.15, 1.6)), int(eyes * rng.uniform(1.5, 1.9)))
        cv2.ellipse(mask, tuple(int(v) for v in middle), axes, 0, 0, 360, 1, -1)
        if rng.random() < 0.4:
            filling = np.broadcast_to(photo[mask > 0].mean(axis=0).astype(np.uint8), photo.shape)
        elif rng.random() < 0.5:
            filling = np.roll(photo, (photo.shape[0] // 2, photo.shape[1] // 3), (0, 1))
            axes_of_roll = mask & np.roll(mask, (photo.shape[0] // 2, photo.shape[1] // 3), (0, 1))
            filling = np.where(axes_of_roll[..., None] > 0, photo[0, 0], filling)
        photo[mask > 0] = filling[mask > 0]
        scale = edge / (eyes * rng.uniform(3.0, 7.0))
        place = middle + rng.normal(0, 0.5, 2) * eyes
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _warp(photo, np.column_stack([linear, edge / 2 - linear @ place]), edge)


def _warp(picture: np.ndarray, matrix: np.ndarray, edge: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """Warp by a matrix between pixel positions with centres at .5; shrunk pictures are blurred first."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 0.55:
        reduction = int(round(1.0 / scale))
        height, width = (max(1, side // reduction) for side in picture.shape[:2])
        whole = picture[: height * reduction, : width * reduction]
        picture = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
        matrix = np.column_stack([matrix[:, :2] * reduction, matrix[:, 2]])
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return cv2.warpAffine(picture, shifted, (edge, edge), flags=cv2.INTER_LINEAR, borderMode=border)


def face_sample(faces: Faces, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw one close-up for the reader, a face or not a face.

    Returns:
        `picture` (128, 128, 3) uint8; `face` 0 or 1; `points` (79, 2) in fractions from the middle; `eyes`, their
        distance in fractions; `turn` (2,) in units of 30 degrees; `shape` (24,).
    """
    kind = KINDS[np.searchsorted(np.cumsum(SHARES), rng.random())]
    nothing = {"points": np.zeros((79, 2)), "eyes": 1.0, "turn": np.zeros(2), "shape": np.zeros(24)}
    if kind == "background":
        return {"picture": colour(background(faces, rng, FACE), rng), "face": 0.0, **nothing}
    row = faces.rows[rng.integers(len(faces.rows))]
    source, points = faces.faces[row], faces.points[row].astype(np.float64)
    turn, scale, shift = _moved(rng, kind)
    linear = turn * scale * EYES / STORED_EYES
    matrix = np.column_stack([linear, FACE / 2 + shift * FACE - linear @ [STORED / 2, STORED / 2]])
    picture = _warp(source, matrix, FACE)
    moved = transform(matrix, points) / FACE - 0.5
    if kind == "pieces":
        return {"picture": colour(_shuffled(picture, rng), rng), "face": 0.0, **nothing}
    yaw, pitch = faces.turns[row] / 30.0
    if rng.random() < 0.5:
        picture, yaw = picture[:, ::-1], -yaw
        moved = (moved * [-1.0, 1.0])[faces.order]
    picture = np.ascontiguousarray(picture)
    if rng.random() < 0.3:
        picture = cover(picture, rng, background(faces, rng, FACE) if rng.random() < 0.3 else picture[::-1, ::-1])
    picture = colour(picture, rng)
    eyes = float(np.hypot(*(moved[1] - moved[0])))
    if kind in ("on its side", "far off"):
        return {"picture": picture, "face": 0.0, **nothing}
    return {"picture": picture, "face": 1.0, "points": moved, "eyes": max(eyes, 0.12),
            "turn": np.array([yaw, pitch]), "shape": faces.shapes[row]}


def _shuffled(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a face in pieces: its tiles in another order, some of them turned."""
    count = int(rng.integers(2, 5))
    edge = picture.shape[0] // count
    starts = range(0, edge * count, edge)
    tiles = [picture[y : y + edge, x : x + edge] for y in starts for x in starts]
    order = rng.permutation(len(tiles))
    while count == 2 and order[0] < 2 and order[1] < 2:  # eyes above the mouth would still be a face
        order = rng.permutation(len(tiles))
    moved = [np.rot90(tiles[i], rng.integers(4) if rng.random() < 0.3 else 0) for i in order]
    rows = [np.concatenate(moved[i * count : (i + 1) * count], 1) for i in range(count)]
    return cv2.resize(np.concatenate(rows), (FACE, FACE))


def _moved(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, float, np.ndarray]:
    """Return turn and stretch (2, 2), scale and shift of a face in a close-up."""
    if kind == "on its side":
        angle, scale, shift = rng.uniform(np.radians(75), np.radians(285)), rng.uniform(0.7, 1.4), rng.normal(0, 0.1, 2)
    elif kind == "far off":
        angle, scale, shift = rng.normal(0, 0.4), rng.uniform(0.7, 1.4), rng.normal(0, 0.05, 2)
        if rng.random() < 0.5:
            scale = rng.uniform(0.15, 0.4) if rng.random() < 0.7 else rng.uniform(2.4, 4.0)
        else:
            side = rng.uniform(0, 2 * np.pi)
            shift = rng.uniform(0.42, 0.7) * np.array([np.cos(side), np.sin(side)])
    elif kind == "first":
        angle, scale = rng.uniform(-0.55, 0.55), np.exp(rng.uniform(-0.35, 0.35))
        shift = rng.uniform(-0.14, 0.14, 2)
    else:
        angle, scale, shift = rng.normal(0, 0.06), np.exp(rng.normal(0, 0.06)), rng.normal(0, 0.02, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if rng.random() < 0.5:
        stretch, shear = np.exp(rng.normal(0, 0.05)), rng.normal(0, 0.03)
        turn = turn @ np.array([[stretch, shear], [0.0, 1.0 / stretch]])
    return turn, float(scale), shift


def photo_sample(faces: Faces, rng: np.random.Generator) -> tuple[np.ndarray, list[tuple[float, ...]]]:
    """Draw one picture for the detector; return it, (192, 192, 3) uint8, and its faces.

    Each face is x, y, eye distance, cos and sin of its roll, in pixels.
    """
    kind = rng.random()
    if kind < 0.45:  # a photo as it is, its edges continued
        picture, face = _placed_photo(faces, rng)
        found = [face]
    else:
        picture, found = background(faces, rng, PHOTO), []
        for _ in range(0 if kind < 0.62 else rng.integers(1, 4)):
            picture, found = _paste(picture, found, faces, rng)
    if rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
        found = [(PHOTO - x, y, eyes, cos, -sin) for x, y, eyes, cos, sin in found]
    if rng.random() < 0.15:
        picture = cover(picture, rng, picture[::-1, ::-1], 0.3)
    return colour(picture, rng, 0.7), found


def _similarity(
    rng: np.random.Generator, row: int, faces: Faces, largest: float
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return a matrix from a photo to the detector's picture at random, and where the face is there."""
    to_face = placed(faces.photo_points[row].astype(np.float64))
    size, roll = np.hypot(*to_face[:, 0]), np.arctan2(to_face[1, 0], to_face[0, 0])
    length = np.exp(rng.uniform(np.log(0.055), np.log(largest))) * PHOTO
    eyes = length / LENGTH
    kind = rng.random()
    angle = rng.normal(0, 0.15) if kind < 0.5 else rng.uniform(-0.9, 0.9) if kind < 0.75 else rng.uniform(-np.pi, np.pi)
    scale = eyes / size
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    margin = min(0.45 * length, 0.4 * PHOTO)
    place = rng.uniform(margin, PHOTO - margin, 2)
    matrix = np.column_stack([linear, place - linear @ to_face[:, 2]])
    face = (place[0], place[1], eyes, np.cos(angle + roll), np.sin(angle + roll))
    return matrix, tuple(float(value) for value in face)


def _placed_photo(faces: Faces, rng: np.random.Generator) -> tuple[np.ndarray, tuple[float, ...]]:
    row = faces.rows[rng.integers(len(faces.rows))]
    matrix, face = _similarity(rng, row, faces, 1.1)
    border = cv2.BORDER_REPLICATE if rng.random() < 0.7 else cv2.BORDER_REFLECT
    if border == cv2.BORDER_REFLECT and face[2] * LENGTH < 0.45 * PHOTO:
        border = cv2.BORDER_REPLICATE  # a reflection would be another face
    return _warp(faces.photo(row), matrix, PHOTO, border), face


def _paste(
    picture: np.ndarray, found: list[tuple[float, ...]], faces: Faces, rng: np.random.Generator
) -> tuple[np.ndarray, list[tuple[float, ...]]]:
    """Paste a head, or a whole photo, into a picture, unless it would cover another face."""
    row = faces.rows[rng.integers(len(faces.rows))]
    photo = faces.photo(row)
    matrix, face = _similarity(rng, row, faces, 0.8)
    x, y, eyes = face[:3]
    if any(np.hypot(x - other[0], y - other[1]) < 2.6 * (eyes + other[2]) for other in found):
        return picture, found
    mask = np.zeros(photo.shape[:2], np.uint8)
    if rng.random() < 0.4:
        mask[:] = 255
    else:
        to_face = placed(faces.photo_points[row].astype(np.float64))
        unit = np.hypot(*to_face[:, 0])
        axes = (int(unit * rng.uniform(1.3, 2.4)), int(unit * rng.uniform(1.7, 2.8)))
        middle = tuple(int(v) for v in to_face[:, 2] + rng.normal(0, 0.12, 2) * unit)
        cv2.ellipse(mask, middle, axes, np.degrees(np.arctan2(to_face[1, 0], to_face[0, 0])), 0, 360, 255, -1)
    over = _warp(photo, matrix, PHOTO)
    alpha = _warp(mask, matrix, PHOTO, cv2.BORDER_CONSTANT)
    if rng.random() < 0.5:
        alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.5, 4.0))
    alpha = alpha[:, :, None].astype(np.float32) / 255.0
    if any(alpha[int(np.clip(o[1], 0, PHOTO - 1)), int(np.clip(o[0], 0, PHOTO - 1)), 0] > 0.1 for o in found):
        return picture, found  # it would lie over a face
    return (picture * (1 - alpha) + over * alpha).astype(np.uint8), [*found, face]


def detector_targets(found: list[tuple[float, ...]]) -> np.ndarray:
    """Return the (7, 24, 24) targets: score, x, y, log size, cos, sin, weight of the last five."""
    grid = PHOTO // CELL
    targets = np.zeros((7, grid, grid), np.float32)
    centres = np.arange(grid) + 0.5
    for x, y, eyes, cos, sin in found:
        dx, dy = x / CELL - centres[None, :], y / CELL - centres[:, None]
        spread = max(0.6, 0.22 * eyes / CELL)
        near = np.exp(-(dx**2 + dy**2) / (2 * spread**2))
        stronger = near > targets[0]
        targets[0] = np.maximum(targets[0], near)
        for channel, value in enumerate((dx + 0 * dy, dy + 0 * dx, np.log(eyes / CELL), cos, sin), 1):
            targets[channel] = np.where(stronger, value, targets[channel])
        targets[6] = np.maximum(targets[6], np.where(near > 0.3, near, 0.0))
        cell = int(np.clip(y / CELL, 0, grid - 1)), int(np.clip(x / CELL, 0, grid - 1))
        targets[(0, *cell)], targets[(6, *cell)] = 1.0, 1.0
    return targets
