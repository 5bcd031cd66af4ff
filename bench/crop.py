"""What the crop of a recognition network is worth: where faces come to lie in it, and how well it tells people apart.

    python bench/crop.py orl_faces -o bench/results/crop.json
    python bench/crop.py orl_faces --bundle my-game    # a bundle with LightCNN's published weights

The folder has a subfolder of photos for each person. Every photo is aligned as `f2p-deploy run` does. First, positions
in pixels of 128: LightCNN's authors put the middle of the eyes at y 40 and the middle of the mouth 48 pixels below.
Then the equal error rate of the bundle's recognition network over all pairs of photos, once with the crop that it was
trained on and once with the whole aligned face. The demo bundle's network is dlib's, with dlib's crop: a stand-in that
shows the size of the effect, not LightCNN's own figures.
"""

import argparse
import json
from datetime import date
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.alignment import align, open_photo
from f2p_deploy.alignment.warp import transform
from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker
from f2p_deploy.evaluation.stages.stage_recognition import pair_similarities
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.model.networks.crop import Crop, crop_square
from f2p_deploy.model.recognisers import CROPPED, RECOGNISERS
from f2p_deploy.model.similarity import Similarity
from f2p_deploy.system.errors import PhotoError

#: Edge in pixels of the positions that are compared with LightCNN's.
EDGE = 128

#: The names of two crops; the whole face is the crop that leaves every landmark where the template has it.
WHOLE = "whole face"

LIGHT_CNNS = "LightCNN's crop"


def positions(points: np.ndarray, square: tuple[float, float, float]) -> tuple[float, float]:
    """Return y of the middle of the eyes, and the distance to the middle of the mouth, in pixels of 128.

    Args:
        points: (5, 2) landmarks in fractions of the aligned face.
        square: left, top and edge of the crop in the same unit.
    """
    seen = (points - square[:2]) / square[2] * EDGE
    eyes, mouth = seen[:2].mean(axis=0), seen[3:].mean(axis=0)
    return float(eyes[1]), float(mouth[1] - eyes[1])


def equal_error_rate(same: np.ndarray, different: np.ndarray) -> float:
    """Return the share of errors at the threshold where both kinds of pairs have the same share."""
    thresholds = np.quantile(np.concatenate([same, different]), np.linspace(0, 1, 2001))
    missed = np.searchsorted(np.sort(same), thresholds) / len(same)
    taken = 1.0 - np.searchsorted(np.sort(different), thresholds) / len(different)
    best = int(np.abs(missed - taken).argmin())
    return float((missed[best] + taken[best]) / 2)


def error_rate(bundle: Bundle, faces: torch.Tensor, people: np.ndarray, crop: Crop | None) -> float:
    """Return the equal error rate of the bundle's recognition network that is given a crop of (N, 3, S, S) faces."""
    recogniser = bundle.settings.architecture.recogniser
    similarity = Similarity(
        bundle.recognition, bundle.segmentation, bundle.settings.similarity, recogniser, crop=crop
    ).eval()
    with torch.inference_mode():
        vectors = torch.cat([similarity.identity(part) for part in faces.split(16)]).numpy()
    return equal_error_rate(*pair_similarities(vectors, people))


def main() -> None:
    """Print the figures, and write them if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=Path, help="a folder with a subfolder of photos for each person")
    parser.add_argument("--bundle", type=Path, help="the demo bundle if not given")
    parser.add_argument("--landmarker", type=Path, help="MediaPipe's face_landmarker.task")
    parser.add_argument("-o", "--output", type=Path)
    words = parser.parse_args()
    bundle, finder = load_bundle(words.bundle), open_landmarker(words.landmarker)
    settings = bundle.settings
    template, size = settings.alignment.landmarks, settings.architecture.image_size
    light_cnns = RECOGNISERS[CROPPED["light-cnn-29v2"]].points
    squares = {WHOLE: (0.0, 0.0, 1.0), LIGHT_CNNS: crop_square(template, light_cnns)}
    faces, people, found = [], [], {name: [] for name in squares}
    photos = sorted(path for path in words.people.glob("*/*") if path.is_file())
    for photo in photos:
        try:
            face = align(open_photo(photo), finder, template, size)
        except PhotoError:
            continue
        faces.append(torch.from_numpy(face.image.transpose(2, 0, 1).copy()).float() / 255)
        people.append(photo.parent.name)
        points = transform(face.matrix, face.landmarks.array) / size
        for name, square in squares.items():
            found[name].append(positions(points, square))
    rows = {
        name: {
            key: {"mean": float(column.mean()), "deviation": float(column.std())}
            for key, column in zip(("eyes_y", "eyes_to_mouth"), np.array(values).T, strict=True)
        }
        for name, values in found.items()
    }
    for name, row in rows.items():
        said = ", ".join(f"{key} {facts['mean']:.1f} +- {facts['deviation']:.1f}" for key, facts in row.items())
        print(f"{name:20} {said} pixels of {EDGE}; LightCNN's authors: 40 and 48")
    recogniser = settings.architecture.recogniser
    own = recogniser.points or light_cnns
    stack = torch.stack(faces)
    rates = {
        name: error_rate(bundle, stack, np.array(people), Crop(template, wanted, size, recogniser.size))
        for name, wanted in {WHOLE: template, "its own crop": own, LIGHT_CNNS: light_cnns}.items()
    }
    for name, rate in rates.items():
        print(f"{recogniser.name}, {name:20} equal error rate {rate:.2%}")
    if words.output is not None:
        content = {
            "command": f"python bench/crop.py {words.people.name}",
            "date": date.today().isoformat(),
            "photos": len(photos),
            "aligned": len(people),
            "people": len(set(people)),
            "bundle": {"name": bundle.name, "fingerprint": bundle.fingerprint, "recognition": recogniser.name},
            "positions": rows,
            "equal_error_rate": rates,
        }
        words.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
