"""Changing single settings of a bundle by dotted paths, such as `hybrid.iterations=50`."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.character.schema import suggestion
from f2p_deploy.model.settings import BundleSettings, from_data, to_data
from f2p_deploy.system.errors import InputError

#: The setting that is a number for each Helen class; a class's own number has the class as the last part of its path.
_BY_CLASS = "similarity.class_weights"

#: What a value should be, by its type, for error messages.
_WORDS = {bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class SettingChange:
    """One changed setting.

    Args:
        path: dotted.
        before, after: plain values.
    """

    path: str
    before: Any
    after: Any


def setting_values(settings: BundleSettings) -> dict[str, Any]:
    """Return all settings as plain values by dotted path.

    Example:
        >>> values = setting_values(BundleSettings())
        >>> values["hybrid.iterations"], values["alignment.landmarks.left-eye"]
        (20, (0.36, 0.42))
    """
    return dict(_leaves(to_data(settings), ""))


def change_settings(
    settings: BundleSettings, assignments: Sequence[str]
) -> tuple[BundleSettings, tuple[SettingChange, ...]]:
    """Return changed settings, and what changed.

    Args:
        settings: of a bundle.
        assignments: `PATH=VALUE` each. Lists are separated by commas; `similarity.class_weights.nose` is one of a list.

    Raises:
        InputError: an unknown path, which is answered with the nearest one, a value of the wrong type or outside its
            range, or a path that is given twice.

    Example:
        >>> changed, changes = change_settings(BundleSettings(), ["hybrid.iterations=50"])
        >>> changed.hybrid.iterations, changes
        (50, (SettingChange(path='hybrid.iterations', before=20, after=50),))
    """
    data, known = to_data(settings), setting_values(settings)
    given: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, text = (part.strip() for part in assignment.partition("="))
        if not equals or not path:
            raise InputError(f"a setting is changed by PATH=VALUE, such as hybrid.iterations=50; found {assignment!r}")
        if path in given:
            raise InputError(f"{path} is given twice")
        if path not in known:
            raise InputError(f"no setting is called {path!r}{suggestion(path, _nearest_first(path, tuple(known)))}")
        given[path] = _parsed(path, _type_of(path), text)
        _put(data, path, given[path])
    changed = from_data(BundleSettings, data, "settings")
    after = setting_values(changed)
    changes = (SettingChange(path, known[path], after[path]) for path in given)
    return changed, tuple(change for change in changes if change.before != change.after)


def _leaves(data: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        path = f"{before}{key}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}.")
            continue
        yield path, value
        if path == _BY_CLASS:
            yield from ((f"{path}.{name}", weight) for name, weight in zip(HELEN_CLASSES, value, strict=True))


def _type_of(path: str) -> Any:
    """Return the type of a known setting: a class, a `Literal`, or `tuple[float, ...]`."""
    kind: Any = BundleSettings
    for part in path.split("."):
        if is_dataclass(kind):
            kind = get_type_hints(kind)[part]
        else:  # one of a table or of a list
            kind = get_args(kind)[1] if get_origin(kind) is dict else get_args(kind)[0]
    return kind


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    place: Any = data
    *before, last = path.split(".")
    if path.startswith(f"{_BY_CLASS}."):
        weights = list(data["similarity"]["class_weights"])
        weights[HELEN_CLASSES.index(last)] = value
        data["similarity"]["class_weights"] = weights
        return
    for part in before:
        place = place[part]
    place[last] = value


def _parsed(path: str, kind: Any, text: str) -> Any:
    if get_origin(kind) is tuple:
        return _numbers(path, text, 2 if get_args(kind)[-1] is not Ellipsis else None)
    if kind not in _WORDS:
        return text
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        value = kind(text)
        if not math.isfinite(value):
            raise ValueError
    except (ValueError, KeyError, OverflowError) as error:
        raise InputError(f"{path} should be {_WORDS[kind]}, found {text!r}") from error
    return value


def _numbers(path: str, text: str, count: int | None) -> tuple[float, ...]:
    """Return numbers that are separated by commas; two are a point of the aligned face, in fractions of its edge."""
    try:
        values = json.loads(f"[{text.strip('[]() ')}]")
        numbers = tuple(float(value) for value in values)
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path} should be numbers separated by commas, found {text!r}") from error
    if not all(math.isfinite(value) for value in numbers):
        raise InputError(f"{path} should be finite numbers, found {text!r}")
    if count is not None and (len(numbers) != count or not all(0.0 <= value <= 1.0 for value in numbers)):
        raise InputError(f"{path} should be x and y in fractions of the face's edge, such as 0.36,0.42; found {text!r}")
    return numbers


def _nearest_first(path: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return known paths; those that end in the same word, or lie in the same section, come first."""
    last, section = path.rpartition(".")[2], path.partition(".")[0]
    return tuple(sorted(known, key=lambda one: (one.rpartition(".")[2] != last, one.partition(".")[0] != section)))
