"""Compare characters of the same person in mirrored, moved, grey, dark and coarsely compressed photos.

    python bench/stability.py portraits portraits_small --count 40

For each change: the mean change of the sliders and the share of the choices that changed, and for comparison
the same between two people. A mirrored character's asymmetric sliders are mirrored back first.
"""

import argparse
import io
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.alignment import align, open_photo
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.runtimes import load, search
from f2p_deploy.system.errors import PhotoError
from f2p_deploy.training.data.photo_choice import select_photos


def jpeg(picture: np.ndarray) -> np.ndarray:
    """Return a picture after JPEG compression of quality 60."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=60)
    return np.asarray(Image.open(stream).convert("RGB"))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
    "moved by 1 pixel": lambda picture: np.roll(picture, 1, axis=(0, 1)),
    "moved by 6 pixels": lambda picture: np.roll(picture, 6, axis=(0, 1)),
    "JPEG 60": jpeg,
    "grey": lambda picture: np.asarray(Image.fromarray(picture).convert("L").convert("RGB")),
    "half as bright": lambda picture: (picture // 2).astype(np.uint8),
}


def apart(one: Parameters, other: Parameters, mirrored: bool = False) -> tuple[float, float]:
    """Return the mean difference of the sliders, and the share of the choices that differ."""
    schema = one.schema
    values = other.values[: schema.n_c].copy()
    if mirrored:
        for i, controller in enumerate(schema.controllers):
            if controller.asymmetric:
                values[i] = 2.0 * controller.default - values[i]
    differ = [one.choice(group.name) != other.choice(group.name) for group in schema.discrete_groups]
    return float(np.abs(one.values[: schema.n_c] - values).mean()), float(np.mean(differ))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--bundle", type=Path, help="the demo bundle if not given")
    parser.add_argument("--only", default="held-out", help="held-out, training or all")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--mode", action="append", choices=("one-shot", "iterative", "hybrid"))
    words = parser.parse_args()
    bundle, finder = load_bundle(words.bundle), open_landmarker()
    runtime = load(bundle)
    size, template = bundle.settings.architecture.image_size, bundle.settings.alignment.landmarks
    for mode in words.mode or ("one-shot", "hybrid"):
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in CHANGES}
        people: list[Parameters] = []
        for photo in select_photos(words.photos, words.only, words.count):
            picture = open_photo(photo).pixels
            try:
                faces = {"": align(picture, finder, template, size)}
                faces |= {name: align(change(picture), finder, template, size) for name, change in CHANGES.items()}
            except PhotoError:
                continue
            made = {
                name: search.generate(runtime, face.image, mode, shape=face.landmarks.shape).parameters
                for name, face in faces.items()
            }
            people.append(made[""])
            for name in CHANGES:
                rows[name].append(apart(made[""], made[name], name == "mirrored"))
        rows["another person"] = [apart(one, other) for one, other in pairwise(people)]
        print(f"{mode}, {len(people)} people: mean slider change, share of choices changed")
        for name, found in rows.items():
            sliders, choices = np.mean(found, axis=0)
            print(f"  {name:18} {sliders:.3f}  {choices:.0%}")


if __name__ == "__main__":
    main()
