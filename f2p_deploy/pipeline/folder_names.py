"""Names of the characters' folders: derived from their photos, and valid on every file system."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from f2p_deploy.character.folder_files import PAGE_FILE, TABLE_FILE
from f2p_deploy.system.names import UNSAFE

#: Largest length of a stem in bytes of UTF-8. File systems allow 255; the rest is for numbers, modes and suffixes.
LONGEST = 180

#: Names of other files in the output folder.
_RESERVED = (PAGE_FILE, TABLE_FILE)

#: Characters that Windows and its file systems do not allow in names.
_REFUSED = re.compile(r'[<>:"/\\|?*]')

#: Names that Windows reserves for devices, with any suffix.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL)


def folder_names(
    photos: Sequence[Path], known: Mapping[Path, str] | None = None, taken: Collection[str] = ()
) -> tuple[str, ...]:
    """Return a folder name for each photo: its stem, numbered where several photos share one (`anna`, `anna-2`).

    Names that differ only in case or in the encoding of accents count as equal, as on some disks. Characters that are
    unsafe in a terminal or on another system become `_`, and long stems are cut.

    Args:
        photos: in order.
        known: names of photos from an earlier run, by absolute path; these photos keep their names, even if others have
            been added since.
        taken: names that cannot be used.
    """
    known = known or {}
    used = {_key(name) for name in (*_RESERVED, *taken)}
    names: dict[int, str] = {}
    for i, photo in enumerate(photos):
        name = known.get(photo.absolute())
        if name is not None and _key(name) not in used:
            names[i] = name
            used.add(_key(name))
    last: dict[str, int] = {}
    for i, photo in enumerate(photos):
        if i not in names:
            stem = name = natural_name(photo)
            while _key(name) in used:
                last[_key(stem)] = last.get(_key(stem), 1) + 1
                name = f"{stem}-{last[_key(stem)]}"
            names[i] = name
            used.add(_key(name))
    return tuple(names[i] for i in range(len(photos)))


def natural_name(photo: Path) -> str:
    """Return the name of a photo's folder if no other photo has the same: the stem, made safe and short."""
    stem = _REFUSED.sub("_", UNSAFE.sub("_", photo.stem))
    stem = stem.encode()[:LONGEST].decode(errors="ignore").lstrip(".").rstrip(". ") or "photo"
    return f"{stem}_" if _DEVICES.fullmatch(stem) else stem


def _key(name: str) -> str:
    """Return a key that is equal for names that some disks do not distinguish."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
