"""One `.zip` file of a bundle, the same bytes for the same bundle, and the way back."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from f2p_deploy.artifact.artifact import MANIFEST_FILE
from f2p_deploy.model.bundle import HEADER, Bundle, load_bundle
from f2p_deploy.model.bundle_artifact import artifact_of, has_artifact
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import open_whole, write_folder

#: The time of every file in a packed bundle, the earliest that the format can hold.
_TIME = (1980, 1, 1, 0, 0, 0)

#: Upper bounds of a packed bundle: its number of files, their bytes together, and the bytes of `bundle.json`.
MOST_FILES, MOST_BYTES, MOST_HEADER_BYTES = 1024, 2**35, 2**26

_CHUNK = 1 << 20


def pack_bundle(bundle: Bundle, path: Path) -> tuple[str, ...]:
    """Write a bundle and the artifact in its folder, if any, to a `.zip` file.

    Files are stored uncompressed, since weights hardly shrink, in a fixed order and with a fixed time. An artifact that
    was made before the bundle was changed is left out.

    Args:
        bundle: loaded by `load_bundle`, so that its files are sound.
        path: of the file; it is written whole or not at all.

    Returns:
        The names of the packed files, in their order.

    Raises:
        InputError: the file cannot be written.
    """
    names = _names_of(bundle)
    with open_whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        for name in names:
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            entry.file_size = (bundle.path / name).stat().st_size
            with (bundle.path / name).open("rb") as source, packed.open(entry, "w") as target:
                shutil.copyfileobj(source, target, _CHUNK)
    return names


def unpack_bundle(path: Path, folder: Path) -> Bundle:
    """Unpack a bundle into a new folder, and check it there.

    Args:
        path: a file of `pack_bundle`.
        folder: must not exist, or be empty; it is there whole or not at all.

    Raises:
        InputError: the file is not a packed bundle, is damaged, is too large, or holds names that would leave the
            folder or that the bundle does not list.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: unpack the bundle into a new one")
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as packed:
            entries = _checked_entries(packed.infolist(), path)
            with write_folder(folder, HEADER, "bundle") as temporary:
                _require_room(temporary, sum(entry.file_size for entry in entries), folder)
                for entry in entries:
                    _extract(packed, entry, temporary)
                _require_own_files(temporary, [entry.filename for entry in entries], path)
    except OSError as error:
        raise InputError(f"cannot unpack {path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise InputError(f"cannot unpack {path}: it is no .zip file, or damaged or cut short") from error
    return load_bundle(folder)


def _names_of(bundle: Bundle) -> tuple[str, ...]:
    """Return the names of the files of a bundle, and of the artifact in its folder if it is of this state."""
    names = [HEADER, *sorted(bundle.stored)]
    if has_artifact(bundle):
        try:
            files = artifact_of(bundle).manifest.files
        except InputError:
            return tuple(names)
        names += [MANIFEST_FILE, *sorted(set(files) - set(names))]
    return tuple(names)


def _checked_entries(entries: Sequence[zipfile.ZipInfo], path: Path) -> list[zipfile.ZipInfo]:
    """Return the entries of files, after checks that need nothing unpacked."""
    files = [entry for entry in entries if not entry.is_dir()]
    if len(files) > MOST_FILES or sum(entry.file_size for entry in files) > MOST_BYTES:
        raise InputError(
            f"cannot unpack {path}: it holds more than {MOST_FILES} files or {MOST_BYTES / 2**30:.0f} GiB, "
            "no bundle does"
        )
    seen: set[str] = set()
    for entry in files:
        name = PurePosixPath(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or ":" in entry.filename:
            raise InputError(f"cannot unpack {path}: {entry.filename!r} would be written outside of the folder")
        plain = kind in (0, stat.S_IFREG) and entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if not plain or entry.flag_bits & 1:
            raise InputError(f"cannot unpack {path}: {entry.filename!r} is a link, encrypted or packed in another way")
        if entry.filename.casefold() in seen:
            raise InputError(f"cannot unpack {path}: it holds {entry.filename!r} twice")
        seen.add(entry.filename.casefold())
    header = next((entry for entry in files if entry.filename == HEADER), None)
    if header is None or header.file_size > MOST_HEADER_BYTES:
        raise InputError(f"{path} is not a packed bundle: it has no {HEADER}, or a huge one")
    return files


def _require_room(temporary: Path, size: int, folder: Path) -> None:
    free = shutil.disk_usage(temporary).free
    if size > free:
        raise InputError(f"{folder} needs {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free")


def _extract(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder.joinpath(*PurePosixPath(entry.filename).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(entry) as source, target.open("xb") as file:
        _copy(source, file, entry)  # type: ignore[arg-type]


def _copy(source: BinaryIO, target: BinaryIO, entry: zipfile.ZipInfo) -> None:
    """Copy an entry, but not one byte more than its table of contents says."""
    written = 0
    while chunk := source.read(_CHUNK):
        written += len(chunk)
        if written > entry.file_size:
            raise zipfile.BadZipFile
        target.write(chunk)


def _require_own_files(temporary: Path, names: Sequence[str], path: Path) -> None:
    """Check the unpacked bundle; messages name the packed file instead of the temporary folder."""
    try:
        bundle = load_bundle(temporary)
        own = {HEADER, *bundle.stored}
        if MANIFEST_FILE in names:
            own |= {MANIFEST_FILE, *artifact_of(bundle).manifest.files}
    except InputError as error:
        raise InputError(f"cannot unpack {path}: {str(error).replace(f'{temporary}/', '')}") from error
    others = sorted(set(names) - own)
    if others:
        raise InputError(f"cannot unpack {path}: {others[0]!r} is no file of the bundle")
