"""The folder of samples: what an engine that renders offline should draw, and the pictures that it has drawn.

    samples.json         format version, schema, count, size and sampling
    parameters.f32       count x n little-endian float32
    samples.jsonl        one line per sample: id, picture, size, controllers in [0, 1], options, scene
    engine-units.csv     one row per sample: id, controllers in the engine's units, options
    pictures/000000.png  written by the engine: RGB, size x size
    labels/000000.png    optional: 8-bit indices into the Helen classes
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.character.parameters import Parameters, check_vectors
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Scene
from f2p_deploy.engine.pairs import Sampling
from f2p_deploy.engine.scenes import FRONT_VIEW, SCENES
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_folder, write_whole

SAMPLES_VERSION = 1
SAMPLES_FILE, LINES_FILE, UNITS_FILE = "samples.json", "samples.jsonl", "engine-units.csv"
VALUES_FILE = "parameters.f32"


class SampleFolder:
    """A folder of samples; pictures are read on access.

    Raises:
        InputError: the folder is not one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        path = self.folder / SAMPLES_FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            values = (self.folder / VALUES_FILE).read_bytes()
        except (OSError, ValueError, RecursionError) as error:
            reason = reason_of(error, f"{SAMPLES_FILE} is not valid JSON")
            raise InputError(f"{self.folder} is not a folder of samples: {reason}") from error
        if not isinstance(data, dict) or data.get("format_version") != SAMPLES_VERSION:
            raise InputError(f"{path} is not of format version {SAMPLES_VERSION}")
        self.schema = Schema.from_dict(data.get("schema", {}), str(path))
        count, size, sampling = (data.get(key) for key in ("count", "size", "sampling"))
        if not isinstance(count, int) or not isinstance(size, int):
            raise InputError(f"{path} lacks its count or size")
        if len(values) != count * self.schema.n * 4:
            raise InputError(f"{self.folder / VALUES_FILE} should hold {count} characters, found {len(values)} bytes")
        self.count, self.size = count, size
        self.sampling = read_sampling(sampling, path)
        rows = np.frombuffer(values, "<f4").reshape(count, self.schema.n)
        self.parameters = check_vectors(rows, self.schema)

    def scenes(self) -> list[Scene]:
        """Return the scene of each sample."""
        return scenes_of(self.sampling, self.count)

    def image(self, i: int) -> np.ndarray:
        """Return the (S, S, 3) uint8 RGB picture of a sample.

        Raises:
            InputError: it is not there yet, or not a picture of this size.
        """
        return self._read(f"pictures/{i:06d}.png", "RGB")

    def labels(self, i: int) -> np.ndarray | None:
        """Return the (S, S) uint8 label map of a sample; None if the first sample has none.

        Raises:
            InputError: it is missing or damaged although the first sample has one.
        """
        if not (self.folder / "labels" / "000000.png").is_file():
            return None
        labels = self._read(f"labels/{i:06d}.png", "L")
        if int(labels.max()) >= len(HELEN_CLASSES):
            highest = len(HELEN_CLASSES) - 1
            raise InputError(f"{self.folder}/labels/{i:06d}.png has the label {labels.max()}; the highest is {highest}")
        return labels

    def faults(self) -> list[str]:
        """Return one sentence for each sample whose picture or label map is missing or wrong."""
        found = []
        for i in range(self.count):
            try:
                self.image(i)
                self.labels(i)
            except InputError as error:
                found.append(str(error))
        return found

    def _read(self, name: str, mode: str) -> np.ndarray:
        path = self.folder / name
        if not path.is_file():
            raise InputError(f"{path} is not there yet")
        try:
            with Image.open(path, formats=["PNG"]) as picture:
                if picture.size != (self.size, self.size):
                    found = f"{picture.size[0]} x {picture.size[1]}"
                    raise InputError(f"{path} should be {self.size} x {self.size} pixels, found {found}")
                allowed = ("RGB", "RGBA") if mode == "RGB" else ("L", "P")
                if picture.mode not in allowed:
                    raise InputError(f"{path} should be {allowed[0]}, found {picture.mode}")
                return np.array(picture.convert("RGB") if mode == "RGB" else picture)
        # Pillow passes on the errors of its decoders; here they all mean a damaged file.
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise InputError(f"{path} is not a PNG, or it is damaged") from error


