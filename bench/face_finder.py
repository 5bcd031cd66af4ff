"""Compare landmark finders on held-out photos: the networks that come with the package, and MediaPipe.

    python bench/face_finder.py portraits portraits_small portraits_more paintings --blank FOLDER

Only photos that no network was trained on are used. MediaPipe's points are the reference, and its own disagreement with
the mirror image shows how exact they are. Errors are the mean distance of the five points, in percent of the distance
of the eye centres. `--blank` names a folder of pictures without faces.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from f2p_deploy.alignment import LandmarkFinder, Landmarks, MediaPipeFinder, find_landmarker_model, read_photo
from f2p_deploy.alignment.both_ways import EXCHANGED, disagreement
from f2p_deploy.alignment.network_finder import NetworkFinder
from f2p_deploy.training.data.portraits import list_photos, photo_is_held_out

#: Eye distance in pixels from which a photo counts as large; MediaPipe's points are less exact below it.
LARGE = 50.0

#: Every n-th photo is also turned and made small.
CHANGED_EVERY = 4

#: Number of pictures of noise.
TEXTURES = 30

MEDIAPIPE, MIRRORED = "mediapipe", "mediapipe mirrored"

#: Largest error in percent of a face that counts as found.
SAME = 35.0

#: Longest edge in pixels of the pictures into which small faces are set, and the share of it that a face fills.
CANVAS, SMALL = 640, 0.08


def mirrored(finder: LandmarkFinder) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return a function that finds the points of all faces in a photo's mirror image, in pixels of the photo."""

    def find(image: np.ndarray) -> list[np.ndarray]:
        faces = finder.find(np.ascontiguousarray(image[:, ::-1]))
        return [(face.array * [-1.0, 1.0] + [image.shape[1], 0.0])[EXCHANGED] for face in faces]

    return find


def plain(finder: LandmarkFinder) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return a function that finds the points of all faces in a photo."""
    return lambda image: [face.array for face in finder.find(image)]


def quarter_turns(image: np.ndarray, points: np.ndarray, turns: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn a photo anticlockwise, and points with it."""
    for _ in range(turns):
        points = np.column_stack([points[:, 1], image.shape[1] - points[:, 0]])
        image = np.rot90(image)
    return np.ascontiguousarray(image), points


