"""Characters that an earlier run left: whether they are what would be made now, and reading them back.

`result.json` is the last file of a character to be written. It says under `asked` everything that the character depends
on; where all of it is the same, the character is kept.
"""

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f2p_deploy import __version__
from f2p_deploy.character.folder_files import (
    ALIGNED_FILE,
    CHARACTER_FILE,
    ENGINE_FILE,
    PARAMETERS_FILE,
    PHOTO_FILE,
    RESULT_FILE,
)
from f2p_deploy.character.parameter_files import read_parameters, to_json
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine
from f2p_deploy.model.reading import ReadPart
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.pipeline.results import Created, Earlier, PhotoView, uri_of
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import F2PError
from f2p_deploy.system.files import sha256_of
from f2p_deploy.system.names import json_text

#: What parameters are called that somebody edited, where a new character takes their place.
EDITED_FILE = "parameters.edited{}.json"


@dataclass(frozen=True)
class Conditions:
    """What the characters of a run depend on beside photo and mode; another one makes another character.

    Args:
        version: of this package.
        bundle: fingerprint.
        made_by: what computes, see `Runtime.identity`.
        finder: see `ChosenFinder.identity`.
        face: which face of the photo.
        keep: SHA-256 of the character whose locked values are kept.
        engine: the kind of engine that draws, too.
    """

    version: str
    bundle: str
    made_by: str
    finder: str
    face: int | None
    keep: str | None
    engine: str | None

    def asked(self, photo: Path, mode: str) -> dict[str, Any]:
        """Return all that one character depends on, as plain data.

        Raises:
            OSError: the photo cannot be read.
        """
        return {"photo_sha256": sha256_of(photo), "mode": mode, **vars(self)}


def conditions_of(
    runtime: Runtime, finder: ChosenFinder, face: int | None, keep: Parameters | None, engine: Engine | None
) -> Conditions:
    """Return the conditions of a run."""
    kept = None if keep is None else json.dumps(to_json(keep), sort_keys=True).encode()
    return Conditions(
        version=__version__,
        bundle=runtime.bundle_fingerprint,
        made_by=runtime.identity,
        finder=finder.identity or type(finder.finder).__qualname__,
        face=face,
        keep=None if kept is None else hashlib.sha256(kept).hexdigest(),
        engine=None if engine is None else type(engine).__qualname__,
    )


def folder_of(stem: str, mode: str, modes: Collection[str]) -> str:
    """Return what the folder of a character is called: after the mode, too, where there are several."""
    return stem if len(modes) == 1 else f"{stem}-{mode}"


def result_text(
    created: Created, stem: str, asked: Mapping[str, Any], more: Mapping[str, str], parameters_file: bytes
) -> str:
    """Return the text of `result.json`.

    Args:
        created: the character; its parameters have a file of their own.
        stem: what its folder is called but for the mode.
        asked: see `Conditions.asked`.
        more: what else it says.
        parameters_file: what `parameters.json` holds.
    """
    content = {key: value for key, value in created.to_dict().items() if key != "parameters"}
    view = created.view
    written = hashlib.sha256(parameters_file).hexdigest()
    drawn = {"width": view.width, "height": view.height, "frame": view.frame, "points": dict(view.points)}
    generated = _sha256_of_values(created.parameters)
    more = {**more, "stem": stem, "generated_sha256": generated, "parameters_sha256": written}
    return json_text({**content, **more, "view": drawn, "asked": dict(asked)}) + "\n"


def keep_edits(folder: Path) -> str:
    """Copy a character's parameters to a name of their own if they are not what was written.

    Args:
        folder: the character's, whose files are about to be replaced.

    Returns:
        What the copy is called; empty if there is nothing to keep.

    Raises:
        OSError: it cannot be written.
    """
    if not _is_edited(folder):
        return ""
    parameters = folder / PARAMETERS_FILE
    number = 1
    while (copy := folder / EDITED_FILE.format("" if number == 1 else f"-{number}")).exists():
        number += 1
    shutil.copy2(parameters, copy)
    return copy.name


def _is_edited(folder: Path) -> bool:
    """Return whether a character's parameters are other ones than were written."""
    written, parameters = _read_result(folder).get("parameters_sha256"), folder / PARAMETERS_FILE
    return written is not None and parameters.is_file() and sha256_of(parameters) != written