def write_samples(
    schema: Schema, out: Path, size: int, sampling: Sampling | None, vectors: np.ndarray, scenes: Sequence[Scene]
) -> SampleFolder:
    """Write what an engine should draw; the folder is there whole or not at all.

    Args:
        schema: of the parameters.
        out: the folder; one with samples is replaced only if it holds the same samples, and then stays as it is.
        size: edge of the pictures in pixels.
        sampling: how `vectors` were sampled; None for given characters.
        vectors: (N, n) float32 parameters.
        scenes: of each sample.

    Raises:
        InputError: a wrong value, or a folder that holds something else.
    """
    vectors = check_vectors(vectors, schema)
    facts = {
        "format_version": SAMPLES_VERSION,
        "count": len(vectors),
        "size": size,
        "sampling": None if sampling is None else asdict(sampling),
        "fingerprint": schema.fingerprint,
        "schema": schema.to_dict(),
    }
    if (out / SAMPLES_FILE).exists():
        found = SampleFolder(out)
        same = (found.schema.fingerprint, found.size, found.sampling) == (schema.fingerprint, size, sampling)
        if not same or not np.array_equal(found.parameters, vectors):
            raise InputError(f"{out} holds other samples, maybe with pictures: name another folder")
        return found
    with write_folder(out, SAMPLES_FILE, "folder of samples") as folder:
        (folder / "pictures").mkdir()
        characters = [Parameters(schema, row) for row in vectors]
        lines = [
            _line(i, size, one, scene) for i, (one, scene) in enumerate(zip(characters, scenes, strict=True))
        ]
        write_whole(folder / VALUES_FILE, vectors.astype("<f4").tobytes())
        write_whole(folder / LINES_FILE, "".join(json.dumps(line) + "\n" for line in lines).encode())
        write_whole(folder / UNITS_FILE, _units(characters))
        write_whole(folder / SAMPLES_FILE, json.dumps(facts, indent=1).encode())
    return SampleFolder(out)


def read_sampling(data: object, path: Path) -> Sampling | None:
    """Return the sampling that a manifest names; None if it names none.

    Args:
        data: the manifest's entry.
        path: the manifest, for error messages.

    Raises:
        InputError: the entry is not a sampling.
    """
    if data is None:
        return None
    if not isinstance(data, dict) or not data.keys() <= {entry.name for entry in fields(Sampling)}:
        raise InputError(f"{path}: its sampling is not one of this version")
    try:
        return Sampling(**data)
    except TypeError as error:
        raise InputError(f"{path}: its sampling has a value of the wrong kind") from error


def scenes_of(sampling: Sampling | None, count: int) -> list[Scene]:
    """Return the scenes of a set of samples or pairs; front views for given characters."""
    scene_of = (lambda index: FRONT_VIEW) if sampling is None else SCENES[sampling.scenes](sampling.seed)
    return [scene_of(i) for i in range(count)]


def _line(i: int, size: int, character: Parameters, scene: Scene) -> dict[str, object]:
    """Return one line of `samples.jsonl`."""
    return {
        "id": f"{i:06d}",
        "picture": f"pictures/{i:06d}.png",
        "size": size,
        "controllers": {name: float(character[name]) for name in character.schema.controller_index},
        "options": {group: character.choice(group) for group in character.schema.discrete_slices},
        "scene": {**asdict(scene), "expression": dict(scene.expression)},
    }


def _units(characters: Sequence[Parameters]) -> bytes:
    schema = characters[0].schema
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("id", *schema.controller_index, *schema.discrete_slices))
    for i, character in enumerate(characters):
        units = (f"{value:.9g}" for value in character.in_engine_units().values())
        writer.writerow((f"{i:06d}", *units, *(character.choice(group) for group in schema.discrete_slices)))
    return text.getvalue().encode()
