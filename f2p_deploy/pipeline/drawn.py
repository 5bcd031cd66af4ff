"""Images of some characters that the engine drew in advance, stored beside a bundle, for machines without the engine.

The folder `drawn` holds `drawn.json` and the images. It is not part of the bundle: the bundle's hashes and fingerprint
do not cover it.
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

#: Largest difference of a controller in [0, 1] from the drawn character; options must be the same. If all controllers
#: of the reference engine differ by this much, the PSNR of its image is 38 to 44 dB, about that of JPEG compression.
#: Other runtimes and numbers of threads change a character by 2e-5; one grey level in every pixel of the face, by 6e-3.
TOLERANCE = 0.003

#: JPEG quality of the images.
_QUALITY = 88

#: Number of decimals of parameters in the index.
_DECIMALS = 6


@dataclass(frozen=True, eq=False)
class Drawn:
    """The characters that were drawn in advance.

    Args:
        folder: the folder of the images.
        parameters: (K, n) float32, discrete groups one-hot.
        files: names of the image files.
        sha256: SHA-256 of these files.
    """

    folder: Path
    parameters: np.ndarray
    files: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()

    def find(self, parameters: Parameters) -> np.ndarray | None:
        """Return the engine's image of a character, (S, S, 3) uint8; None if this character was not drawn.

        Raises:
            InputError: the image file is missing or has changed.
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
    """Read the characters of a folder; none if there is no folder, or it is for another schema.

    Args:
        folder: `FOLDER` beside a bundle.
        schema: the bundle's schema.

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
        raise InputError(f"{path} is damaged: a character lacks a value or has one of the wrong kind") from error
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
    """Write characters and their images, replacing the content of the folder.

    Args:
        folder: `FOLDER` beside a bundle.
        schema: the bundle's schema.
        characters: name, parameters and the engine's image, (S, S, 3) uint8, of each.
        made: provenance: command, engine, versions.

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
