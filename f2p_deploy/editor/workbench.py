"""The editor's computations: a photo becomes an aligned face, a face a character, and a character a picture."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from PIL import Image

from f2p_deploy.alignment import LandmarkFinder, frontal_sharp_large
from f2p_deploy.alignment.photo import MOST_PIXELS
from f2p_deploy.character.folder_files import ALIGNED_FILE
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.editor.editor_engine import EditorEngine
from f2p_deploy.editor.photo_shelf import PhotoShelf, ShelvedFace
from f2p_deploy.editor.plain_errors import Stopped
from f2p_deploy.model.result import Generation, Mode
from f2p_deploy.pipeline.kept import origin_of
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.pipeline.run_source import draws, modes_of_runtime
from f2p_deploy.runtimes import Runtime, graph_calls, search
from f2p_deploy.system.errors import InputError

#: Called with `done`, `total` and `loss` after every step of a search.
OnStep = Callable[[dict[str, Any]], None]


#: Largest file of a photo in bytes, unless a service says otherwise.
MOST_PHOTO_BYTES = 64 * 2**20


@dataclass(frozen=True)
class AcceptedPhotos:
    """Which files a page may send as a photo.

    Args:
        most_bytes: of the file.
        most_pixels: of the picture; it is not decoded beyond.
        sent: pages are other people's: only formats that are decoded in bounded time, see `align_content`.
    """

    most_bytes: int = MOST_PHOTO_BYTES
    most_pixels: int = MOST_PIXELS
    sent: bool = False


class Workbench:
    """A runtime with a finder and an engine; any thread may call any method at any time.

    Args:
        runtime: generates and draws.
        engine: draws as well; None for none.
        finder: finds faces; it may be loaded later than the runtime.
    """

    def __init__(self, runtime: Runtime, engine: EditorEngine | None, finder: "Future[LandmarkFinder]") -> None:
        self.runtime = runtime
        self.engine = engine
        self.finder = finder
        self.photos = PhotoShelf()

    @property
    def image_size(self) -> int:
        """Edge of aligned faces and of the imitator's pictures in pixels."""
        return self.runtime.settings.architecture.image_size

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes that the runtime has the graphs for."""
        return modes_of_runtime(self.runtime)

    def align_photo_file(self, content: bytes, name: str, accepted: AcceptedPhotos | None = None) -> str:
        """Find and align the largest face of a photo, and return its id.

        Args:
            content: the photo's file.
            name: its name, with which every error begins.
            accepted: which pictures are decoded; None for those of a person's own pages.

        Raises:
            PhotoError: an unreadable photo, or one without a usable face.
        """
        accepted = accepted or AcceptedPhotos()
        most, sent = accepted.most_pixels, accepted.sent
        aligned = align_content(content, name, self.finder.result(), self.runtime.settings, most, sent)
        wanted = "hybrid" if frontal_sharp_large(aligned)[0] else "one-shot"
        return self.photos.put(
            ShelvedFace(
                image=aligned.image,
                shape=aligned.landmarks.shape,
                faces=aligned.faces,
                warnings=aligned.warnings,
                suits=wanted if wanted in self.modes else next(iter(self.modes), "one-shot"),
            )
        )

    def face_beside(self, parameters: Path) -> str | None:
        """Return the id of the aligned face in the folder of a character that `run` made; None if there is none."""
        try:
            with Image.open(parameters.with_name(ALIGNED_FILE)) as picture:
                image = np.array(picture.convert("RGB"))
        except (OSError, SyntaxError, ValueError):
            return None
        if image.shape != (self.image_size, self.image_size, 3):
            return None
        mode = origin_of(parameters.parent)[1]
        suits = mode if mode in self.modes else next(iter(self.modes), "one-shot")
        return self.photos.put(ShelvedFace(image, shape=None, faces=1, warnings=(), suits=suits))

    def make(self, photo: str, mode: str, keep: Parameters | None, on_step: OnStep, stop: Event) -> Generation:
        """Generate a character from an aligned face.

        Args:
            photo: the face's id.
            mode: one of `modes`.
            keep: a character whose locked values are kept; None for none.
            on_step: called after every step.
            stop: once set, the search ends at its next step.

        Raises:
            InputError: an unknown mode, or a face that is no longer in memory.
            Stopped: `stop` was set.
        """
        face = self.photos.take(photo)
        settings = self.runtime.settings
        total = (settings.iterative if mode == "iterative" else settings.hybrid).iterations

        def step(done: int, loss: float) -> None:
            if stop.is_set():
                raise Stopped("stopped")
            on_step({"done": done, "total": total, "loss": loss})

        if stop.is_set():
            raise Stopped("stopped")
        generation = search.generate(self.runtime, face.image, mode, keep, step, face.shape)  # type: ignore[arg-type]
        if stop.is_set():
            raise Stopped("stopped")
        return generation

    def draw(self, parameters: Parameters) -> np.ndarray:
        """Draw a character with the imitator, or with the engine if there is no imitator; (S, S, 3) uint8 RGB."""
        if not draws(self.runtime) and self.engine is not None:
            return self.draw_with_engine(parameters)
        return graph_calls.render(self.runtime, parameters)

    def draw_with_engine(self, parameters: Parameters) -> np.ndarray:
        """Draw a character with the engine; (S, S, 3) uint8 RGB.

        Raises:
            InputError: there is no engine, or it refuses.
        """
        if self.engine is None:
            raise InputError("there is no engine here: --engine-at names one, --assets the reference engine's files")
        return self.engine.draw(parameters.values, self.image_size)
