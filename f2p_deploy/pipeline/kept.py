"""Characters of earlier runs: read them back if this run would create the same ones.

`result.json` is the last file of a character to be written. Its entry `asked` has everything that the character depends
on; if all of it is the same, the character is kept.
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
from f2p_deploy.engine.link.engine_identity import engine_identity
from f2p_deploy.model.reading import ReadPart
from f2p_deploy.pipeline.character_kinds import CharacterChoice
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.pipeline.results import Created, Earlier, PhotoView, uri_of
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import F2PError
from f2p_deploy.system.files import sha256_of
from f2p_deploy.system.names import json_text

#: Name of the copy of edited parameters when a new character replaces them.
EDITED_FILE = "parameters.edited{}.json"


@dataclass(frozen=True)
class Conditions:
    """Everything besides the photo and the mode that the characters of a run depend on.

    Args:
        version: version of this package.
        bundle: the bundle's fingerprint.
        made_by: see `Runtime.identity`.
        finder: see `ChosenFinder.identity`.
        face: number of the face in each photo; None for the largest.
        keep: SHA-256 of the character whose locked values are kept; None for none.
        engine: the engine that draws, see `engine_identity`; None for none.
    """

    version: str
    bundle: str
    made_by: str
    finder: str
    face: int | None
    keep: str | None
    engine: str | None

    def asked(self, photo: Path, mode: str) -> dict[str, Any]:
        """Return everything that one character depends on, as plain data for `result.json`.

        Raises:
            OSError: the photo cannot be read.
        """
        return {"photo_sha256": sha256_of(photo), "mode": mode, **vars(self)}


def conditions_of(
    runtime: Runtime, finder: ChosenFinder, face: int | None, keep: Parameters | None, engine: Engine | None
) -> Conditions:
    """Return the conditions of a run."""
    content = None if keep is None else json.dumps(to_json(keep), sort_keys=True).encode()
    return Conditions(
        version=__version__,
        bundle=runtime.bundle_fingerprint,
        made_by=runtime.identity,
        finder=finder.identity or type(finder.finder).__qualname__,
        face=face,
        keep=None if content is None else hashlib.sha256(content).hexdigest(),
        engine=None if engine is None else engine_identity(engine),
    )


def folder_of(stem: str, mode: str, modes: Collection[str]) -> str:
    """Return the name of a character's folder: the stem, with the mode if there are several."""
    return stem if len(modes) == 1 else f"{stem}-{mode}"


def result_text(
    created: Created, stem: str, asked: Mapping[str, Any], more: Mapping[str, str], parameters_file: bytes
) -> str:
    """Return the text of `result.json`.

    Args:
        created: the character; its parameters are in a separate file.
        stem: the name of its folder without the mode.
        asked: see `Conditions.asked`.
        more: further entries.
        parameters_file: the content of `parameters.json`.
    """
    content = {key: value for key, value in created.to_dict().items() if key != "parameters"}
    view = created.view
    written = hashlib.sha256(parameters_file).hexdigest()
    thumbnail = {"width": view.width, "height": view.height, "frame": view.frame, "points": dict(view.points)}
    generated = _sha256_of_values(created.parameters)
    more = {**more, "stem": stem, "generated_sha256": generated, "parameters_sha256": written}
    return json_text({**content, **more, "view": thumbnail, "asked": dict(asked)}) + "\n"


def keep_edits(folder: Path) -> str:
    """Copy a character's parameters to another file if a user has edited them.

    Args:
        folder: the character's folder, whose files are about to be replaced.

    Returns:
        The name of the copy; empty if the parameters were not edited.

    Raises:
        OSError: the copy cannot be written.
    """
    if not is_edited(folder):
        return ""
    parameters = folder / PARAMETERS_FILE
    number = 1
    while (copy := folder / EDITED_FILE.format("" if number == 1 else f"-{number}")).exists():
        number += 1
    shutil.copy2(parameters, copy)
    return copy.name


def origin_of(folder: Path) -> tuple[str, str]:
    """Return the path of the photo and the mode of the character in a folder; both are empty if no run made it."""
    result = _read_result(folder)
    return str(result.get("photo", "")), str(result.get("mode", ""))


def is_edited(folder: Path) -> bool:
    """Return whether a character's parameters have changed since they were written."""
    written, parameters = _read_result(folder).get("parameters_sha256"), folder / PARAMETERS_FILE
    return written is not None and parameters.is_file() and sha256_of(parameters) != written