def turned(image: np.ndarray, points: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn a photo by an angle in degrees around its middle, without cutting it off."""
    picture = Image.fromarray(image).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(127, 127, 127))
    turn = np.radians(-angle)
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array(image.shape[1::-1]) / 2
    return np.array(picture), (points - middle) @ linear.T + np.array(picture.size) / 2


def small(
    image: np.ndarray, face: Landmarks, blank: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Set a photo into a picture without faces so that its face fills `SMALL` of the longer edge."""
    left, top, right, bottom = face.box or (0, 0, 1, 1)
    scale = SMALL * CANVAS / max(right - left, bottom - top)
    size = [max(1, round(edge * scale)) for edge in image.shape[1::-1]]
    canvas = np.array(Image.fromarray(blank).resize((CANVAS, CANVAS * 3 // 4)))
    part = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))[: canvas.shape[0], : CANVAS]
    room = np.array(canvas.shape[1::-1]) - part.shape[1::-1]
    x, y = (int(rng.integers(0, free + 1)) for free in room)
    canvas[y : y + part.shape[0], x : x + part.shape[1]] = part
    return canvas, face.array * (np.array(size) / image.shape[1::-1]) + [x, y]


def summary(errors: list[float | None], more: int = 0) -> dict[str, Any]:
    """Return the share of faces found, the errors of those in percent, and the number of other faces."""
    there = np.array([error for error in errors if error is not None])
    row: dict[str, Any] = {"photos": len(errors), "found": round(len(there) / max(1, len(errors)), 4)}
    if len(there):
        row |= {"median": float(np.median(there)), "mean": float(there.mean()), "p95": float(np.percentile(there, 95))}
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}
    return rounded | {"others": more}


def error_of(faces: list[np.ndarray], truth: np.ndarray) -> tuple[float | None, int]:
    """Return the error of the nearest face in percent, None if it is elsewhere, and the number of other faces."""
    errors = [100 * disagreement(face, truth) for face in faces]
    best = min(errors, default=None)
    if best is None or best > SAME:
        return None, len(faces)
    return best, len(faces) - 1


class Measurement:
    """Errors of one finder in several conditions."""

    def __init__(self) -> None:
        self.errors: dict[str, list[float | None]] = {}
        self.others: dict[str, int] = {}

    def add(self, condition: str, faces: list[np.ndarray], truth: np.ndarray) -> None:
        """Add what a finder found in one photo."""
        error, others = error_of(faces, truth)
        self.errors.setdefault(condition, []).append(error)
        self.others[condition] = self.others.get(condition, 0) + others

    def rows(self) -> dict[str, Any]:
        """Return a summary by condition."""
        return {name: summary(errors, self.others[name]) for name, errors in self.errors.items()}


def textures(count: int) -> list[np.ndarray]:
    """Return pictures of noise at several scales, (480, 640, 3) uint8."""
    rng = np.random.default_rng(5)
    pictures = []
    for i in range(count):
        values = np.zeros((480, 640, 3))
        for power in range(1 + i % 3, 8):
            grid = Image.fromarray(rng.integers(0, 256, (3 * 2**power // 4 + 1, 2**power + 1, 3), np.uint8))
            smooth = np.asarray(grid.resize((640, 480), Image.Resampling.BICUBIC), np.float64)
            values += smooth * 0.75 ** (power + i % 4)
        values = (values - values.min()) / (values.max() - values.min())
        pictures.append((values * 255).astype(np.uint8))
    return pictures


def blank_views(folder: Path) -> list[np.ndarray]:
    """Return each picture of a folder as it is, upside down, blurred, and its four quarters."""
    views = []
    for path in sorted(folder.iterdir()):
        picture = read_photo(path)
        height, width = picture.shape[:2]
        blurred = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(2)))
        views += [picture, picture[::-1, ::-1], blurred]
        for top in (0, height // 2):
            views += [picture[top : top + height // 2, left : left + width // 2] for left in (0, width // 2)]
    return [np.ascontiguousarray(view) for view in views]


def measure(
    finders: dict[str, Callable[[np.ndarray], list[np.ndarray]]], photos: list[Path], blanks: list[np.ndarray]
) -> dict[str, Any]:
    """Measure finders on photos; those in which MediaPipe finds no face are left out.

    The photos as they are measure all finders but MediaPipe itself; every `CHANGED_EVERY`-th is also turned and made
    small, which measures all finders but the mirrored one.
    """
    reference = MediaPipeFinder(find_landmarker_model() or Path())
    measurements = {name: Measurement() for name in finders}
    rng = np.random.default_rng(3)
    for number, photo in enumerate(photos):
        image = read_photo(photo)
        faces = reference.find(image)
        if not faces:
            continue
        truth = faces[0].array
        large = np.hypot(*(truth[1] - truth[0])) >= LARGE
        changed = []
        if number % CHANGED_EVERY == 0:
            changed = [(f"turned by {90 * k}", *quarter_turns(image, truth, k)) for k in (1, 2, 3)]
            changed += [("turned by 30", *turned(image, truth, 30.0))]
            changed += [("8 % of the edge", *small(image, faces[0], blanks[int(rng.integers(len(blanks)))], rng))]
        for name, find in finders.items():
            if name != MEDIAPIPE:
                points = find(image)
                measurements[name].add("all", points, truth)
                measurements[name].add("eyes far apart" if large else "eyes near", points, truth)
            if name != MIRRORED:
                for condition, pixels, true in changed:
                    measurements[name].add(condition, find(pixels), true)
    return {name: measurement.rows() for name, measurement in measurements.items()}


def main() -> None:
    """Measure, print, and write the result if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--blank", type=Path, required=True, help="folder of pictures without faces")
    parser.add_argument("--every", type=int, default=1, help="use every n-th held-out photo")
    parser.add_argument("-o", "--out", type=Path, help="write the result as JSON")
    asked = parser.parse_args()
    photos = [path for path in list_photos(asked.photos) if photo_is_held_out(path)][:: asked.every]
    blanks = blank_views(asked.blank)
    mediapipe = MediaPipeFinder(find_landmarker_model() or Path())
    finders = {
        "networks": plain(NetworkFinder()),
        MEDIAPIPE: plain(mediapipe),
        MIRRORED: mirrored(mediapipe),
    }
    result: dict[str, Any] = {
        "command": " ".join(["python bench/face_finder.py", *(Path(word).name for word in sys.argv[1:])]),
        "date": str(date.today()),
        "finders": measure(finders, photos, blanks),
        "without_faces": {},
    }
    for name, find in finders.items():
        if name == MIRRORED:
            continue
        result["without_faces"][name] = {
            "pictures": [len(blanks), sum(len(find(view)) for view in blanks)],
            "textures": [TEXTURES, sum(len(find(view)) for view in textures(TEXTURES))],
        }
    text = json.dumps(result, indent=1)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
