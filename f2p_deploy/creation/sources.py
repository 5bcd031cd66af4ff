"""Which photos a run takes, and what their characters are called."""

from collections.abc import Sequence
from pathlib import Path

from f2p_deploy.errors import InputError

#: What counts as a photo inside a folder; a file named on its own is read whatever it is called.
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".gif", ".tif"),
    *(".tiff", ".avif", ".jp2", ".ppm", ".pgm", ".heic", ".heif"),
)

#: Names that are taken in the output folder.
_RESERVED = ("index.html", "summary.csv")


def expand(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return photos, with each folder replaced by the photos that lie directly in it, by name; each file once.

    A file that does not exist stays in the list, so that it is reported beside the others.

    Raises:
        InputError: nothing was named, a folder has no photo, or none of the files exists.
    """
    photos: dict[Path, Path] = {}
    for path in paths:
        for photo in _photos_in(path) if path.is_dir() else [path]:
            photos.setdefault(photo.absolute(), photo)
    found = tuple(photos.values())
    if not found:
        raise InputError("no photo was named")
    if not any(photo.exists() for photo in found):
        named = str(found[0]) if len(found) == 1 else f"{found[0]}, or any of the {len(found) - 1} others"
        raise InputError(f"there is no file {named}")
    return found


def folder_names(photos: Sequence[Path]) -> tuple[str, ...]:
    """Return a folder name for each photo: its stem, numbered where several photos share one (`anna`, `anna-2`).

    Case makes no difference, since it makes none on some disks.
    """
    names: list[str] = []
    taken = set(_RESERVED)
    for photo in photos:
        stem = photo.stem.lstrip(".").rstrip(". ") or "photo"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return tuple(names)


def _photos_in(folder: Path) -> list[Path]:
    try:
        photos = sorted(
            entry
            for entry in folder.iterdir()
            if entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".") and entry.is_file()
        )
    except OSError as error:
        raise InputError(f"cannot look into the folder {folder}: {error.strerror or error}") from error
    if not photos:
        raise InputError(f"the folder {folder} has no photo directly in it (files ending in {', '.join(SUFFIXES)})")
    return photos
