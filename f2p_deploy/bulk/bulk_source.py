"""The source of a bulk job: what a path holds, and a survey of all its photos."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.alignment.suffixes import SUFFIXES
from f2p_deploy.bulk.folder_photos import FolderPhotos
from f2p_deploy.bulk.parquet_shards import ParquetShards, choose_column
from f2p_deploy.bulk.photo_refs import PhotoSource
from f2p_deploy.bulk.tar_shards import TarShards
from f2p_deploy.system.errors import InputError

#: The suffixes of shards.
TAR, PARQUET = ".tar", ".parquet"


@dataclass(frozen=True)
class Survey:
    """What a source holds.

    Args:
        photos: number of photos.
        fingerprint: SHA-256 of the list of photos and shards: names, places and sizes.
        broken: a sentence for each shard that cannot be read to its end.
    """

    photos: int
    fingerprint: str
    broken: tuple[str, ...] = ()


def open_bulk_source(
    path: Path, recursive: bool = False, column: str | None = None, key: str | None = None
) -> PhotoSource:
    """Return the source that a path is.

    Args:
        path: a folder of photos, of tar files or of Parquet files; or one tar file or Parquet file.
        recursive: also look into subfolders.
        column, key: the columns of pictures and of names in Parquet files, see `ParquetShards`.

    Raises:
        InputError: there is no such path, it holds nothing of that or several kinds, or columns that do not fit.
        MissingDependency: pyarrow is not installed.
    """
    shards = _shards_of(path, recursive)
    kinds = sorted({Path(name).suffix.lower() for name in shards})
    if len(kinds) > 1:
        raise InputError(f"{path} holds {TAR} and {PARQUET} files: name the folder or the file of one kind")
    if kinds != [PARQUET] and (column or key):
        raise InputError(f"--{'column' if column else 'key'} is for Parquet files; {path} holds none")
    root = path if path.is_dir() else path.parent
    if not kinds:
        return FolderPhotos(path, recursive)
    if path.is_dir() and (other := _photo_in(path)):
        raise InputError(f"{path} holds {kinds[0]} files and photos, such as {other}: put them into separate folders")
    if kinds == [TAR]:
        return TarShards(root, shards)
    return ParquetShards(root, shards, _column_of(root, shards, column, key), key or "")


def survey(source: PhotoSource) -> Survey:
    """Go through all photos of a source without reading them.

    Raises:
        InputError: it has no photo.
    """
    digest, broken, count = hashlib.sha256(), list[str](), 0
    try:
        for name, size in source.shards():
            digest.update(os.fsencode(f"{size} {name}\0"))
        for ref in source.refs(broken.append):
            digest.update(os.fsencode(f"{ref.size} {ref.offset} {ref.shard}\0{ref.key}\0"))
            count += 1
    except OSError as error:
        raise InputError(f"cannot read {error.filename}: {error.strerror or error}") from error
    if not count:
        raise InputError(broken[0] if broken else f"there is no photo in the {source.kind}")
    return Survey(count, digest.hexdigest(), tuple(broken))


def _column_of(root: Path, shards: tuple[str, ...], column: str | None, key: str | None) -> str:
    """Return the column of pictures, from the first shard that is not damaged."""
    from f2p_deploy.bulk.parquet_shards import opened_parquet
    from f2p_deploy.system.extras import require

    require("batch", "reading and writing Parquet files")
    for name in shards:
        try:
            with opened_parquet(root / name):
                pass
        except InputError:
            continue
        return choose_column(root / name, column, key)
    return choose_column(root / shards[0], column, key)


def _shards_of(path: Path, recursive: bool) -> tuple[str, ...]:
    """Return the tar and Parquet files of a path, sorted, relative to its folder."""
    if not os.path.lexists(path):
        raise InputError(f"there is no file or folder {path}")
    if not path.is_dir():
        if path.suffix.lower() not in (TAR, PARQUET):
            raise InputError(f"{path} is no folder, no {TAR} file and no {PARQUET} file")
        return (path.name,)
    names = (os.path.relpath(file, path) for file in _files_in(path, recursive))
    return tuple(sorted(name for name in names if Path(name).suffix.lower() in (TAR, PARQUET)))


def _files_in(folder: Path, recursive: bool) -> Iterator[str]:
    """Yield the files of a folder that are not hidden."""
    try:
        for place, folders, files in os.walk(folder, onerror=_refuse):
            folders[:] = [name for name in folders if recursive and not name.startswith(".")]
            yield from (os.path.join(place, name) for name in files if not name.startswith("."))
    except OSError as error:
        raise InputError(f"cannot look into the folder {error.filename}: {error.strerror or error}") from error


def _refuse(error: OSError) -> None:
    raise error


def _photo_in(folder: Path) -> str:
    """Return the name of a photo directly in a folder; empty if there is none."""
    return next((name for name in sorted(os.listdir(folder)) if Path(name).suffix.lower() in SUFFIXES), "")
