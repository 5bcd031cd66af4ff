"""Compare yaw and pitch estimates: from MediaPipe's matrix, from its points' depths, and from the five points alone.

    python bench/head_turn.py portraits paintings

The same face is placed at the left and the right of a picture three times as wide, and at the top and the bottom of one
three times as high; an estimate should be the same in all four. Then the estimates are compared on the unchanged
photos, in which faces are in the middle and the matrix is correct.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import find_landmarker_model, read_photo
from f2p_deploy.alignment.head_turn import head_turn
from f2p_deploy.alignment.judgement import FRONTAL_YAW
from f2p_deploy.alignment.landmarks import nose_offset, yaw_from_points
from f2p_deploy.alignment.mediapipe import five_of_dense

#: Rows above, rows below, columns left and columns right of the photo, in its heights and widths.
PLACES = {
    "as it is": (0, 0, 0, 0),
    "left": (0, 0, 0, 2),
    "right": (0, 0, 2, 0),
    "top": (0, 2, 0, 0),
    "bottom": (2, 0, 0, 0),
}

#: One face: (478, 3) points in pixels and MediaPipe's (4, 4) matrix.
Face = tuple[np.ndarray, np.ndarray]


def open_landmarker(model: Path) -> Callable[[np.ndarray], Face | None]:
    """Return a function that finds the largest face of (H, W, 3) uint8 pixels."""
    import mediapipe
    from mediapipe.tasks.python import vision
    from mediapipe.tasks.python.core.base_options import BaseOptions

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model.read_bytes()), output_facial_transformation_matrixes=True
    )
    landmarker = vision.FaceLandmarker.create_from_options(options)

    def find(pixels: np.ndarray) -> Face | None:
        height, width = pixels.shape[:2]
        found = landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels))
        if not found.face_landmarks:
            return None
        points = [(point.x * width, point.y * height, point.z * width) for point in found.face_landmarks[0]]
        return np.array(points), np.asarray(found.facial_transformation_matrixes[0])

    return find


def by_matrix(face: Face) -> tuple[float, float]:
    pose = face[1]
    return math.degrees(math.asin(np.clip(-pose[2, 0], -1, 1))), math.degrees(math.atan2(pose[2, 1], pose[2, 2]))


def by_depths(face: Face) -> tuple[float, float]:
    return head_turn(face[0])


def by_five_points(face: Face) -> tuple[float, float]:
    return yaw_from_points(five_of_dense(face[0][:, :2])), math.nan


ESTIMATES = {"matrix": by_matrix, "depths": by_depths, "five points": by_five_points}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="+", type=Path, help="folders of photos")
    parser.add_argument("--every", type=int, default=1, help="use every n-th photo")
    parser.add_argument("--landmarker", type=Path, help="MediaPipe's model file")
    parser.add_argument("--middle-only", action="store_true", help="only compare the unchanged photos")
    asked = parser.parse_args()
    model = find_landmarker_model(asked.landmarker)
    if model is None:
        parser.error("MediaPipe's model file was not found: f2p-deploy landmarker")
    find = open_landmarker(model)
    places = dict(list(PLACES.items())[: 1 if asked.middle_only else None])
    faces: list[dict[str, Face]] = []
    for path in [path for folder in asked.portraits for path in sorted(folder.glob("*.jpg"))][:: asked.every]:
        photo = read_photo(path)
        found = {}
        for place, (above, below, left, right) in places.items():
            height, width = photo.shape[:2]
            border = ((above * height, below * height), (left * width, right * width), (0, 0))
            if (face := find(np.pad(photo, border, constant_values=127))) is not None:
                found[place] = face
        if "as it is" in found:
            faces.append(found)
    print(f"{len(faces)} faces")
    middle = {name: np.array([estimate(face["as it is"]) for face in faces]) for name, estimate in ESTIMATES.items()}
    for place in list(places)[1:]:
        here = [face for face in faces if place in face]
        print(f"at the {place}, {len(here)} faces, difference from the unchanged photo (mean, standard deviation):")
        for name, estimate in ESTIMATES.items():
            moved = np.array([np.subtract(estimate(face[place]), estimate(face["as it is"])) for face in here])
            (yaw, pitch), (yaw_sd, pitch_sd) = moved.mean(axis=0), moved.std(axis=0)
            print(f"  {name:12} yaw {yaw:+6.1f} {yaw_sd:4.1f}   pitch {pitch:+6.1f} {pitch_sd:4.1f}")
    turned = np.abs(middle["matrix"][:, 0]) > 20
    print(f"unchanged photos; {turned.sum()} are turned by more than 20 degrees:")
    for name, values in middle.items():
        apart = values - middle["matrix"]
        rms = [float(np.sqrt(np.mean(part[:, 0] ** 2))) if len(part) else 0.0 for part in (apart, apart[turned])]
        frontal = float(np.mean(np.abs(values[:, 0]) < FRONTAL_YAW))
        print(
            f"  {name:12} yaw: r.m.s. from the matrix {rms[0]:.1f}, {rms[1]:.1f} for turned heads; {frontal:.0%} "
            f"below {FRONTAL_YAW:.0f}; pitch: {apart[:, 1].mean():+.1f} from the matrix, s.d. {apart[:, 1].std():.1f}, "
            f"from {values[:, 1].min():.0f} to {values[:, 1].max():.0f}"
        )
    offsets = np.array([nose_offset(five_of_dense(face["as it is"][0][:, :2])) for face in faces])
    for name in ("matrix", "depths"):
        yaw = middle[name][:, 0]
        slope = float(offsets @ yaw / (offsets @ offsets))
        apart = yaw - slope * offsets
        rms = [float(np.sqrt(np.mean(part**2))) if len(part) else 0.0 for part in (apart, apart[np.abs(yaw) > 20])]
        print(
            f"degrees of yaw by {name} per unit of nose offset (least squares): {slope:.1f}; r.m.s. {rms[0]:.1f}, "
            f"{rms[1]:.1f} for yaw over 20"
        )


if __name__ == "__main__":
    main()