def held_by_others(out: Path, photos: Sequence[Path]) -> dict[str, set[str]]:
    """Return the stems of characters from other photos in an output folder, with the SHA-256 of these photos.

    Args:
        out: the output folder.
        photos: the photos of this run, whose characters are left out.
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
    others = []
    for path in sorted(out.glob(f"*/{RESULT_FILE}")):
        folder = path.parent
        pictures = [name for name in (ENGINE_FILE, CHARACTER_FILE) if _has(folder / name)]
        if folder.name not in names and pictures and _has(folder / ALIGNED_FILE):
            others.append(Earlier(folder.name, pictures[0], is_edited(folder)))
    return tuple(others)


def _has(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def known_stems(out: Path, photos: Sequence[Path], modes: Collection[str]) -> dict[Path, str]:
    """Return the stems of photos in earlier runs, by the photo's absolute path."""
    stems: dict[str, str] = {}
    for path in sorted(out.glob(f"*/{RESULT_FILE}")):
        match _read_result(path.parent):
            case {"photo_uri": str(uri), "stem": str(stem), "asked": {"mode": str(mode)}}:
                if path.parent.name == folder_of(stem, mode, modes):
                    stems.setdefault(uri, stem)
    return {photo.absolute(): stems[uri_of(photo)] for photo in photos if uri_of(photo) in stems}


def read_kept(folder: Path, photo: Path, mode: str, conditions: Conditions, schema: Schema) -> Created | None:
    """Return the character in a folder if this run would create the same one, else None.

    Args:
        folder: the character's folder.
        photo: the photo.
        mode: the mode that was asked for, which may be `auto`.
        conditions: the conditions of the run.
        schema: the schema of the parameters; if a user has edited these, the edited ones are returned.
    """
    result = _read_result(folder)
    try:
        if not result or not photo.is_file() or result["asked"] != conditions.asked(photo, mode):
            return None
        files, preview = [PARAMETERS_FILE, ALIGNED_FILE, PHOTO_FILE], bool(result.get("preview", True))
        files += [CHARACTER_FILE] if preview else []
        picture = result["engine_picture"]
        files += [ENGINE_FILE] if picture else []
        if not all((folder / file).stat().st_size for file in files):
            return None
        view, parameters = result["view"], read_parameters(folder / PARAMETERS_FILE, schema)
        edited, beforehand = result["generated_sha256"] != _sha256_of_values(parameters), picture == "beforehand"
        return Created(
            photo=photo,
            name=folder.name,
            mode=str(result["mode"]),
            mode_reason=str(result["mode_reason"]),
            parameters=parameters,
            losses=tuple(float(loss) for loss in result["losses"]),
            seconds=float(result["seconds"]),
            generation_seconds=float(result["generation_seconds"]),
            finder=str(result["finder"]),
            view=PhotoView(
                width=int(view["width"]),
                height=int(view["height"]),
                frame=tuple((float(x), float(y)) for x, y in view["frame"]),
                points={str(name): (float(x), float(y)) for name, (x, y) in view["points"].items()},
            ),
            warnings=tuple(str(warning) for warning in result["warnings"]),
            has_engine_picture=bool(picture) and not (beforehand and edited),  # the image shows the unedited character
            drawn_beforehand=beforehand and not edited,
            read={str(name): ReadPart.from_dict(part) for name, part in result["read"].items()},
            has_preview=preview,
            edited=edited,
            kept=True,
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError, F2PError):
        return None  # edited by hand or damaged: the character is created again


def read_choice(folder: Path, photo: Path, key: str) -> CharacterChoice | None:
    """Return the choice of a character in a folder if this run would choose the same one, else None.

    Args:
        folder: the character's folder.
        photo: the photo.
        key: see `CharacterChoice`.
    """
    result = _read_result(folder)
    try:
        choice = CharacterChoice(**result["character"])
        same = choice.key == key and result["asked"]["photo_sha256"] == sha256_of(photo)
    except (OSError, KeyError, TypeError):
        return None
    return choice if same and all(isinstance(value, str) for value in vars(choice).values()) else None


def _sha256_of_values(parameters: Parameters) -> str:
    return hashlib.sha256(parameters.values.tobytes()).hexdigest()


def _read_result(folder: Path) -> dict[str, Any]:
    """Return the content of a folder's `result.json`; empty if it cannot be read."""
    try:
        content = json.loads((folder / RESULT_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
