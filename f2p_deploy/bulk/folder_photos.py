"""A folder of photos as the source of a bulk job."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from f2p_deploy.alignment import photo_files
from f2p_deploy.bulk.photo_refs import MOST_BYTES, PhotoContent, PhotoRef, TellBroken, photo_key, too_large, unreadable


@dataclass(frozen=True)
class FolderPhotos:
    """The photos of a folder; a photo's key is its path in the folder.

    Args:
        root: the folder.
        recursive: also take photos from subfolders.
    """

    root: Path
    recursive: bool = False

    @property
    def kind(self) -> str:
        """What the source consists of."""
        return "photos"

    @property
    def columns(self) -> str:
        """Nothing: there is no table."""
        return ""

    def shards(self) -> tuple[tuple[str, int], ...]:
        """Return nothing: every photo is a file of its own."""
        return ()

    def left_out(self) -> tuple[str, ...]:
        """Return sentences about files that are no photos, and about subfolders that are not looked into.

        Raises:
            InputError: see `refs`.
        """
        return replace(photo_files.find([self.root], self.recursive), unreadable=()).sentences

    def refs(self, tell_broken: TellBroken) -> Iterator[PhotoRef]:
        """Yield all photos, sorted by name in each folder, before those of its subfolders.

        Raises:
            InputError: the folder has no photo, or cannot be looked into.
        """
        found = photo_files.find([self.root], self.recursive)
        for folder, reason in found.unreadable:
            tell_broken(f"the folder {folder} could not be looked into: {reason}")
        for index, path in enumerate(found.photos):
            # The key of a name that is not UTF-8 does not lead back to the file: the shard does, as it is.
            name = os.path.relpath(path, self.root)
            yield PhotoRef(index, name, photo_key(name.replace(os.sep, "/")), size=_size_of(path))

    @contextmanager
    def reader(self) -> Iterator["FolderPhotos"]:
        """Return what reads the photos: nothing has to be opened."""
        yield self

    def read(self, ref: PhotoRef) -> PhotoContent:
        """Return a photo's content; a photo that cannot be read is also a result."""
        path = self.root / ref.shard
        if not os.path.isfile(path):  # reading a pipe would block
            return unreadable(ref.key, "there is no such file any more, or it is not a regular file")
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            return unreadable(ref.key, error.strerror or "it cannot be read")
        if len(content) > MOST_BYTES:
            return too_large(ref.key, os.path.getsize(path))
        return PhotoContent(ref.key, content)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
