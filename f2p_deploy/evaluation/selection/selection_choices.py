"""The files of choices that judges save: read, checked against the selection, one sitting for each judge."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f2p_deploy.evaluation.selection.selection_set import SelectionPhoto, SelectionSet
from f2p_deploy.system.errors import InputError

logger = logging.getLogger(__name__)

FORMAT, VERSION = "f2p-selection-choices", 1


@dataclass(frozen=True)
class SelectedCharacter:
    """One selected character.

    Args:
        method: the method that made it.
        position: its place on the screen, from 0.
        seconds: from showing to choosing.
    """

    method: str
    position: int
    seconds: float


@dataclass(frozen=True)
class Sitting:
    """The choices of one judge.

    Args:
        judge: the name that the judge gave; numbered if several judges gave the same.
        judge_id: random identity of the sitting.
        saved: time of saving, ISO 8601.
        choices: by random name of the photo.
    """

    judge: str
    judge_id: str
    saved: str
    choices: Mapping[str, SelectedCharacter]


def read_sittings(paths: Sequence[Path], selection: SelectionSet) -> list[Sitting]:
    """Return the judges' choices; of two files of one sitting the one that was saved last.

    Args:
        paths: files of choices, and folders, whose .json files of choices are taken.
        selection: what the choices are about.

    Raises:
        InputError: a file is missing, damaged or of another selection; or there is none.
    """
    sittings: dict[str, Sitting] = {}
    for path in _choice_files(paths):
        found = read_choices(path, selection)
        if not found.choices:
            logger.warning("%s has no choices and is left out", path)
            continue
        earlier = sittings.get(found.judge_id)
        if earlier is not None:
            logger.warning("%s was saved more than once; the file that was saved last counts", found.judge)
        if earlier is None or found.saved > earlier.saved:
            sittings[found.judge_id] = found
    if not sittings:
        raise InputError("there are no choices: judges save them from the page selection.html")
    return _with_own_names(list(sittings.values()))


def read_choices(path: Path, selection: SelectionSet) -> Sitting:
    """Return the choices in one file.

    Raises:
        InputError: the file is missing, damaged or of another selection.
    """
    data = _read_json(path)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"{path} is no file of choices")
    if data.get("version") != VERSION:
        raise InputError(f"{path} has version {data.get('version')!r} of files of choices; this is version {VERSION}")
    if data.get("selection") != selection.digest:
        raise InputError(f"{path} has the choices of another selection: its page was not made with this key.json")
    photos = {photo.identity: photo for photo in selection.photos}
    choices: dict[str, SelectedCharacter] = {}
    try:
        judge, identity, saved = (_text(data[key], key, path) for key in ("judge", "judge_id", "saved"))
        for entry in data["choices"]:
            photo = photos[entry["photo"]]
            if photo.identity in choices:
                raise ValueError
            choices[photo.identity] = _choice(entry, photo)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is damaged: let the judge save it again") from error
    return Sitting(judge, identity, saved, choices)


def _text(value: object, key: str, path: Path) -> str:
    """Return a text of a file of choices.

    Raises:
        InputError: it is no text.
    """
    if not isinstance(value, str):
        raise InputError(f"{path}: {key!r} should be a text, found {json.dumps(value)}: let the judge save it again")
    return value


def _choice(entry: Mapping[str, Any], photo: SelectionPhoto) -> SelectedCharacter:
    """Return one choice; KeyError, TypeError or ValueError if it does not fit its photo."""
    methods = {identity: method for method, identity in photo.candidates.items()}
    order = list(entry["order"])
    if sorted(order) != sorted(methods):
        raise ValueError
    return SelectedCharacter(methods[entry["chosen"]], order.index(entry["chosen"]), float(entry["seconds"]))


def _choice_files(paths: Sequence[Path]) -> list[Path]:
    files: dict[Path, Path] = {}
    for path in paths:
        if not path.is_dir():
            files.setdefault(path.absolute(), path)
            continue
        found = [one for one in sorted(path.glob("*.json")) if _is_choices(one)]
        if not found:
            raise InputError(f"the folder {path} has no file of choices")
        for one in found:
            files.setdefault(one.absolute(), one)
    return list(files.values())


def _is_choices(path: Path) -> bool:
    """Return whether a file of a folder may be one of choices: by its name, or by its content."""
    if path.name.startswith("choices"):
        return True
    try:
        data = _read_json(path)
    except InputError:
        return False
    return isinstance(data, dict) and data.get("format") == FORMAT


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"there is no file of choices {path}") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: let the judge save it again") from error


def _with_own_names(sittings: Sequence[Sitting]) -> list[Sitting]:
    """Number the judges that gave the same name."""
    counts: dict[str, int] = {}
    named = []
    for one in sittings:
        counts[one.judge] = number = counts.get(one.judge, 0) + 1
        name = one.judge if number == 1 else f"{one.judge} ({number})"
        named.append(Sitting(name, one.judge_id, one.saved, one.choices))
    return named
