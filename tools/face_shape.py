"""Find the axes of people's face shapes in portraits and write f2p_deploy/character/face_shape.npz.

    python tools/face_shape.py PORTRAITS... [--landmarker FILE] [-o FILE]

Faces are aligned as for the demo bundle, and MediaPipe reads each once. Photos that are held out from all training
(one in eight, by the hash of their names) are also left out here.
"""

import argparse
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import align_photo
from f2p_deploy.character.face_shape import POINTS, fit_shape_space
from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.system.errors import PhotoError
from f2p_deploy.system.files import open_whole
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS
from f2p_deploy.training.data.portraits import is_held_out, list_photos, name_of

FILE = Path(__file__).parents[1] / "f2p_deploy" / "character" / "face_shape.npz"


def main() -> None:
    """Find faces, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--landmarker", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=FILE)
    words = parser.parse_args()
    finder, settings = open_landmarker(words.landmarker), load_bundle().settings
    meshes, expressions = [], []
    for photo in list_photos(words.folders):
        if is_held_out(name_of(photo)):
            continue
        try:
            face = align_photo(photo, finder, settings.alignment.landmarks, settings.architecture.image_size)
        except PhotoError:
            continue
        for mesh, expression in finder.meshes(face.image)[:1]:
            meshes.append(mesh[:POINTS])
            expressions.append(expression)
    write(np.array(meshes), np.array(expressions), words.out)
    print(f"{words.out}: {len(meshes)} faces")


def write(meshes: np.ndarray, expressions: np.ndarray, out: Path = FILE) -> None:
    """Fit the shape space and write it."""
    chosen = np.array([point for point in CONTOUR_POINTS if point < POINTS])
    space = fit_shape_space(meshes.astype(np.float64), expressions.astype(np.float64), chosen)
    with open_whole(out) as stream:
        np.savez_compressed(stream, **space._asdict())


if __name__ == "__main__":
    main()
