"""Which photos a run takes, and what it leaves out."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.alignment.suffixes import SUFFIXES
from f2p_deploy.character.folder_files import PARAMETERS_FILE, RESULT_FILE
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import shown

logger = logging.getLogger(__name__)

#: How many names a sentence lists.
_NAMED = 8


@dataclass(frozen=True)
class FoundPhotos:
    """What lies where the user said.

    Args:
        photos: in order, each file once.
        not_taken: files of folders that do not count as photos: by their ending, hidden, or no files at all.
        not_entered: folders inside of folders that were not looked into.
        unreadable: folders inside of folders that could not be looked into, with the reason.
    """

    photos: tuple[Path, ...]
    not_taken: tuple[Path, ...] = ()
    not_entered: tuple[Path, ...] = ()
    unreadable: tuple[tuple[Path, str], ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a person should know about what is not among the photos."""
        said = []
        if self.not_taken:
            count = len(self.not_taken)
            what = "1 file was not taken as a photo" if count == 1 else f"{count} files were not taken as photos"
            said.append(f"{what}: {_list(self.not_taken)}.")
        if self.not_entered:
            count = len(self.not_entered)
            what = "1 folder was" if count == 1 else f"{count} folders were"
            how = "" if all(map(_is_aside, self.not_entered)) else "; --recursive looks into them"
            said.append(f"{what} not looked into: {_list(self.not_entered)}{how}.")
        said += [f"The folder {shown(path)} could not be looked into: {reason}." for path, reason in self.unreadable]
        return tuple(said)


def find(paths: Sequence[Path], recursive: bool = False, out: Path | None = None) -> FoundPhotos:
    """Return the photos among files and in folders; in each folder by name, those of folders inside it afterwards.

    A file that does not exist stays in the list, so that it is reported beside the others; so does a link that leads
    nowhere. Hidden files, hidden folders and links to folders are left out, and so are, with `recursive`, the folder
    `out` and the characters that earlier runs left.

    Args:
        paths: files and folders.
        recursive: look into folders inside of folders, too.
        out: the folder that results go to.

    Raises:
        InputError: nothing was named, a folder has no photo, or none of the files exists.
    """
    photos: dict[Path, Path] = {}
    others = _Others()
    for path in paths:
        for photo in _photos_in(path, recursive, out, others) if os.path.isdir(path) else [path]:
            photos.setdefault(photo.absolute(), photo)
    found = tuple(photos.values())
    if not found:
        raise InputError("no photo was named")
    if not any(os.path.lexists(photo) for photo in found):
        named = str(found[0]) if len(found) == 1 else f"{found[0]}, or any of the {len(found) - 1} others"
        raise InputError(f"there is no file {named}")
    named_anyway = {photo.absolute() for photo in found}
    not_taken = {path.absolute(): path for path in others.files if path.absolute() not in named_anyway}
    return FoundPhotos(found, tuple(not_taken.values()), tuple(others.folders), tuple(others.unreadable))


def expand(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the photos of `find`; a warning in the log says what was left out.

    Raises:
        InputError: see `find`.
    """
    found = find(paths)
    for sentence in found.sentences:
        logger.warning("%s", sentence)
    return found.photos


class _Others:
    """What is left out, collected on the way."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.folders: list[Path] = []
        self.unreadable: list[tuple[Path, str]] = []


def _photos_in(folder: Path, recursive: bool, out: Path | None, others: _Others) -> list[Path]:
    try:
        photos = list(_walk(folder, recursive, None if out is None else out.resolve(), others))
    except OSError as error:
        raise InputError(f"cannot look into the folder {folder}: {error.strerror or error}") from error
    if not photos:
        where = "in it or in a folder inside it" if recursive else "directly in it"
        raise InputError(f"the folder {folder} has no photo {where} (files ending in {', '.join(SUFFIXES)})")
    return photos


def _walk(folder: Path, recursive: bool, out: Path | None, others: _Others) -> Iterator[Path]:
    """Yield the photos of a folder, then those of the folders in it, each by name."""
    waiting = [folder]
    while waiting:
        looked_into = waiting.pop()
        try:
            names = sorted(os.listdir(looked_into))
        except OSError as error:
            if looked_into is folder:
                raise
            others.unreadable.append((looked_into, error.strerror or str(error)))
            continue
        inside: list[Path] = []
        for path in (looked_into / name for name in names):
            if os.path.isdir(path):
                if path.resolve() == out or _is_character(path):
                    continue
                (inside if recursive and not _is_aside(path) else others.folders).append(path)
            elif _is_photo(path):
                yield path
            else:
                others.files.append(path)
        waiting += reversed(inside)


def _is_photo(path: Path) -> bool:
    regular = os.path.isfile(path) or path.is_symlink()
    return regular and path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _is_aside(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.is_symlink()


def _is_character(folder: Path) -> bool:
    return (folder / RESULT_FILE).is_file() and (folder / PARAMETERS_FILE).is_file()


def _list(paths: Sequence[Path]) -> str:
    names = ", ".join(shown(path.name) for path in paths[:_NAMED])
    return names if len(paths) <= _NAMED else f"{names} and {len(paths) - _NAMED} more"
