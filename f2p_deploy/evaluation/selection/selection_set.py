"""A subjective evaluation's pictures under random names, and the key that tells which method made which."""

import hashlib
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from f2p_deploy.alignment import read_photo
from f2p_deploy.evaluation.selection.method_folders import MethodFolder, photos_of, shared_pictures
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import json_text
from f2p_deploy.system.progress import Progress, silent

FORMAT, VERSION = "f2p-selection-key", 1

KEY_FILE, PICTURES = "key.json", "pictures"

#: Largest edge of a picture in pixels; the file of 50 photos and three methods is then about 6 MB.
LARGEST_EDGE = 384

#: JPEG quality of every picture.
_QUALITY = 90


@dataclass(frozen=True)
class SelectionPhoto:
    """A photo and the pictures beside it.

    Args:
        identity: random name of the photo.
        name: name of the photo, which judges do not see.
        candidates: random name of the picture by each method.
        content: JPEG files by random name, photo and candidates; empty if they were not read.
    """

    identity: str
    name: str
    candidates: Mapping[str, str]
    content: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class SelectionSet:
    """What judges see, and the key to it.

    Args:
        digest: SHA-256 over everything that judges see; choices carry it.
        seed: random seed of names and orders.
        methods: names of the methods, in the order in which they were given.
        drawn_by: `engine`, or `imitator or files`.
        edge: edge of the pictures in pixels.
        photos: in the order of their random names.
    """

    digest: str
    seed: int
    methods: tuple[str, ...]
    drawn_by: str
    edge: int
    photos: tuple[SelectionPhoto, ...]

    @property
    def equal_pictures(self) -> dict[str, tuple[str, ...]]:
        """Names of the photos of which two methods have the same picture, by the methods' names."""
        found: dict[str, list[str]] = {}
        for photo in self.photos:
            for i, first in enumerate(self.methods):
                for second in self.methods[i + 1 :]:
                    if photo.content[photo.candidates[first]] == photo.content[photo.candidates[second]]:
                        found.setdefault(f"{first} and {second}", []).append(photo.name)
        return {names: tuple(photos) for names, photos in found.items()}


def make_selection(
    methods: Sequence[MethodFolder],
    folder: Path | None = None,
    *,
    common: bool = False,
    seed: int | None = None,
    progress: Progress = silent,
) -> SelectionSet:
    """Return the pictures of several methods, all of one size, one encoding and without metadata.

    Args:
        methods: two or more.
        folder: the photos, if not the aligned ones of the methods' folders.
        common: leave out photos of which a method has no picture.
        seed: random seed of names and orders; None draws one.
        progress: called with the number of photos read.

    Raises:
        InputError: see `shared_pictures` and `photos_of`; or a picture cannot be read.
    """
    names, by_engine = shared_pictures(methods, common)
    files = photos_of(methods, names, folder)
    seed = secrets.randbits(32) if seed is None else seed
    made = [(method.name, method.engine if by_engine else method.imitated) for method in methods]
    edge = min(LARGEST_EDGE, *(_edge_of(pictures[name]) for _, pictures in made for name in names))
    shown = []
    for done, name in enumerate(names):
        progress("reading pictures", done, len(names))
        identity = _random_name(seed, name, "")
        candidates = {method: _random_name(seed, name, method) for method, _ in made}
        content = {identity: _encode(read_photo(files[name]), LARGEST_EDGE, whole=True)}
        content |= {candidates[method]: _encode(read_photo(pictures[name]), edge) for method, pictures in made}
        shown.append(SelectionPhoto(identity, name, candidates, content))
    photos = tuple(sorted(shown, key=lambda photo: photo.identity))
    drawn_by = "engine" if by_engine else "imitator or files"
    return SelectionSet(_digest(photos, seed), seed, tuple(name for name, _ in made), drawn_by, edge, photos)


def write_key(selection: SelectionSet, out: Path) -> None:
    """Write the pictures and then the key.

    Raises:
        InputError: something cannot be written, or the folder holds the key of another selection.
    """
    for photo in selection.photos:
        for identity, content in photo.content.items():
            write_whole(out / PICTURES / f"{identity}.jpg", content)
    write_whole(out / KEY_FILE, (json_text(_key_data(selection)) + "\n").encode())


def read_key(out: Path) -> SelectionSet:
    """Return the selection of a folder, without its pictures.

    Raises:
        InputError: there is none, or its key is damaged.
    """
    path = out / KEY_FILE
    if not path.is_file():
        raise InputError(f"{out} holds no selection: make one with METHOD=FOLDER METHOD=FOLDER -o {out}")
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != FORMAT or data["version"] != VERSION:
            raise InputError(f"{path} is no key of a selection, version {VERSION}")
        methods = tuple(str(name) for name in data["methods"])
        photos = tuple(
            SelectionPhoto(
                str(photo["id"]), str(photo["name"]), {name: str(photo["candidates"][name]) for name in methods}
            )
            for photo in data["photos"]
        )
        drawn_by, edge = str(data["drawn_by"]), int(data["edge"])
        return SelectionSet(str(data["selection"]), int(data["seed"]), methods, drawn_by, edge, photos)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged") from error


def check_place(out: Path, seed: int | None, methods: Sequence[MethodFolder] = ()) -> int | None:
    """Return the seed for a folder: the given one, or that of the selection which the folder holds already.

    Raises:
        InputError: it is the folder of a method, whose page the results would replace.
    """
    for method in methods:
        if out.resolve() == method.folder.resolve():
            raise InputError(f"{out} holds the characters of {method.name!r}: choose another folder with -o")
    return read_key(out).seed if seed is None and (out / KEY_FILE).is_file() else seed


def check_same(selection: SelectionSet, out: Path) -> None:
    """Raise if a folder holds another selection, whose choices would no longer fit.

    Raises:
        InputError: it does.
    """
    if (out / KEY_FILE).is_file() and read_key(out).digest != selection.digest:
        raise InputError(f"{out} holds another selection, which is not replaced: choose another folder with -o")


def _key_data(selection: SelectionSet) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "selection": selection.digest,
        "seed": selection.seed,
        "methods": list(selection.methods),
        "drawn_by": selection.drawn_by,
        "edge": selection.edge,
        "photos": [
            {"id": photo.identity, "name": photo.name, "candidates": dict(photo.candidates)}
            for photo in selection.photos
        ],
    }


def _random_name(seed: int, photo: str, method: str) -> str:
    text = json.dumps([seed, photo, method])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _digest(photos: Sequence[SelectionPhoto], seed: int) -> str:
    digest = hashlib.sha256(str(seed).encode())
    for photo in photos:
        for identity in (photo.identity, *sorted(photo.candidates.values())):
            digest.update(identity.encode())
            digest.update(hashlib.sha256(photo.content[identity]).digest())
    return digest.hexdigest()


def _edge_of(path: Path) -> int:
    return min(read_photo(path).shape[:2])


def _encode(picture: np.ndarray, edge: int, whole: bool = False) -> bytes:
    """Return the middle square of a picture, or the whole picture at most `edge` pixels wide and high, as JPEG."""
    image = Image.fromarray(picture)
    if whole:
        image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    else:
        image = ImageOps.fit(image, (edge, edge), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()
