"""The pictures of a method in a subjective evaluation: a folder of `f2p-deploy run`, or a folder of pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from f2p_deploy.alignment.photo_files import find
from f2p_deploy.character.folder_files import ALIGNED_FILE, CHARACTER_FILE, ENGINE_FILE, RESULT_FILE
from f2p_deploy.system.errors import InputError

#: Largest number of names in an error.
_NAMED = 5


@dataclass(frozen=True)
class MethodFolder:
    """The pictures that one method made.

    Args:
        name: name of the method.
        folder: the folder they come from.
        imitated: pictures by the imitator, or of a folder of pictures, by the photo's name without suffix.
        engine: pictures by the engine, by the same names.
        photos: the aligned photos, by the same names; empty for a folder of pictures.
        digests: SHA-256 of the photos, by the same names.
    """

    name: str
    folder: Path
    imitated: Mapping[str, Path] = field(default_factory=dict)
    engine: Mapping[str, Path] = field(default_factory=dict)
    photos: Mapping[str, Path] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Names of the photos of which there is a picture."""
        return {*self.imitated, *self.engine}


def split_method(word: str) -> tuple[str, Path]:
    """Return name and folder of `METHOD=FOLDER`.

    Raises:
        InputError: it has another form.
    """
    name, equals, folder = word.partition("=")
    if not (name.strip() and equals and folder):
        raise InputError(f"a method is METHOD=FOLDER, such as one-shot=f2p-out, found {word!r}")
    return name.strip(), Path(folder)


def read_methods(words: Sequence[str]) -> list[MethodFolder]:
    """Return the methods named by several `METHOD=FOLDER`.

    Raises:
        InputError: fewer than two, two of the same name, or see `read_method`.
    """
    named = [split_method(word) for word in words]
    names = [name for name, _ in named]
    if len(named) < 2:
        only = f", found only {names[0]!r}" if names else ""
        raise InputError(f"a selection compares two methods or more, METHOD=FOLDER METHOD=FOLDER ...{only}")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two methods have the name {name!r}")
    return [read_method(name, folder) for name, folder in named]


def read_method(name: str, folder: Path) -> MethodFolder:
    """Return the pictures of one method.

    If the folder has characters of several modes, those whose mode is the method's name are taken.

    Raises:
        InputError: there is no such folder, it has no picture, or it has several characters of a photo.
    """
    if not folder.is_dir():
        raise InputError(f"the method {name!r} has no folder {folder}")
    results = {path.parent: _read(path) for path in sorted(folder.glob(f"*/{RESULT_FILE}"))}
    if not results:
        pictures: dict[str, Path] = {}
        for path in find([folder]).photos:
            if path.stem in pictures:
                raise InputError(f"{folder} has two pictures {pictures[path.stem].name} and {path.name}: keep one")
            pictures[path.stem] = path
        return MethodFolder(name, folder, pictures)
    chosen = _of_one_mode(name, folder, results)
    return MethodFolder(
        name,
        folder,
        {stem: at / CHARACTER_FILE for stem, at in chosen.items() if (at / CHARACTER_FILE).is_file()},
        {stem: at / ENGINE_FILE for stem, at in chosen.items() if (at / ENGINE_FILE).is_file()},
        {stem: at / ALIGNED_FILE for stem, at in chosen.items() if (at / ALIGNED_FILE).is_file()},
        {stem: results[at]["asked"]["photo_sha256"] for stem, at in chosen.items()},
    )


def _read(path: Path) -> dict[str, Any]:
    """Return the content of a `result.json`.

    Raises:
        InputError: it is damaged.
    """
    try:
        match json.loads(path.read_bytes()):
            case {"stem": str(), "mode": str(), "asked": {"photo_sha256": str(), "mode": str()}} as content:
                return content
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError):
        pass
    raise InputError(f"{path} is damaged: run the photo again")


def _of_one_mode(name: str, folder: Path, results: Mapping[Path, dict[str, Any]]) -> dict[str, Path]:
    """Return the character's folder of each photo, by the photo's stem."""
    modes: dict[str, dict[str, Path]] = {}
    for at, result in results.items():
        modes.setdefault(result["asked"]["mode"], {})[result["stem"]] = at
    if name in modes and len(modes) > 1:
        return modes[name]
    chosen: dict[str, Path] = {}
    for mode, characters in modes.items():
        for stem, at in characters.items():
            if stem in chosen:
                raise InputError(
                    f"{folder} has characters of several modes, {', '.join(modes)}: name the method after one of them, "
                    f"such as {mode}={folder}"
                )
            chosen[stem] = at
    return chosen


def shared_pictures(methods: Sequence[MethodFolder], common: bool = False) -> tuple[tuple[str, ...], bool]:
    """Return the names of the photos to judge, and whether the engine drew the pictures that are compared.

    Pictures by the engine are compared if every method has one of every photo, else the imitator's.

    Args:
        methods: two or more.
        common: leave out photos of which a method has no picture, instead of refusing.

    Raises:
        InputError: no photo is in all folders, a method lacks a picture, or one name stands for two photos.
    """
    shared = set.intersection(*(method.names for method in methods))
    if not shared:
        raise InputError(f"no photo has a picture in each of {', '.join(str(method.folder) for method in methods)}")
    names = shared if common else set.union(*(method.names for method in methods))
    by_engine = all(names <= set(method.engine) for method in methods)
    for method in methods:
        lacking = sorted(names - set(method.engine if by_engine else method.imitated))
        if lacking:
            more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
            # A photo can be drawn by the engine for one method and by the imitator for another: the look would tell.
            raise InputError(
                f"the method {method.name!r} has no picture of {', '.join(lacking[:_NAMED])}{more} in {method.folder}: "
                "run these photos again, or leave them out with --common"
            )
    for name in sorted(names):
        if len({method.digests[name] for method in methods if name in method.digests}) > 1:
            raise InputError(f"{name!r} is not the same photo in all folders: give each photo a name of its own")
    return tuple(sorted(names)), by_engine


def photos_of(methods: Sequence[MethodFolder], names: Sequence[str], folder: Path | None) -> dict[str, Path]:
    """Return the photo beside which the pictures are shown, by name.

    Args:
        methods: their folders hold aligned photos if they come from `f2p-deploy run`.
        names: of the photos.
        folder: a folder of photos that is taken instead; None for the aligned ones.

    Raises:
        InputError: a photo is missing.
    """
    found: dict[str, Path] = {}
    if folder is not None:
        found = {photo.stem: photo for photo in find([folder]).photos}
    else:
        for method in reversed(methods):
            found |= method.photos
    lacking = [name for name in names if name not in found]
    if lacking:
        where = f"{folder} has no photo" if folder is not None else "no folder of f2p-deploy run has the photo"
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        hint = "" if folder is not None else ": name the folder of the photos with --photos"
        raise InputError(f"{where} {', '.join(lacking[:_NAMED])}{more}{hint}")
    return {name: found[name] for name in names}