def held_by_others(out: Path, photos: Sequence[Path]) -> dict[str, set[str]]:
    """Return the stems under which an output folder holds characters of other photos, and the photos' SHA-256.

    Args:
        out: the output folder.
        photos: of this run; what lies there of them is not meant.
    """
    own = {uri_of(photo) for photo in photos}
    others: dict[str, set[str]] = {}
    for path in sorted(out.glob(f"*/{RESULT_FILE}")):
        match _read_result(path.parent):
            case {"photo_uri": str(uri), "stem": str(stem), "asked": {"photo_sha256": str(digest)}} if uri not in own:
                others.setdefault(stem, set()).add(digest)
    return others


def others_in(out: Path, names: Collection[str]) -> tuple[Earlier, ...]:
    """Return the characters of earlier runs in an output folder.

    Args:
        out: the output folder.
        names: folders of this run's characters, which are left out.
    """
    found = []
    for path in sorted(out.glob(f"*/{RESULT_FILE}")):
        folder = path.parent
        pictures = [name for name in (ENGINE_FILE, CHARACTER_FILE) if _has(folder / name)]
        if folder.name not in names and pictures and _has(folder / ALIGNED_FILE):
            found.append(Earlier(folder.name, pictures[0], _is_edited(folder)))
    return tuple(found)


def _has(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def known_stems(out: Path, photos: Sequence[Path], modes: Collection[str]) -> dict[Path, str]:
    """Return what the folders of photos were called in earlier runs, by absolute path of the photo."""
    named: dict[str, str] = {}
    for path in sorted(out.glob(f"*/{RESULT_FILE}")):
        match _read_result(path.parent):
            case {"photo_uri": str(uri), "stem": str(stem), "asked": {"mode": str(mode)}}:
                if path.parent.name == folder_of(stem, mode, modes):
                    named.setdefault(uri, stem)
    return {photo.absolute(): named[uri_of(photo)] for photo in photos if uri_of(photo) in named}


def read_kept(folder: Path, photo: Path, mode: str, conditions: Conditions, schema: Schema) -> Created | None:
    """Return the character in a folder if it is what would be made now, else None.

    Args:
        folder: the character's.
        photo: the photo.
        mode: as asked for; `auto` may have settled on another.
        conditions: of the run.
        schema: of the parameters, which somebody may have edited since: then they are what is returned.
    """
    found = _read_result(folder)
    try:
        if not found or not photo.is_file() or found["asked"] != conditions.asked(photo, mode):
            return None
        files, preview = [PARAMETERS_FILE, ALIGNED_FILE, PHOTO_FILE], bool(found.get("preview", True))
        files += [CHARACTER_FILE] if preview else []
        drawn = found["engine_picture"]
        files += [ENGINE_FILE] if drawn else []
        if not all((folder / file).stat().st_size for file in files):
            return None
        view, parameters = found["view"], read_parameters(folder / PARAMETERS_FILE, schema)
        edited, beforehand = found["generated_sha256"] != _sha256_of_values(parameters), drawn == "beforehand"
        return Created(
            photo=photo,
            name=folder.name,
            mode=str(found["mode"]),
            mode_reason=str(found["mode_reason"]),
            parameters=parameters,
            losses=tuple(float(loss) for loss in found["losses"]),
            seconds=float(found["seconds"]),
            generation_seconds=float(found["generation_seconds"]),
            finder=str(found["finder"]),
            view=PhotoView(
                width=int(view["width"]),
                height=int(view["height"]),
                frame=tuple((float(x), float(y)) for x, y in view["frame"]),
                points={str(name): (float(x), float(y)) for name, (x, y) in view["points"].items()},
            ),
            warnings=tuple(str(warning) for warning in found["warnings"]),
            has_engine_picture=bool(drawn) and not (beforehand and edited),  # another character than was drawn
            drawn_beforehand=beforehand and not edited,
            read={str(name): ReadPart.from_dict(part) for name, part in found["read"].items()},
            has_preview=preview,
            edited=edited,
            kept=True,
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError, F2PError):
        return None  # edited by hand, or damaged: it is made anew


def _sha256_of_values(parameters: Parameters) -> str:
    return hashlib.sha256(parameters.values.tobytes()).hexdigest()


def _read_result(folder: Path) -> dict[str, Any]:
    """Return what a folder's `result.json` says; nothing if it cannot be read."""
    try:
        content = json.loads((folder / RESULT_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
