"""The contact sheet: the characters of a folder that `run` made, and which of them a reviewer has kept or changed."""

import json
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from PIL import Image

from f2p_deploy.character.folder_files import ALIGNED_FILE, CHARACTER_FILE, PARAMETERS_FILE
from f2p_deploy.editor.character_file import version_of
from f2p_deploy.pipeline.kept import is_edited
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import json_text, shown

#: The file, in the folder of the characters, that holds the state of the review.
REVIEW_FILE = "review.json"

_FORMAT, _VERSION, _STATES = "f2p-review", 1, ("kept", "changed")

#: Edge of a small picture in pixels.
THUMBNAIL = 192


class CharacterSheet:
    """The characters of a folder, in the order of their names.

    A state belongs to a character, not to a name: if a new run has made another character, its state is `open` again.

    Args:
        folder: the output folder of `run`.

    Raises:
        InputError: it holds no characters, or a damaged `review.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            files = sorted(folder.glob(f"*/{PARAMETERS_FILE}"))
        except OSError as error:
            raise InputError(f"cannot read {folder}: {error.strerror or error}") from error
        if not files:
            raise InputError(
                f"{folder} holds no characters: name an output folder of f2p-deploy run, a parameters.json or a photo"
            )
        self._files = {shown(path.parent.name): path for path in files}
        self._lock = Lock()
        self._read()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the entries."""
        return tuple(self._files)

    def path(self, name: str) -> Path:
        """Return the parameter file of an entry.

        Raises:
            InputError: the sheet has no entry of this name.
        """
        if name not in self._files:
            raise InputError(f"the contact sheet has no entry {name!r}")
        return self._files[name]

    def entries(self) -> list[dict[str, Any]]:
        """Return the `name`, `state` and `photo` of every entry, as plain data."""
        states = self._read()
        return [
            {"name": name, "state": _state(states.get(name), path), "photo": (path.parent / ALIGNED_FILE).is_file()}
            for name, path in self._files.items()
        ]

    def set_kept(self, name: str, kept: bool) -> None:
        """Note that an entry is kept, or not looked at; an entry that was changed stays `changed` when it is kept.

        Raises:
            InputError: the sheet has no entry of this name, or its state cannot be written.
        """
        path = self.path(name)
        with self._lock:
            states = self._read()
            before = _state(states.pop(name, None), path)
            self._write(states | ({name: _noted("changed" if before == "changed" else "kept", path)} if kept else {}))

    def note_changed(self, name: str) -> None:
        """Note that an entry was edited and saved.

        Raises:
            InputError: the sheet has no entry of this name, or its state cannot be written.
        """
        path = self.path(name)
        with self._lock:
            self._write(self._read() | {name: _noted("changed", path)})

    def thumbnail(self, name: str) -> np.ndarray | None:
        """Return the small picture of an entry that `run` drew, (S, S, 3) uint8 RGB; None if it must be drawn anew."""
        folder = self.path(name).parent
        return None if is_edited(folder) else _small(folder / CHARACTER_FILE)

    def small_face(self, name: str) -> np.ndarray:
        """Return the aligned face of an entry as a small picture, (S, S, 3) uint8 RGB.

        Raises:
            InputError: the sheet has no entry of this name, or there is no readable face beside the character.
        """
        face = _small(self.path(name).parent / ALIGNED_FILE)
        if face is None:
            raise InputError(f"the contact sheet has no face of {name!r}")
        return face

    def _read(self) -> dict[str, dict[str, str]]:
        """Return the noted states, read anew: another process may have written them.

        Raises:
            InputError: the file is damaged.
        """
        path = self.folder / REVIEW_FILE
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is damaged: rename it to begin the review again") from error
        match content:
            case {"format": "f2p-review", "version": 1, "entries": dict(entries)}:
                return {str(name): entry for name, entry in entries.items() if isinstance(entry, dict)}
        raise InputError(f"{path} is no review of f2p-deploy edit: rename it to begin one")

    def _write(self, states: dict[str, dict[str, str]]) -> None:
        entries = dict(sorted(states.items()))
        content = {"format": _FORMAT, "version": _VERSION, "entries": entries}
        write_whole(self.folder / REVIEW_FILE, (json_text(content) + "\n").encode())


def _noted(state: str, path: Path) -> dict[str, str]:
    return {"state": state, "parameters_sha256": version_of(path)}


def _state(noted: dict[str, str] | None, path: Path) -> str:
    """Return the state of an entry: the noted one, if the character is still the same."""
    if noted is None or noted.get("state") not in _STATES or noted.get("parameters_sha256") != version_of(path):
        return "open"
    return noted["state"]


def _small(path: Path) -> np.ndarray | None:
    """Return a picture file as a small picture; None if it cannot be read."""
    try:
        with Image.open(path) as picture:
            return reduced_picture(np.asarray(picture.convert("RGB")))
    except (OSError, SyntaxError, ValueError):
        return None


def reduced_picture(picture: np.ndarray) -> np.ndarray:
    """Return an (S, S, 3) uint8 picture with an edge of at most `THUMBNAIL` pixels."""
    if max(picture.shape[:2]) <= THUMBNAIL:
        return picture
    return np.asarray(Image.fromarray(picture).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))
