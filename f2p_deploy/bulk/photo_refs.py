"""A reference to one photo of a bulk job, and the photo's content once it is read."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from f2p_deploy.system.errors import PhotoError

#: Largest photo that is read, in bytes; cameras and phones stay well below it.
MOST_BYTES = 64 * 1024**2

#: Called with a sentence about a shard that cannot be read to its end.
TellBroken = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PhotoRef:
    """The place of one photo.

    Args:
        index: position in the whole source, from 0.
        shard: the file that holds it, or that it is, relative to the source.
        key: its name; empty if only the shard knows it.
        offset: where it is in the shard: a byte in a tar file, a row in a Parquet file; -1 if it is the file.
        size: in bytes; -1 if it is not known before the photo is read.
    """

    index: int
    shard: str
    key: str
    offset: int = -1
    size: int = -1

    @property
    def in_shard(self) -> bool:
        """Whether it is in a shard, and not a file of its own."""
        return self.offset >= 0


@dataclass(frozen=True)
class PhotoContent:
    """A photo as it was read.

    Args:
        key: its name.
        content: the bytes of its file; None if it could not be read.
        error: why not; None if it was read.
    """

    key: str
    content: bytes | None = None
    error: PhotoError | None = None


class PhotoReader(Protocol):
    """Reads photos of one source; a worker has one for as long as it lives."""

    def read(self, ref: PhotoRef) -> PhotoContent:
        """Return a photo's content; a photo that cannot be read is also a result."""
        ...


class PhotoSource(Protocol):
    """A source of photos, as plain data that can be sent to another process."""

    @property
    def kind(self) -> str:
        """What it consists of, in words."""
        ...

    @property
    def columns(self) -> str:
        """What is read of a table, in words; empty where there is nothing to choose."""
        ...

    def shards(self) -> tuple[tuple[str, int], ...]:
        """Return name and size in bytes of every shard; none for a folder of photos."""
        ...

    def left_out(self) -> tuple[str, ...]:
        """Return sentences about files and folders that are there and are no photos of it."""
        ...

    def refs(self, tell_broken: TellBroken) -> Iterator[PhotoRef]:
        """Yield all photos, always in the same order."""
        ...

    def reader(self) -> AbstractContextManager[PhotoReader]:
        """Open what reads the photos."""
        ...


def too_large(key: str, size: int) -> PhotoContent:
    """Return the content of a photo that is too large to be read."""
    megabytes, most = -(-size // 1024**2), MOST_BYTES // 1024**2
    reason = f"{key}: a file of {megabytes:,} MiB; photos of at most {most} MiB are read"
    return PhotoContent(key, error=PhotoError("too-large", reason))


def unreadable(key: str, reason: str) -> PhotoContent:
    """Return the content of a photo that cannot be read."""
    return PhotoContent(key, error=PhotoError("unreadable", f"{key}: {reason}"))


def photo_key(name: str) -> str:
    r"""Return a file's name as valid UTF-8: a byte that is none is written as `\xe9`.

    Example:
        >>> photo_key("caf\udce9.jpg")
        'caf\\xe9.jpg'
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")
