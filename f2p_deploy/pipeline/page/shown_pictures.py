"""The pictures of a character on the page, with captions that name the renderer."""

from dataclasses import dataclass

from f2p_deploy.character.folder_files import ALIGNED_FILE, CHARACTER_FILE, ENGINE_FILE, PHOTO_FILE
from f2p_deploy.pipeline.results import Created, PhotoView


@dataclass(frozen=True)
class ShownPicture:
    """A picture in a character's folder, with a link to itself.

    Args:
        folder: name of the folder.
        file: name of the file; empty if there is no picture, which the page then says.
        caption: the caption.
        detail: a second, less prominent caption.
        kind: CSS class of the figure.
    """

    folder: str
    file: str
    caption: str
    detail: str = ""
    kind: str = ""


@dataclass(frozen=True)
class ShownPhoto:
    """The photo, overlaid with the frame of the aligned face and the landmarks.

    Args:
        folder: folder of the character.
        file: the small photo in it.
        view: frame and landmarks.
        description: text for screen readers.
    """

    folder: str
    file: str
    view: PhotoView
    description: str


def shown_photo(result: Created) -> ShownPhoto:
    """Return the photo that a character was made from."""
    description = f"{result.photo.name}, with the landmarks and the part that was aligned"
    return ShownPhoto(result.name, PHOTO_FILE, result.view, description)


def aligned_picture(result: Created) -> ShownPicture:
    """Return the aligned face."""
    return ShownPicture(result.name, ALIGNED_FILE, "aligned face")


def engine_picture(result: Created) -> ShownPicture:
    """Return the picture that the engine drew, large."""
    return ShownPicture(result.name, ENGINE_FILE, "character", drawn_by(result, ENGINE_FILE), "large")


def preview_picture(result: Created) -> ShownPicture:
    """Return the picture that the imitator drew."""
    return ShownPicture(result.name, CHARACTER_FILE, "preview", drawn_by(result, CHARACTER_FILE), "preview")


def first_picture(result: Created) -> str:
    """Return the file of a character's main picture: the engine's if there is one; empty if there is no picture."""
    if result.has_engine_picture:
        return ENGINE_FILE
    return CHARACTER_FILE if result.has_preview else ""


def drawn_by(result: Created, of: str) -> str:
    """Return in words who drew a picture, and whether the character was edited afterwards.

    Args:
        result: the character.
        of: the picture's file.
    """
    drawn = "drawn by the engine" if of == ENGINE_FILE else "by the imitator, not the engine"
    return f"{drawn}, before it was edited" if result.edited else drawn
