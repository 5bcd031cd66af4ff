"""Whether plain data is of the kinds that a dataclass says: JSON may hold anything in any place."""

from dataclasses import is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def first_of_wrong_kind(data: Any) -> str:
    """Return the path of the first value of a dataclass that is not of its field's type; empty if all are.

    Understood are `str`, `int`, `float` (an `int` is one, a `bool` is neither), `Any`, `Literal`, unions, `tuple[X,
    ...]`, `dict[str, X]` and dataclasses.

    Example:
        >>> from f2p_deploy.artifact.manifest import FileRecord
        >>> first_of_wrong_kind(FileRecord(size=3, sha256=None))
        'sha256'
    """
    for name, hint in get_type_hints(type(data)).items():
        if path := _wrong(getattr(data, name), hint, name):
            return path
    return ""


def _wrong(value: Any, hint: Any, path: str) -> str:
    """Return the path of what is wrong in a value."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return ""
    if origin is Literal:
        return "" if value in arguments else path
    if origin in (Union, UnionType):
        paths = [_wrong(value, argument, path) for argument in arguments]
        return "" if "" in paths else max(paths, key=len)
    if origin is tuple:
        if not isinstance(value, tuple):
            return path
        return next(filter(None, (_wrong(each, arguments[0], f"{path}[{i}]") for i, each in enumerate(value))), "")
    if origin is dict:
        if not isinstance(value, dict):
            return path
        return next(filter(None, (_wrong(each, arguments[1], f"{path}.{name}") for name, each in value.items())), "")
    if is_dataclass(hint):
        inner = first_of_wrong_kind(value) if isinstance(value, hint) else "?"  # type: ignore[arg-type]
        return f"{path}.{inner}" if inner else ""
    kinds = (int, float) if hint is float else hint
    return "" if isinstance(value, kinds) and not (isinstance(value, bool) and hint is not bool) else path
