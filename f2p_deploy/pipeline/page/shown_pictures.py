"""The pictures of a character on the page: which there are, what stands below each, and who drew it."""

from dataclasses import dataclass

from f2p_deploy.character.folder_files import ALIGNED_FILE, CHARACTER_FILE, ENGINE_FILE, PHOTO_FILE
from f2p_deploy.pipeline.results import Created, PhotoView


@dataclass(frozen=True)
class ShownPicture:
    """A picture in a character's folder, with a link to itself.

    Args:
        folder: its name.
        file: the file in it; empty where nothing has drawn the character, which the page says then.
        caption: what it is.
        detail: more about that, in a quieter voice.
        kind: the figure's class in the style sheet.
    """

    folder: str
    file: str
    caption: str
    detail: str = ""
    kind: str = ""


@dataclass(frozen=True)
class ShownPhoto:
    """The photo, with the frame of the aligned face and the landmarks over it.

    Args:
        folder: of the character.
        file: the small photo in it.
        view: what was found in it.
        description: what it shows, for those who do not see it.
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
    """Return the file of the picture that stands for a character: the engine's where there is one; empty for none."""
    if result.has_engine_picture:
        return ENGINE_FILE
    return CHARACTER_FILE if result.has_preview else ""


def drawn_by(result: Created, of: str) -> str:
    """Return who drew a picture of a character, and whether it is another one by now.

    Args:
        result: the character.
        of: the file.
    """
    drawn = "drawn by the engine" if of == ENGINE_FILE else "by the imitator, not the engine"
    return f"{drawn}, before it was edited" if result.edited else drawn
