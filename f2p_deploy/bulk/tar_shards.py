"""Tar files in WebDataset's layout as the source of a bulk job.

Members that follow one another and have the same name up to the first dot of the basename are one sample; that part of
the name, with the folder, is its key (https://github.com/webdataset/webdataset).
"""

import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from f2p_deploy.bulk.photo_refs import (
    MOST_BYTES,
    PhotoContent,
    PhotoRef,
    TellBroken,
    photo_key,
    too_large,
    unreadable,
)

#: Suffixes of pictures; the first of them that a sample has is its photo.
PICTURES = ("jpg", "jpeg", "png", "webp")

#: The first bytes of compressed files, and the command that unpacks them.
_COMPRESSED = {b"\x1f\x8b": "gunzip", b"BZh": "bunzip2", b"\xfd7zXZ": "unxz", b"\x28\xb5\x2f\xfd": "unzstd"}


@dataclass(frozen=True)
class TarShards:
    """Tar files.

    Args:
        root: the folder of the files.
        names: the files, relative to it.
    """

    root: Path
    names: tuple[str, ...]

    @property
    def kind(self) -> str:
        """What the source consists of."""
        return "tar shards"

    @property
    def columns(self) -> str:
        """Nothing: there is no table."""
        return ""

    def shards(self) -> tuple[tuple[str, int], ...]:
        """Return name and size in bytes of every shard."""
        return tuple((name, (self.root / name).stat().st_size) for name in self.names)

    def left_out(self) -> tuple[str, ...]:
        """Return nothing: what is no shard is not looked at."""
        return ()

    def refs(self, tell_broken: TellBroken) -> Iterator[PhotoRef]:
        """Yield the photo of every sample that has one, shard by shard.

        Only headers are read. Of a damaged shard, the photos before the damage are yielded.
        """
        index = 0
        for name in self.names:
            for key, offset, size in _photos_of(self.root / name, tell_broken):
                yield PhotoRef(index, name, photo_key(key), offset, size)
                index += 1

    @contextmanager
    def reader(self) -> Iterator["TarReader"]:
        """Open what reads the photos."""
        with ExitStack() as stack:
            yield TarReader(self.root, stack)


@dataclass
class TarReader:
    """Reads photos at their places; one shard is open at a time.

    Args:
        root: the folder of the shards.
        stack: closes the open shard.
    """

    root: Path
    stack: ExitStack
    _open: tuple[str, BinaryIO] | None = field(default=None, init=False)

    def read(self, ref: PhotoRef) -> PhotoContent:
        """Return a photo's content; a photo that cannot be read is also a result."""
        if ref.size > MOST_BYTES:
            return too_large(ref.key, ref.size)
        try:
            if self._open is None or self._open[0] != ref.shard:
                self.stack.close()
                self._open = (ref.shard, self.stack.enter_context((self.root / ref.shard).open("rb")))
            self._open[1].seek(ref.offset)
            return PhotoContent(ref.key, self._open[1].read(ref.size))
        except OSError as error:
            return unreadable(ref.key, error.strerror or "it cannot be read")


def _photos_of(path: Path, tell_broken: TellBroken) -> Iterator[tuple[str, int, int]]:
    """Yield key, offset and size of every photo of a shard."""
    key, pictures, taken = "", dict[str, tuple[int, int]](), 0
    try:
        if reason := _why_no_tar(path):
            tell_broken(f"{path}: {reason}")
            return
        with tarfile.open(path, "r:") as archive:
            for member in _members(archive):
                folder, slash, base = member.name.rpartition("/")
                stem, dot, suffix = base.partition(".")
                again = dot and suffix.lower() in pictures  # the same name once more is another photo
                if folder + slash + stem != key or again:
                    if pictures:
                        yield key, *_first(pictures)
                        taken += 1
                    key, pictures = folder + slash + stem, {}
                if dot and suffix.lower() in PICTURES:
                    pictures[suffix.lower()] = (member.offset_data, member.size)
    except (tarfile.TarError, OSError, ValueError, EOFError):
        taken += bool(pictures)
        what = {0: "none of its photos was", 1: "1 photo before that is"}.get(taken, f"{taken} photos before that are")
        tell_broken(f"{path}: the tar file is damaged or incomplete; {what} taken")
    if pictures:
        yield key, *_first(pictures)


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the regular files of an archive; `archive` would keep all of them in memory."""
    while (member := archive.next()) is not None:
        archive.members = []  # type: ignore[attr-defined]
        if member.isreg() and not member.issparse():
            yield member
    # `tarfile` takes a damaged header behind the first for the end; a real end is empty, or a block of zeros.
    with open(str(archive.name), "rb") as file:
        file.seek(archive.offset)
        if any(file.read(tarfile.BLOCKSIZE)):
            raise tarfile.ReadError("no end")


def _first(pictures: dict[str, tuple[int, int]]) -> tuple[int, int]:
    return next(pictures[suffix] for suffix in PICTURES if suffix in pictures)


def _why_no_tar(path: Path) -> str:
    """Return why a file cannot be a tar file, as far as its first bytes tell; empty if it can."""
    with path.open("rb") as file:
        start = file.read(6)
    if not start:
        return "the file is empty"
    unpack = next((command for first, command in _COMPRESSED.items() if start.startswith(first)), "")
    return f"it is compressed, and its photos cannot be reached one by one: {unpack} it first" if unpack else ""
