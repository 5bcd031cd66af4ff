"""The aligned faces of the editor's last photos, in memory only."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np

from f2p_deploy.system.errors import InputError

#: Number of photos that are remembered.
MOST_PHOTOS = 8


@dataclass(frozen=True)
class ShelvedFace:
    """The aligned face of a photo.

    Args:
        image: (S, S, 3) uint8 RGB.
        shape: (24,) the face's measured shape; None without one.
        faces: number of faces in the photo.
        warnings: sentences about the photo.
        suits: the mode that suits it.
    """

    image: np.ndarray
    shape: np.ndarray | None
    faces: int
    warnings: tuple[str, ...]
    suits: str


class PhotoShelf:
    """Remembers the last faces by a random id; any thread may use it.

    Args:
        most: number of faces.
    """

    def __init__(self, most: int = MOST_PHOTOS) -> None:
        self._faces: OrderedDict[str, ShelvedFace] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def put(self, face: ShelvedFace) -> str:
        """Remember a face, forget the one that was not used for the longest time, and return its id."""
        with self._lock:
            name = secrets.token_urlsafe(12)  # where a service shows the editor, others must not guess it
            self._faces[name] = face
            while len(self._faces) > self._most:
                self._faces.popitem(last=False)
            return name

    def take(self, name: str) -> ShelvedFace:
        """Return a face by its id.

        Raises:
            InputError: it was forgotten, or never there.
        """
        with self._lock:
            if name not in self._faces:
                raise InputError(f"this photo is no longer in memory, only the last {self._most} are: open it again")
            self._faces.move_to_end(name)
            return self._faces[name]
