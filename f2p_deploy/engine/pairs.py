"""The folder of rendered pairs: characters' parameters and pictures, which any engine can write, for training.

    manifest.json      format version, engine, schema and its fingerprint, count, size, sampling of the characters
    parameters.f32     count x n little-endian float32, row i belongs to record i
    images/000000.png  RGB, size x size
    labels/000000.png  optional: 8-bit indices into the Helen classes, of the same size
    landmarks.f32      optional: count x 5 x 2 little-endian float32 pixel positions of `engine.LANDMARKS`
    records.jsonl      one line per record: index, identity (the same for all records of a character), files and their
                       SHA-256

While a folder is being written, `parameters.f32` is complete and `records.jsonl` has fewer lines than the count.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameters import random_batch
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine, Rendering
from f2p_deploy.engine.scenes import SCENES
from f2p_deploy.system.causes import place_of, reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import open_whole, write_whole
from f2p_deploy.system.pictures import png_bytes

FORMAT_VERSION = 1
MANIFEST, PARAMETERS, LANDMARK_FILE, RECORDS = "manifest.json", "parameters.f32", "landmarks.f32", "records.jsonl"

#: Number of pictures in one call of the engine.
_BATCH = 256


@dataclass(frozen=True)
class Sampling:
    """The random sampling of the characters of a set.

    Args:
        seed: the same seed gives the same characters, for any number of processes.
        scenes: `front`, `varied` or `expressive`.
        near_average: share of characters, in [0, 1], whose controllers are moved towards the average face, except
            those tagged as age and sex.
        pictures_per_character: number of consecutive pictures of the same character, at least 1.
        hair_changes: probability that another picture of the same character has other hair.

    Raises:
        InputError: an unknown name of scenes, or a number out of range.

    Example:
        >>> from f2p_deploy.character.schema import load_schema
        >>> Sampling(seed=1, scenes="varied").parameters(load_schema("makehuman-female"), count=4).shape[0]
        4
    """

    seed: int = 0
    scenes: str = "front"
    near_average: float = 0.0
    pictures_per_character: int = 1
    hair_changes: float = 0.5

    def __post_init__(self) -> None:
        if self.scenes not in SCENES:
            raise InputError(f"no scenes named {self.scenes!r}. Available: {', '.join(SCENES)}")
        if self.pictures_per_character < 1:
            raise InputError(f"a character needs one or more pictures, found {self.pictures_per_character}")
        if not 0 <= self.near_average <= 1 or not 0 <= self.hair_changes <= 1:
            raise InputError("the shares near_average and hair_changes must lie in [0, 1]")

    def parameters(self, schema: Schema, count: int) -> np.ndarray:
        """Return (count, n) float32 parameters; the first rows do not depend on `count`."""
        characters = -(-count // self.pictures_per_character)
        people = random_batch(schema, characters, self.seed)
        near, hair = np.random.default_rng((self.seed, 2)).spawn(2)
        amplitudes = near.random((characters, 2), dtype=np.float32)
        # Between a fifth and the whole of the way from the average face to the sampled one.
        reach = np.where(amplitudes[:, :1] < self.near_average, 0.2 + 0.8 * amplitudes[:, 1:], 1.0)
        average = np.array([controller.default for controller in schema.controllers], np.float32)
        fixed = [schema.controller_index[schema.tags[role]] for role in ("age", "sex") if role in schema.tags]
        original = people[:, fixed].copy()
        people[:, : schema.n_c] = average + reach * (people[:, : schema.n_c] - average)
        people[:, fixed] = original  # all ages are equally frequent
        batch = np.repeat(people, self.pictures_per_character, 0)[:count]
        if self.pictures_per_character > 1 and "hair" in schema.discrete_slices:
            part = schema.discrete_slices["hair"]
            rolls = hair.random((len(batch), 2))
            for i in range(count):
                if i % self.pictures_per_character and rolls[i, 0] < self.hair_changes:
                    batch[i, part] = 0
                    batch[i, part.start + int(rolls[i, 1] * (part.stop - part.start))] = 1
        return batch


class PairSet:
    """A folder of rendered pairs; pictures are read on access.

    Raises:
        InputError: the folder does not hold rendered pairs, or the length of its parameters does not match its count.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        self.schema = Schema.from_dict(self.manifest["schema"], f"{self.folder / MANIFEST}")
        self.size = int(self.manifest["size"])
        self.count = int(self.manifest["count"])
        self.records = read_records(self.folder)
        path = self.folder / PARAMETERS
        expected = self.count * self.schema.n * 4
        size = path.stat().st_size if path.is_file() else 0
        if size != expected or not self.count:
            raise InputError(f"{path} should hold {expected} bytes ({self.count} records), found {size}")
        self.parameters: np.ndarray = np.memmap(path, "<f4", "r", shape=(self.count, self.schema.n))

    def __len__(self) -> int:
        """Return the number of complete records; below `count` while the folder is being written."""
        return len(self.records)

    @cached_property
    def identities(self) -> np.ndarray:
        """(len,) int64 number of the character in each record."""
        return np.array([record.get("identity", record["index"]) for record in self.records], np.int64)

    @cached_property
    def landmark_table(self) -> np.ndarray | None:
        """(len, 5, 2) float32 pixel positions of `LANDMARKS`, or None if the folder has none."""
        path = self.folder / LANDMARK_FILE
        if not path.is_file():
            return None
        table = np.fromfile(path, "<f4")
        row = len(LANDMARKS) * 2
        if len(table) < len(self) * row:
            raise InputError(f"{path} should hold {len(self) * row * 4} bytes, found {len(table) * 4}")
        return table[: len(self) * row].reshape(-1, len(LANDMARKS), 2)

    def image(self, i: int) -> np.ndarray:
        """Return the (S, S, 3) uint8 RGB picture of a record."""
        return self._read(self.records[i]["image"], "RGB")

    def labels(self, i: int) -> np.ndarray | None:
        """Return the (S, S) uint8 indices into the Helen classes of a record, or None if it has none."""
        name = self.records[i].get("labels")
        return None if name is None else self._read(name, "L")

    def landmarks(self, i: int) -> dict[str, tuple[float, float]]:
        """Return the landmarks of a record as pixel positions by name; empty if the folder has none."""
        if self.landmark_table is None:
            return {}
        return {name: (float(x), float(y)) for name, (x, y) in zip(LANDMARKS, self.landmark_table[i], strict=True)}

    def _read(self, name: str, mode: str) -> np.ndarray:
        try:
            with Image.open(self.folder / name) as picture:
                return np.asarray(picture.convert(mode))
        except OSError as error:
            reason = reason_of(error, "it is not a picture, or it is damaged")
            raise InputError(f"cannot read {self.folder / name}: {reason}") from error


