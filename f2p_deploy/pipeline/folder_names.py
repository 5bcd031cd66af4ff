"""What characters are called in the output folder: after their photos, in names that every file system takes."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from f2p_deploy.system.names import UNSAFE

#: Bytes of UTF-8 that a stem may have. File systems allow 255; what is left is for numbers, modes and endings.
LONGEST = 180

#: Names that are taken in the output folder.
_RESERVED = ("index.html", "summary.csv")

#: What Windows and its file systems, a USB stick's included, have in no name.
_REFUSED = re.compile(r'[<>:"/\\|?*]')

#: What Windows keeps for devices, whatever ending follows.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL)


def folder_names(
    photos: Sequence[Path], known: Mapping[Path, str] | None = None, taken: Collection[str] = ()
) -> tuple[str, ...]:
    """Return a folder name for each photo: its stem, numbered where several photos share one (`anna`, `anna-2`).

    Case, and how an accent is written, make no difference, since they make none on some disks. Characters that a
    terminal or another system could not take become `_`, and long stems are cut.

    Args:
        photos: in order.
        known: names that photos have from an earlier run, by absolute path; they keep them, whatever photos came to
            the others since.
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
    """Return the name of a photo's folder where no other photo has it: the stem, made safe and short."""
    stem = _REFUSED.sub("_", UNSAFE.sub("_", photo.stem))
    stem = stem.encode()[:LONGEST].decode(errors="ignore").lstrip(".").rstrip(". ") or "photo"
    return f"{stem}_" if _DEVICES.fullmatch(stem) else stem


def _key(name: str) -> str:
    """Return what two names have in common that one disk or another takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
