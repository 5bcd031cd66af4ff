"""Which photos a measurement takes: the split that training keeps, and the first so many."""

from collections.abc import Sequence
from pathlib import Path

from f2p_deploy.alignment.photo_files import expand
from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.errors import InputError

#: The words of `--only`.
SPLITS = ("all", "held-out", "training")


def select_photos(paths: Sequence[Path], only: str = "all", limit: int | None = None) -> tuple[Path, ...]:
    """Return the photos to measure, in the order of `expand`.

    Args:
        paths: files and folders.
        only: `held-out` for the photos that no stage of training ever sees, `training` for the others, or `all`.
        limit: the first so many of them.

    Raises:
        InputError: an unknown split, or no photo is left.
    """
    if only not in SPLITS:
        raise InputError(f"no split named {only!r}{suggestion(only, SPLITS)}")
    photos = expand(paths)
    if only != "all":
        from f2p_deploy.training.data.portraits import is_held_out

        taken = tuple(photo for photo in photos if is_held_out(photo_name(photo)) == (only == "held-out"))
        if not taken:
            raise InputError(f"none of the {len(photos)} photos is in the split {only!r}: leave out --only")
        photos = taken
    return photos[:limit]


def photo_name(photo: Path) -> str:
    """Return the name by which a photo is in one split or the other: folder and file."""
    absolute = photo.absolute()
    return f"{absolute.parent.name}/{absolute.name}"
