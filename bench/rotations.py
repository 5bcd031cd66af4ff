"""Count outcomes for rotated and mirrored photos: the upright photo's face, a refusal, or a wrong face.

    python bench/rotations.py portraits --count 40

Every photo is rotated in steps of 15 degrees, with black corners, and mirrored and rotated by quarter turns (the
dihedral group). The five points found are compared with those of the upright photo, rotated alike: `upright` if their
mean distance is below 0.2 eye distances, `refused` if the photo is refused, else `wrong`.
"""

import argparse
import math
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.alignment import LandmarkFinder, align, read_photo
from f2p_deploy.alignment.both_ways import EXCHANGED, disagreement
from f2p_deploy.alignment.warp import transform
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.pipeline import choose_finder_for
from f2p_deploy.system.errors import InputError, PhotoError

#: Mean distance of the five points, in eye distances, below which two faces count as the same.
SAME = 0.2

STEP = 15


def turned(photo: np.ndarray, angle: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo rotated anticlockwise by `angle` degrees, uncropped, and the (2, 3) matrix to its pixels."""
    made = np.array(Image.fromarray(photo).rotate(angle, Image.Resampling.BICUBIC, expand=True))
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    linear = np.array([[c, s], [-s, c]])
    before, after = (np.array(one.shape[1::-1]) / 2 for one in (photo, made))
    return made, np.column_stack([linear, after - linear @ before])


def variants(photo: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray, bool]]:
    """Yield each variant's name, pixels, the matrix to its pixels, and whether it is mirrored."""
    for angle in range(0, 360, STEP):
        yield f"{angle}", *turned(photo, angle), False
    mirror = np.array([[-1.0, 0.0, photo.shape[1]], [0.0, 1.0, 0.0]])
    for quarter in range(4):
        pixels, matrix = turned(np.ascontiguousarray(photo[:, ::-1]), 90 * quarter)
        yield f"mirrored, {90 * quarter}", pixels, np.column_stack([matrix[:, :2] @ mirror[:, :2], transform(
            matrix, mirror[None, :, 2]
        )[0]]), True  # fmt: skip


def points_of(pixels: np.ndarray, finder: LandmarkFinder, template: dict) -> np.ndarray | None:
    """Return the five points of the chosen face, None if the photo is refused."""
    try:
        return align(pixels, finder, template, 128).landmarks.array
    except (PhotoError, InputError):
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path, help="folder of photos")
    parser.add_argument("--count", type=int, default=40, help="number of photos")
    parser.add_argument("--first", type=int, default=0, help="index of the first photo")
    parser.add_argument("--landmarker", type=Path, help="MediaPipe's model file")
    parser.add_argument("--offline", action="store_true", help="measure the built-in finder instead")
    asked = parser.parse_args()
    bundle = load_bundle()
    template = dict(bundle.settings.alignment.landmarks)
    finder = choose_finder_for(asked.landmarker, offline=asked.offline).finder
    outcomes: dict[str, Counter] = {}
    photos = sorted(asked.portraits.glob("*.jpg"))[asked.first : asked.first + asked.count]
    started = time.perf_counter()
    for path in photos:
        photo = read_photo(path)
        true = points_of(photo, finder, template)
        if true is None:
            print(f"{path.name}: refused upright, left out")
            continue
        for name, pixels, matrix, mirrored in variants(photo):
            points = points_of(pixels, finder, template)
            expected = transform(matrix, true)[EXCHANGED if mirrored else slice(None)]
            outcome = "refused" if points is None else "upright" if disagreement(points, expected) < SAME else "wrong"
            if outcome == "wrong":
                print(f"{path.name}, {name}: wrong")
            outcomes.setdefault(name, Counter())[outcome] += 1
    print(f"{'':16} upright  refused    wrong")
    for name, counts in [*outcomes.items(), ("all", sum(outcomes.values(), Counter()))]:
        print(f"{name:16}" + "".join(f"{counts[kind]:9}" for kind in ("upright", "refused", "wrong")))
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
