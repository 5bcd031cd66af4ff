"""Choose held-out photos at random and show each above its character as drawn by the engine.

    python bench/gallery.py portraits portraits_small --count 12 --seed 7 -o docs/characters.png

Needs MediaPipe's model and the reference engine's assets (F2P_FACE_LANDMARKER, F2P_MAKEHUMAN_ASSETS). Photos are not
picked by hand: only the seed is, and it is part of the command beside the picture.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.alignment import align_photo
from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.pipeline.drawing import engine_for
from f2p_deploy.runtimes import load, search
from f2p_deploy.training.data.photo_choice import select_photos

#: Edge of a picture in the gallery, and pictures per row.
EDGE, COLUMNS = 192, 6


def main() -> None:
    """Write the picture and print the photos' names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--bundle", type=Path, help="the demo bundle if not given")
    parser.add_argument("--mode", default="hybrid")
    parser.add_argument("--only", default="held-out", help="held-out, training or all")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("-o", "--out", type=Path, required=True)
    words = parser.parse_args()
    bundle = load_bundle(words.bundle)
    finder, engine = open_landmarker(), engine_for(bundle.schema)
    photos = select_photos(words.photos, words.only, None)
    drawn = [photos[i] for i in np.random.default_rng(words.seed).permutation(len(photos))[: words.count]]
    runtime = load(bundle)
    size, template = bundle.settings.architecture.image_size, bundle.settings.alignment.landmarks
    sheet = Image.new("RGB", (COLUMNS * EDGE, 2 * EDGE * -(-len(drawn) // COLUMNS)), "white")
    for k, photo in enumerate(drawn):
        face = align_photo(photo, finder, template, size)
        made = search.generate(runtime, face.image, words.mode, shape=face.landmarks.shape).parameters
        x, y = k % COLUMNS * EDGE, k // COLUMNS * 2 * EDGE
        for row, picture in enumerate((face.image, engine.render(made.values, size).image)):
            sheet.paste(Image.fromarray(picture).resize((EDGE, EDGE), Image.Resampling.LANCZOS), (x, y + row * EDGE))
        print(f"{photo.parent.name}/{photo.name}")
    sheet.quantize(256).save(words.out, optimize=True)


if __name__ == "__main__":
    main()
