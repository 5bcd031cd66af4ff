"""The folder of rendered pairs: characters' parameters and their pictures, for training and for any engine to write.

    manifest.json      format version, engine, schema and its fingerprint, count, size, how the characters were drawn
    parameters.f32     count x n little-endian float32, row i belongs to record i
    images/000000.png  RGB, size x size
    labels/000000.png  optional: 8-bit indices into the Helen classes, of the same size
    landmarks.f32      optional: count x 5 x 2 little-endian float32 pixel positions of `engine.LANDMARKS`
    records.jsonl      one line a record: index, identity (records of one character share it), files, SHA-256 of each

A folder that is still being written holds the whole `parameters.f32` and fewer lines in `records.jsonl` than its count.
"""

import hashlib
import io
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

FORMAT_VERSION = 1
MANIFEST, PARAMETERS, LANDMARK_FILE, RECORDS = "manifest.json", "parameters.f32", "landmarks.f32", "records.jsonl"

#: How many pictures are handed to the engine's processes at once.
_BATCH = 256


@dataclass(frozen=True)
class Sampling:
    """How the characters of a set are drawn.

    Args:
        seed: the same seed gives the same characters, however many processes render them.
        scenes: `front`, `varied` or `expressive`.
        near_average: share of characters, in [0, 1], whose controllers are drawn nearer to the average face, but for
            those tagged as age and sex.
        pictures_per_character: pictures in a row that show the same character, in [1, ...).
        hair_changes: probability that a further picture of a character has other hair.
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
        drawn = random_batch(schema, characters, self.seed)
        near, hair = np.random.default_rng((self.seed, 2)).spawn(2)
        amplitudes = near.random((characters, 2), dtype=np.float32)
        # Between a fifth and the whole of the way from the average to the drawn face.
        reach = np.where(amplitudes[:, :1] < self.near_average, 0.2 + 0.8 * amplitudes[:, 1:], 1.0)
        average = np.array([controller.default for controller in schema.controllers], np.float32)
        read = [schema.controller_index[schema.tags[role]] for role in ("age", "sex") if role in schema.tags]
        whole = drawn[:, read].copy()
        drawn[:, : schema.n_c] = average + reach * (drawn[:, : schema.n_c] - average)
        drawn[:, read] = whole  # people are of any age
        batch = np.repeat(drawn, self.pictures_per_character, 0)[:count]
        if self.pictures_per_character > 1 and "hair" in schema.discrete_slices:
            part = schema.discrete_slices["hair"]
            rolls = hair.random((len(batch), 2))
            for i in range(count):
                if i % self.pictures_per_character and rolls[i, 0] < self.hair_changes:
                    batch[i, part] = 0
                    batch[i, part.start + int(rolls[i, 1] * (part.stop - part.start))] = 1
        return batch


class PairSet:
    """A folder of rendered pairs, read when asked for.

    Raises:
        InputError: the folder is not one of rendered pairs, or its parameters have another length than its count says.
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
        found = path.stat().st_size if path.is_file() else 0
        if found != expected or not self.count:
            raise InputError(f"{path} should hold {expected} bytes ({self.count} records), found {found}")
        self.parameters: np.ndarray = np.memmap(path, "<f4", "r", shape=(self.count, self.schema.n))

    def __len__(self) -> int:
        """Number of records that are there: fewer than `count` while the folder is being written."""
        return len(self.records)

    @cached_property
    def identities(self) -> np.ndarray:
        """(len,) int64 number of the character that each record shows."""
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
        """Return (S, S, 3) uint8 RGB."""
        return self._read(self.records[i]["image"], "RGB")

    def labels(self, i: int) -> np.ndarray | None:
        """Return (S, S) uint8 indices into the Helen classes, or None."""
        name = self.records[i].get("labels")
        return None if name is None else self._read(name, "L")

    def landmarks(self, i: int) -> dict[str, tuple[float, float]]:
        """Return pixel positions by name; empty if the folder has none."""
        if self.landmark_table is None:
            return {}
        return {name: (float(x), float(y)) for name, (x, y) in zip(LANDMARKS, self.landmark_table[i], strict=True)}

    def _read(self, name: str, mode: str) -> np.ndarray:
        try:
            with Image.open(self.folder / name) as picture:
                return np.asarray(picture.convert(mode))
        except OSError as error:
            reason = reason_of(error, "it is no picture, or damaged")
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
    """Render characters into a folder of pairs, going on where an interrupted call ended.

    Args:
        engine: draws the pictures.
        out: the folder; made if it is not there.
        count: how many records.
        sampling: how the characters are drawn.
        size: edge of the pictures in pixels.
        workers: processes that render.
        progress: called with the number of records that are there, and `count`.

    Returns:
        The folder, complete.

    Raises:
        InputError: the folder holds another set, or cannot be written.
    """
    if count < 1:
        raise InputError(f"at least one pair must be rendered, found {count}")
    parameters = sampling.parameters(engine.schema, count)
    done = _start_folder(engine, out, count, sampling, size, parameters)
    scene_of = SCENES[sampling.scenes](sampling.seed)
    for start in range(done, count, _BATCH):
        indices = range(start, min(start + _BATCH, count))
        drawn = engine.render_many(parameters[list(indices)], size, [scene_of(i) for i in indices], workers)
        for index, rendering in zip(indices, islice(drawn, len(indices)), strict=True):
            write_record(out, index, rendering, identity=index // sampling.pictures_per_character)
            if progress is not None:
                progress(index + 1, count)
    return PairSet(out)


def write_record(folder: Path, index: int, rendering: Rendering, identity: int) -> None:
    """Append one record to a folder of pairs; the pictures are there before the line that names them is."""
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
        InputError: there is none, or it is not of this format.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise InputError(f"{folder} is not a folder of rendered pairs: it has no {path.name}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = reason_of(error, f"it is not valid JSON{place_of(error)}")
        raise InputError(f"{folder} is not a folder of rendered pairs: cannot read {path.name}: {reason}") from error
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT_VERSION:
        raise InputError(f"{path} is not of format version {FORMAT_VERSION}")
    missing = [key for key in ("schema", "fingerprint", "count", "size") if key not in manifest]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}")
    return manifest


def read_records(folder: Path) -> list[dict]:
    """Return the whole lines of `records.jsonl`, up to the first that is not a record."""
    return [record for record, _ in _whole_records(folder)]


def _whole_records(folder: Path) -> Iterator[tuple[dict, int]]:
    """Yield records and the number of bytes up to the end of each."""
    path = folder / RECORDS
    end = 0
    for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else ():
        try:
            record = json.loads(line)
        except ValueError:
            return
        if not line.endswith(b"\n") or not isinstance(record, dict) or not {"index", "image"} <= record.keys():
            return
        end += len(line)
        yield record, end


def _start_folder(engine: Engine, out: Path, count: int, sampling: Sampling, size: int, parameters: np.ndarray) -> int:
    """Make or reopen a folder; return how many records it holds already."""
    content = parameters.astype("<f4").tobytes()
    manifest = {
        "format_version": FORMAT_VERSION,
        "engine": type(engine).__name__,
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
        raise InputError(f"cannot make the folder {out}: {error.strerror or error}") from error
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
    """Return a manifest without the schema's words; what the pictures depend on of it, its fingerprint says."""
    return {key: value for key, value in manifest.items() if key != "schema"}


def _write_png(path: Path, picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    # Not synced: the hash in the record tells after a power cut, and it is 24,000 files.
    with open_whole(path, sync=False) as file:
        file.write(buffer.getbuffer())
    return hashlib.sha256(buffer.getbuffer()).hexdigest()
