"""The search for photos among files and folders, with a report of what was left out."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.alignment.suffixes import COMMON_FORMATS, SUFFIXES
from f2p_deploy.character.folder_files import PARAMETERS_FILE, RESULT_FILE
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import shown

logger = logging.getLogger(__name__)

#: Largest number of names in a sentence.
_NAMED = 8


@dataclass(frozen=True)
class FoundPhotos:
    """The photos in the user's files and folders, and what was left out.

    Args:
        photos: the photos in order, each file once.
        not_taken: files in folders that are not taken as photos: another suffix, hidden, or not regular files.
        not_entered: subfolders that were not searched.
        unreadable: subfolders that could not be searched, with the reason.
    """

    photos: tuple[Path, ...]
    not_taken: tuple[Path, ...] = ()
    not_entered: tuple[Path, ...] = ()
    unreadable: tuple[tuple[Path, str], ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Sentences for the user about the files and folders that were left out."""
        sentences = []
        if self.not_taken:
            count = len(self.not_taken)
            what = "1 file was not taken as a photo" if count == 1 else f"{count} files were not taken as photos"
            sentences.append(f"{what}: {_list(self.not_taken)}.")
        if self.not_entered:
            count = len(self.not_entered)
            what = "1 folder was" if count == 1 else f"{count} folders were"
            how = "" if all(map(_is_aside, self.not_entered)) else "; --recursive looks into them"
            sentences.append(f"{what} not looked into: {_list(self.not_entered)}{how}.")
        for path, reason in self.unreadable:
            sentences.append(f"The folder {shown(path)} could not be looked into: {reason}.")
        return tuple(sentences)


def find(paths: Sequence[Path], recursive: bool = False, out: Path | None = None) -> FoundPhotos:
    """Return the photos among files and in folders, sorted by name in each folder, before those of its subfolders.

    A file that does not exist, or a broken link, stays in the list, so that it is reported with the others. Hidden
    files, hidden folders and links to folders are left out. So are, with `recursive`, the folder `out` and the
    characters of earlier runs.

    Args:
        paths: files and folders.
        recursive: also search subfolders.
        out: the folder for results.

    Raises:
        InputError: nothing was named, a folder has no photo, or none of the files exists.
    """
    photos: dict[Path, Path] = {}
    others = _Others()
    for path in paths:
        for photo in _photos_in(path, recursive, out, others) if os.path.isdir(path) else [path]:
            photos.setdefault(photo.absolute(), photo)
    unique = tuple(photos.values())
    if not unique:
        raise InputError("no photo was named")
    if not any(os.path.lexists(photo) for photo in unique):
        names = str(unique[0]) if len(unique) == 1 else f"{unique[0]}, or any of the {len(unique) - 1} others"
        raise InputError(f"there is no file {names}")
    not_taken = {path.absolute(): path for path in others.files if path.absolute() not in photos}
    return FoundPhotos(unique, tuple(not_taken.values()), tuple(others.folders), tuple(others.unreadable))


def expand(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the photos of `find`, and log a warning for what was left out.

    Raises:
        InputError: see `find`.
    """
    result = find(paths)
    for sentence in result.sentences:
        logger.warning("%s", sentence)
    return result.photos


class _Others:
    """The files and folders that a search leaves out."""

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
        raise InputError(f"the folder {folder} has no photo {where} ({COMMON_FORMATS})")
    return photos


def _walk(folder: Path, recursive: bool, out: Path | None, others: _Others) -> Iterator[Path]:
    """Yield the photos of a folder, sorted by name, then those of its subfolders."""
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
