"""The choice of photos for a measurement: the training or held-out split, and a limit."""

from collections.abc import Sequence
from pathlib import Path

from f2p_deploy.alignment.photo_files import expand
from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.errors import InputError

#: The values of `--only`.
SPLITS = ("all", "held-out", "training")


def select_photos(paths: Sequence[Path], only: str = "all", limit: int | None = None) -> tuple[Path, ...]:
    """Return the photos to measure, in the order of `expand`.

    Args:
        paths: files and folders.
        only: `held-out` for the photos that no stage trains on, `training` for the others, or `all`.
        limit: maximum number of photos, from the first.

    Raises:
        InputError: the split is unknown or empty.
    """
    if only not in SPLITS:
        raise InputError(f"no split named {only!r}{suggestion(only, SPLITS)}")
    photos = expand(paths)
    if only != "all":
        from f2p_deploy.training.data.portraits import photo_is_held_out

        split = tuple(photo for photo in photos if photo_is_held_out(photo.absolute()) == (only == "held-out"))
        if not split:
            raise InputError(f"none of the {len(photos)} photos is in the split {only!r}: leave out --only")
        photos = split
    return photos[:limit]


def photo_name(photo: Path) -> str:
    """Return the name, folder and file, whose hash decides the split of a photo."""
    absolute = photo.absolute()
    return f"{absolute.parent.name}/{absolute.name}"
