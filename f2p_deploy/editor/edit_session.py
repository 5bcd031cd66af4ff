"""The state of one `f2p-deploy edit`: what was opened, what is loaded, and what was saved."""

from concurrent.futures import Future
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.editor.character_file import OpenedCharacter, open_character, save_character
from f2p_deploy.editor.character_sheet import CharacterSheet, reduced_picture
from f2p_deploy.editor.edit_start import EditStart
from f2p_deploy.editor.editor_engine import EditorEngine
from f2p_deploy.editor.plain_errors import Stopped, plain_error, plain_warning
from f2p_deploy.editor.workbench import AcceptedPhotos, Workbench
from f2p_deploy.embed.contract import schema_facts
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import shown


class EditSession:
    """Everything that the pages of one command share.

    The command's main thread loads networks while the first page already waits: `loaded` and `finder` are resolved when
    it is done, or hold the error that ended the command.

    Args:
        start: what was named on the command line.
        accepted: the photos that pages may send; None for those of a person's own pages.
    """

    def __init__(self, start: EditStart, accepted: AcceptedPhotos | None = None) -> None:
        self.start = start
        self.accepted = accepted or AcceptedPhotos()
        self.loaded: Future[Workbench] = Future()
        self.finder: Future[LandmarkFinder] = Future()
        self.saved: list[Path] = []
        self._saving = Lock()

    def check(self, schema: Schema) -> None:
        """Raise unless the character that was named, if one was, can be opened.

        Raises:
            InputError: it is of another schema, or its file is damaged.
        """
        if self.start.character is not None:
            open_character(self.start.character, schema)

    def load(self, runtime: Runtime, engine: EditorEngine | None) -> None:
        """Hand over the runtime: pages may draw from now on."""
        self.loaded.set_result(Workbench(runtime, engine, self.finder))

    def fail(self, error: BaseException) -> None:
        """Hand over the error that ends the command, to all requests that wait; Ctrl-C is `Stopped` for them."""
        told = error if isinstance(error, Exception) else Stopped("stopped")
        for waiting in (self.loaded, self.finder):
            if not waiting.done():
                waiting.set_exception(told)

    @property
    def bench(self) -> Workbench:
        """The workbench; waits until it is loaded."""
        return self.loaded.result()

    @property
    def sheet(self) -> CharacterSheet:
        """The contact sheet.

        Raises:
            InputError: no folder was opened.
        """
        if self.start.sheet is None:
            raise InputError("no folder was opened: f2p-deploy edit FOLDER shows its characters")
        return self.start.sheet

    def describe(self) -> dict[str, Any]:
        """Return all facts that the page needs at its start, as plain data."""
        bench = self.bench
        runtime = bench.runtime
        return {
            "schema": schema_facts(runtime.schema),
            "imageSize": bench.image_size,
            "unread": list(runtime.artifact.manifest.unread or ()),
            "modes": list(bench.modes),
            "bundle": runtime.bundle_name,
            "computedBy": runtime.describe_device(),
            "engine": None if bench.engine is None else bench.engine.name,
            "saves": self.start.character is not None or self.start.sheet is not None,
            "start": self._describe_start(),
        }

    def _describe_start(self) -> dict[str, Any]:
        start = self.start
        name = start.name
        if start.sheet is not None:
            return {"name": name, "sheet": start.sheet.entries()}
        if start.character is not None:
            return {"name": name, **self._describe_character(start.character)}
        if start.photo is not None and start.path is not None:
            return {"name": name, "dropped": shown(start.path.name)}
        return {}

    def describe_photo(self, photo: str) -> dict[str, Any]:
        """Return the facts about an aligned face as plain data."""
        face = self.bench.photos.take(photo)
        warnings = [plain_warning(sentence) for sentence in face.warnings]
        return {"id": photo, "faces": face.faces, "warnings": warnings, "suits": face.suits}

    def describe_entry(self, name: str) -> dict[str, Any]:
        """Return the character and the photo of an entry of the contact sheet as plain data.

        Raises:
            InputError: there is no such entry, or its file is damaged or of another schema.
        """
        return self._describe_character(self.sheet.path(name))

    def _describe_character(self, path: Path) -> dict[str, Any]:
        opened: OpenedCharacter = open_character(path, self.bench.runtime.schema)
        photo = self.bench.face_beside(path)
        return {
            "parameters": plain_parameters(opened.parameters),
            "version": opened.version,
            "photo": None if photo is None else self.describe_photo(photo),
        }

    def thumbnail(self, name: str) -> np.ndarray:
        """Return the small picture of an entry of the contact sheet, (S, S, 3) uint8 RGB; see `CharacterSheet`."""
        drawn = self.sheet.thumbnail(name)
        if drawn is not None:
            return drawn
        bench = self.bench
        return reduced_picture(bench.draw(open_character(self.sheet.path(name), bench.runtime.schema).parameters))

    def save(self, entry: str | None, parameters: Parameters, version: str, overwrite: bool) -> dict[str, Any]:
        """Write a character where it came from; return its `path`, its new `version` and a `warning`.

        The warning is the error, as plain data, that kept the contact sheet from noting the change; None for none.

        Args:
            entry: the entry of the contact sheet; None for the character that was named on the command line.
            parameters: the character.
            version: of the file when it was opened.
            overwrite: write also if the file was changed since.

        Raises:
            ChangedOnDisk: see `save_character`.
            InputError: the character came from no file, or the file cannot be written.
        """
        path = self.start.character if entry is None else self.sheet.path(entry)
        if path is None:
            raise InputError("this character came from no file: download it instead")
        with self._saving:
            version = save_character(path, parameters, version, overwrite)
            if path not in self.saved:
                self.saved.append(path)
        warning = None
        if entry is not None:
            try:
                self.sheet.note_changed(entry)
            except InputError as error:  # the character itself is saved
                warning = plain_error(error)
        return {"path": str(path), "version": version, "warning": warning}


def plain_parameters(parameters: Parameters) -> dict[str, Any]:
    """Return a character as plain data: its values, which restore the same float32, and the names that are locked."""
    return {"values": parameters.values.tolist(), "locked": sorted(parameters.locked)}
