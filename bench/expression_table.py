"""Learn the effect of MediaPipe's blendshapes on face meshes: writes f2p_deploy/evaluation/landmarks/expression.npz.

    python bench/expression_table.py FOLDER... [--landmarker face_landmarker.task] [-o expression.npz]

Photos that training holds out are excluded, so that `f2p-deploy evaluate landmarks --only held-out` measures people
on whom the table was not fitted. Every person counts once, aligned with the shipped bundle's template.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import MediaPipeFinder, align_photo, find_landmarker_model
from f2p_deploy.evaluation.landmarks.expression import ExpressionReader, learn_expression, save_expression_table
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.system.errors import InputError, PhotoError
from f2p_deploy.training.data.photo_choice import select_photos


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--landmarker", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("expression.npz"))
    asked = parser.parse_args()
    try:
        photos = select_photos(asked.folders, "training")
        model = find_landmarker_model(asked.landmarker)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    if model is None:
        print("MediaPipe's model file was not found: f2p-deploy landmarker downloads it", file=sys.stderr)
        return 3
    settings = load_bundle(None).settings
    finder, reader, looks = MediaPipeFinder(model), ExpressionReader(model), []
    for photo in photos:
        try:
            face = align_photo(photo, finder, settings.alignment.landmarks, settings.architecture.image_size)
        except PhotoError:
            continue
        look = reader.read(face.image)
        if look is not None:
            looks.append(look)
    table, explained = learn_expression(looks)
    save_expression_table(table, asked.out)
    mean = np.stack([look.scores for look in looks]).mean(axis=0)
    print(f"{len(looks)} of {len(photos)} photos; {explained:.0%} of the shape's variance is explained")
    print(f"sum of scores: {mean.sum():.2f} on average, {table.neutral.sum():.2f} for the neutral face")
    print(f"{asked.out}: {asked.out.stat().st_size} bytes")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # MediaPipe's destructor complains at exit