def write_pairs(
    engine: Engine,
    out: Path,
    count: int,
    sampling: Sampling = Sampling(),
    size: int = 256,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> PairSet:
    """Render characters into a folder of pairs; an interrupted call is resumed by repeating it.

    Args:
        engine: draws the pictures.
        out: the folder; it is created if it does not exist.
        count: number of records.
        sampling: the sampling of the characters.
        size: edge of the pictures in pixels.
        workers: number of processes that render.
        progress: called with the number of finished records and `count`.

    Returns:
        The complete folder.

    Raises:
        InputError: the folder holds another set, or cannot be written to.
    """
    if count < 1:
        raise InputError(f"count must be at least 1, found {count}")
    parameters = sampling.parameters(engine.schema, count)
    first = _start_folder(engine, out, count, sampling, size, parameters)
    scene_of = SCENES[sampling.scenes](sampling.seed)
    for start in range(first, count, _BATCH):
        indices = range(start, min(start + _BATCH, count))
        renderings = engine.render_many(parameters[list(indices)], size, [scene_of(i) for i in indices], workers)
        for index, rendering in zip(indices, islice(renderings, len(indices)), strict=True):
            write_record(out, index, rendering, identity=index // sampling.pictures_per_character)
            if progress is not None:
                progress(index + 1, count)
    return PairSet(out)


def write_record(folder: Path, index: int, rendering: Rendering, identity: int) -> None:
    """Append one record to a folder of pairs; its pictures are written before the line that names them."""
    record: dict[str, object] = {"index": index, "identity": identity}
    hashes = {}
    for kind, picture in (("image", rendering.image), ("labels", rendering.labels)):
        if picture is not None:
            name = f"{'images' if kind == 'image' else 'labels'}/{index:06d}.png"
            hashes[kind] = _write_png(folder / name, picture)
            record[kind] = name
    record["sha256"] = hashes
    try:
        if rendering.landmarks:
            with (folder / LANDMARK_FILE).open("ab") as file:
                file.write(np.array([rendering.landmarks[name] for name in LANDMARKS], "<f4").tobytes())
        with (folder / RECORDS).open("ab") as file:
            file.write((json.dumps(record) + "\n").encode())
    except OSError as error:
        raise InputError(f"cannot write record {index} to {folder}: {error.strerror or error}") from error


def read_manifest(folder: Path) -> dict:
    """Return the manifest of a folder of pairs.

    Raises:
        InputError: the folder has no manifest, or one of another format.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise InputError(f"{folder} is not a folder of rendered pairs: it has no {path.name}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = reason_of(error, f"it is not valid JSON{place_of(error)}")
        raise InputError(f"{folder} is not a folder of rendered pairs: cannot read {path.name}: {reason}") from error
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT_VERSION:
        raise InputError(f"{path} is not of format version {FORMAT_VERSION}")
    missing = [key for key in ("schema", "fingerprint", "count", "size") if key not in manifest]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}")
    return manifest


def read_records(folder: Path) -> list[dict]:
    """Return the records of `records.jsonl`, up to the first line that is incomplete or not a record."""
    return [record for record, _ in _whole_records(folder)]


def _whole_records(folder: Path) -> Iterator[tuple[dict, int]]:
    """Yield each complete record with the file offset of its end."""
    path = folder / RECORDS
    end = 0
    for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else ():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not line.endswith(b"\n") or not isinstance(record, dict) or not {"index", "image"} <= record.keys():
            return
        end += len(line)
        yield record, end


def _start_folder(engine: Engine, out: Path, count: int, sampling: Sampling, size: int, parameters: np.ndarray) -> int:
    """Create or reopen a folder, and return the number of its complete records."""
    content = parameters.astype("<f4").tobytes()
    manifest = {
        "format_version": FORMAT_VERSION,
        "engine": type(getattr(engine, "own", engine)).__name__,  # the studio's class, not what checks it
        "count": count,
        "size": size,
        "sampling": vars(replace(sampling)),
        "parameters_sha256": hashlib.sha256(content).hexdigest(),
        "fingerprint": engine.schema.fingerprint,
        "schema": engine.schema.to_dict(),
    }
    try:
        (out / "images").mkdir(parents=True, exist_ok=True)
        (out / "labels").mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create the folder {out}: {error.strerror or error}") from error
    if not (out / MANIFEST).is_file():
        write_whole(out / PARAMETERS, content)
        write_whole(out / MANIFEST, json.dumps(manifest, indent=1).encode())
    elif _meaning(read_manifest(out)) != _meaning(manifest):
        raise InputError(f"{out} holds another set of pairs (schema, seed, count or size differ): name another folder")
    records = list(_whole_records(out))
    if records:
        os.truncate(out / RECORDS, records[-1][1])
    elif (out / RECORDS).is_file():
        os.truncate(out / RECORDS, 0)
    if (out / LANDMARK_FILE).is_file():
        os.truncate(out / LANDMARK_FILE, len(records) * len(LANDMARKS) * 8)
    return len(records)


def _meaning(manifest: dict) -> dict:
    """Return a manifest without its schema; the fingerprint covers all of the schema that the pictures depend on."""
    return {key: value for key, value in manifest.items() if key != "schema"}


def _write_png(path: Path, picture: np.ndarray) -> str:
    content = png_bytes(picture)
    # Not synced, as there are 24,000 files; after a power cut the hash in the record reveals a damaged one.
    with open_whole(path, sync=False) as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()
