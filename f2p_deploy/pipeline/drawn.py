"""Pictures that the engine drew beforehand, beside a bundle: shown where a character is one of those, and nowhere else.

The folder `drawn` holds `drawn.json` and the pictures. It is no part of the bundle: its hashes and fingerprint know
nothing of it.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from f2p_deploy.character.parameters import Parameters, check_vectors
from f2p_deploy.character.schema import Schema
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of, write_whole

FOLDER = "drawn"
INDEX = "drawn.json"
FORMAT = "f2p-drawn-characters"
VERSION = 1

#: How far a controller in [0, 1] may lie from the drawn one. Where every one of the reference engine's lies that far
#: off, its picture differs by 38 to 44 dB, about as much as JPEG makes of it; options must be the same. Other runtimes
#: and numbers of threads move a character by 2e-5, another level of grey in every pixel of the face by 6e-3.
TOLERANCE = 0.003

#: Of JPEG.
_QUALITY = 88

#: Decimals of parameters in the index.
_DECIMALS = 6


@dataclass(frozen=True, eq=False)
class Drawn:
    """Characters that were drawn.

    Args:
        folder: of the pictures.
        parameters: (K, n) float32, discrete groups one-hot.
        files: their names.
        sha256: of these files.
    """

    folder: Path
    parameters: np.ndarray
    files: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()

    def find(self, parameters: Parameters) -> np.ndarray | None:
        """Return the engine's picture (S, S, 3) uint8 of a character, None where this very one was not drawn.

        Raises:
            InputError: the picture is missing or not the one that was drawn.
        """
        if not len(self.files):
            return None
        away = np.abs(self.parameters - parameters.values).max(axis=1)
        nearest = int(away.argmin())
        if away[nearest] > TOLERANCE:
            return None
        path = self.folder / self.files[nearest]
        if not path.is_file() or sha256_of(path) != self.sha256[nearest]:
            raise InputError(f"{path} is missing or not what {INDEX} says: remove {self.folder}, or install again")
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))


def read_drawn(folder: Path, schema: Schema) -> Drawn:
    """Return the characters of a folder; none where there is no folder, or it is another schema's.

    Args:
        folder: `FOLDER` beside a bundle.
        schema: the bundle's.

    Raises:
        InputError: the index is damaged.
    """
    path = folder / INDEX
    if not path.is_file():
        return Drawn(folder, np.zeros((0, schema.n), np.float32))
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot read {path}: it is not valid JSON{place_of(error)}") from error
    if not isinstance(data, dict) or (data.get("format"), data.get("version")) != (FORMAT, VERSION):
        raise InputError(f"{path} is no list of drawn characters (its format should be {FORMAT!r}, version {VERSION})")
    if data.get("schema_fingerprint") != schema.fingerprint:
        return Drawn(folder, np.zeros((0, schema.n), np.float32))
    try:
        entries = [(_name(entry["file"]), str(entry["sha256"]), entry["parameters"]) for entry in data["characters"]]
        rows = np.array([row for _, _, row in entries], np.float32).reshape(len(entries), schema.n)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged: a character is not as it should be") from error
    return Drawn(
        folder,
        check_vectors(rows, schema),
        tuple(name for name, _, _ in entries),
        tuple(sha256 for _, sha256, _ in entries),
    )


def write_drawn(
    folder: Path,
    schema: Schema,
    characters: Sequence[tuple[str, Parameters, np.ndarray]],
    made: dict[str, Any],
) -> None:
    """Write characters and their pictures; others that were in the folder are gone.

    Args:
        folder: `FOLDER` beside a bundle.
        schema: the bundle's.
        characters: what each is called, its parameters, and the engine's picture (S, S, 3) uint8.
        made: how: command, engine, versions.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.jpg"):
            path.unlink()
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror or error}") from error
    entries = []
    for name, parameters, picture in characters:
        content = io.BytesIO()
        Image.fromarray(picture).save(content, "JPEG", quality=_QUALITY, optimize=True)
        file = f"{name}.jpg"
        write_whole(folder / file, content.getvalue())
        sha256 = hashlib.sha256(content.getvalue()).hexdigest()
        rounded = [round(value, _DECIMALS) for value in parameters.values.tolist()]
        entries.append({"file": file, "sha256": sha256, "parameters": rounded})
    head = {"format": FORMAT, "version": VERSION, "schema_fingerprint": schema.fingerprint, "made": made}
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in entries)
    text = json.dumps(head, indent=1)[:-2] + f',\n "characters": [\n{lines}\n ]\n}}\n'
    write_whole(folder / INDEX, text.encode())


def _name(file: object) -> str:
    name = str(file)
    if Path(name).name != name:
        raise ValueError(f"{name!r} leads out of the folder")
    return name
