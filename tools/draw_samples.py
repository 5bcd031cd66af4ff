"""Draw the demo's characters with the reference engine and store the pictures beside the bundle.

    python tools/draw_samples.py

Needs MediaPipe's model and the reference engine's assets (F2P_FACE_LANDMARKER, F2P_MAKEHUMAN_ASSETS). Run it again
whenever the demo bundle or the engine changes; `tests/test_demo_bundle.py` reports when. The page shows a picture only
for the character that was drawn, see `f2p_deploy/pipeline/drawn.py`.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from f2p_deploy import __version__
from f2p_deploy.alignment import align_photo
from f2p_deploy.alignment.sample_faces import write_sample_photo
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.pipeline import choose_finder_for
from f2p_deploy.pipeline.demo import MODES
from f2p_deploy.pipeline.drawing import engine_for
from f2p_deploy.pipeline.drawn import FOLDER, write_drawn
from f2p_deploy.runtimes import load, search

#: Edge of a picture, in pixels.
EDGE = 384


def main() -> None:
    """Write the pictures and print their sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, help="the demo bundle if not given")
    words = parser.parse_args()
    bundle = load_bundle(words.bundle)
    engine = engine_for(bundle.schema)
    runtime = load(bundle)
    size, template = bundle.settings.architecture.image_size, bundle.settings.alignment.landmarks
    characters = []
    with tempfile.TemporaryDirectory() as folder:
        photo = write_sample_photo(Path(folder))
        finders = {
            "mediapipe": choose_finder_for().finder,
            "networks": choose_finder_for(offline=True).finder,
        }
        for name, finder in finders.items():
            face = align_photo(photo, finder, template, size)
            if name not in face.landmarks.source:
                sys.exit(f"{name} should find the face, found by {face.landmarks.source}: give MediaPipe's model")
            for mode in MODES:
                made = search.generate(runtime, face.image, mode, shape=face.landmarks.shape).parameters
                picture = engine.render(made.values, EDGE).image
                characters.append((f"{photo.stem}-{name}-{mode}", made, picture))
    made_by = {"command": "python tools/draw_samples.py", "engine": type(engine).__qualname__, "version": __version__}
    write_drawn(bundle.path / FOLDER, bundle.schema, characters, made_by)
    for path in sorted((bundle.path / FOLDER).iterdir()):
        sys.stdout.write(f"{path}: {path.stat().st_size / 1000:.1f} kB\n")


if __name__ == "__main__":
    main()
