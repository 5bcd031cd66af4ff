"""A studio's own text format: a template that is filled for each character, and a mapping of names and ranges.

The template is Jinja text, run in Jinja's sandbox. The mapping is a TOML file with one table for each placeholder:

    [values.NoseWidth]            # {{ NoseWidth }}
    from = "nose.width"           # a controller or a discrete group
    range = [-100, 100]           # at 0 and 1; [0, 1] if not given, "units" for the engine's
    offset = 0.5                  # added afterwards
    decimals = 0                  # 0 gives a whole number; 6 if not given

    [values.Hair]
    from = "hair"
    options = { bald = 0, short01 = 3 }   # every option of the group; the option's name if not given

Besides, a template may use `name`, `photo`, `mode`, `schema`, and the tables `controllers` (in [0, 1]), `units` (the
engine's) and `options`.
"""

import json
import tomllib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.system.causes import SAID, place_of, reason_of_text
from f2p_deploy.system.errors import InputError

#: Names that every template may use.
STANDARD = ("name", "photo", "mode", "schema", "controllers", "units", "options")

#: Suffixes that mark a template and are left out of the filled file's name.
_SUFFIXES = (".j2", ".jinja", ".jinja2", ".template")

#: What a template's own code may raise while it is filled.
_UNFILLED = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, MemoryError, RecursionError)

_KEYS = ("from", "range", "offset", "decimals", "options")


@dataclass(frozen=True)
class MappedValue:
    """One placeholder: a controller, scaled and rounded, or a discrete group's option, renamed.

    Args:
        source: name of the controller or discrete group.
        low, high: output at a controller's 0 and 1.
        offset: added to the output.
        decimals: digits behind the point; 0 for a whole number.
        options: the output for each option of a group; empty for the options' names.
    """

    source: str
    low: float = 0.0
    high: float = 1.0
    offset: float = 0.0
    decimals: int = 6
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    def of(self, parameters: Parameters) -> str | int | float | bool:
        """Return the value of the placeholder for one character."""
        if self.source in parameters.schema.discrete_slices:
            option = parameters.choice(self.source)
            return self.options.get(option, option)
        value = self.low + parameters[self.source] * (self.high - self.low) + self.offset
        return round(value) if self.decimals == 0 else round(value, self.decimals) + 0.0


class _Names(dict[str, Any]):
    """Values by name; an unknown name is an error with the nearest one."""

    def __init__(self, what: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._what = what

    def __missing__(self, name: object) -> Any:
        raise InputError(f"no {self._what} named {name!r}{suggestion(str(name), tuple(self))}")


class FilledTemplate:
    """A template and its mapping, both read and checked against a schema.

    Args:
        template: the text file.
        mapping: the TOML file; None for a template that uses the standard names only.
        schema: of the characters.

    Raises:
        InputError: a file cannot be read, a name, option or range is wrong, or the template uses a name that neither
            the mapping nor `STANDARD` has.
    """

    def __init__(self, template: Path, mapping: Path | None, schema: Schema) -> None:
        self.schema, self._path = schema, template
        self.values = {} if mapping is None else read_mapping(mapping, schema)
        name = template.name
        self.file = name[: -len(template.suffix)] if template.suffix in _SUFFIXES else name
        escaped = Path(self.file).suffix.lower() in (".xml", ".html", ".htm", ".svg")
        environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, autoescape=escaped, keep_trailing_newline=True
        )
        source = _read_text(template, "template")
        try:
            used = meta.find_undeclared_variables(environment.parse(source)) - set(environment.globals)
            self._template = environment.from_string(source)
        except TemplateSyntaxError as error:
            raise InputError(f"the template {template} is not valid in line {error.lineno} ({SAID})") from error
        except RecursionError as error:
            raise InputError(f"the template {template} is nested too deeply") from error
        known = (*self.values, *STANDARD)
        for word in sorted(used):
            if word not in known:
                where = "there is no mapping" if mapping is None else f"{mapping} has no [values.{word}]"
                raise InputError(f"the template {template} uses {word!r}, but {where}{suggestion(word, known)}")

    def fill(self, parameters: Parameters, name: str = "", photo: str = "", mode: str = "") -> str:
        """Return the text for one character.

        Args:
            parameters: the character.
            name: of the character; its folder's in the folder of a run.
            photo: path of the photo; empty if unknown.
            mode: the mode that the character was made in; empty if unknown.

        Raises:
            InputError: the template cannot be filled, as with a controller that does not exist.
        """
        schema, units = parameters.schema, parameters.in_engine_units()
        controllers = {c: float(str(parameters.values[i])) for c, i in schema.controller_index.items()}
        standard: dict[str, Any] = {
            "name": name,
            "photo": photo,
            "mode": mode,
            "schema": schema.name,
            "controllers": _Names("controller", controllers),
            "units": _Names("controller", {c: float(f"{value:.7g}") for c, value in units.items()}),
            "options": _Names("discrete group", {g.name: parameters.choice(g.name) for g in schema.discrete_groups}),
        }
        mapped = {word: value.of(parameters) for word, value in self.values.items()}
        try:
            return self._template.render({**standard, **mapped})
        except InputError as error:
            raise InputError(f"the template {self._path}{_line_of(error)}: {error}") from error
        except _UNFILLED as error:
            raise InputError(f"the template {self._path} cannot be filled{_line_of(error)} ({SAID})") from error


def read_mapping(path: Path, schema: Schema) -> dict[str, MappedValue]:
    """Read a mapping, see the module's text.

    Raises:
        InputError: the file cannot be read, or an entry is wrong; the message names the entry.
    """
    try:
        data = tomllib.loads(_read_text(path, "mapping"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"the mapping {path} is not valid TOML{place_of(error)}") from error
    unknown = [key for key in data if key != "values"]
    entries = data.get("values")
    if unknown or not isinstance(entries, dict):
        found = f"found {unknown[0]!r}" if unknown else "found none"
        raise InputError(f"the mapping {path} consists of tables [values.NAME], {found}")
    values = {}
    for name, entry in entries.items():
        where = f"{path}, [values.{name}]"
        if not name.isidentifier():
            raise InputError(f"{where}: a placeholder consists of letters, digits and _, a digit not first")
        if name in STANDARD:
            raise InputError(f"{where}: {name!r} is a name that every template has, so choose another")
        if not isinstance(entry, dict):
            raise InputError(f"{where} is a table with 'from', found {entry!r}")
        try:
            values[name] = _mapped(entry, schema)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
    return values


def _mapped(entry: Mapping[str, Any], schema: Schema) -> MappedValue:
    for key in entry:
        if key not in _KEYS:
            raise InputError(f"unknown key {key!r}{suggestion(key, _KEYS)}")
    source = entry.get("from")
    names = (*schema.controller_index, *schema.discrete_slices)
    if not isinstance(source, str):
        raise InputError("'from' must be the name of a controller or a discrete group")
    if source not in names:
        raise InputError(f"schema {schema.name!r} has no {source!r}{suggestion(source, names)}")
    if source in schema.discrete_slices:
        return MappedValue(source, options=_options(entry, source, schema))
    if "options" in entry:
        raise InputError(f"{source!r} is a controller and has no options")
    low, high = _range(entry.get("range", [0.0, 1.0]), source, schema)
    decimals = entry.get("decimals", 6)
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= 15:
        raise InputError(f"'decimals' must be a whole number from 0 to 15, found {decimals!r}")
    return MappedValue(source, low, high, _finite("offset", entry.get("offset", 0.0)), decimals)


def _range(ends: object, source: str, schema: Schema) -> tuple[float, float]:
    if ends == "units":
        controller = schema.controllers[schema.controller_index[source]]
        return controller.low, controller.high
    if not isinstance(ends, list) or len(ends) != 2:
        raise InputError(f"'range' must be [at 0, at 1] or \"units\", found {ends!r}")
    low, high = (_finite("range", end) for end in ends)
    if low == high:
        raise InputError(f"'range' has two equal ends, {low:g}, so every character would get the same value")
    return low, high


def _options(entry: Mapping[str, Any], source: str, schema: Schema) -> dict[str, str | int | float | bool]:
    for key in ("range", "offset", "decimals"):
        if key in entry:
            raise InputError(f"{source!r} is a discrete group and has no {key!r}")
    if "options" not in entry:
        return {}
    table = entry["options"]
    known = next(group.options for group in schema.discrete_groups if group.name == source)
    if not isinstance(table, dict) or not all(isinstance(value, str | int | float) for value in table.values()):
        raise InputError("'options' must be a table of texts, numbers or true and false, by option")
    for option in table:
        if option not in known:
            raise InputError(f"{source!r} has no option {option!r}{suggestion(option, known)}")
    lacking = [option for option in known if option not in table]
    if lacking:
        raise InputError(f"'options' lacks {json.dumps(lacking[0])} ({len(lacking)} of {len(known)} are missing)")
    return dict(table)


def _finite(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InputError(f"{key!r} must be a finite number, found {value!r}")
    return float(value)


def _line_of(error: Exception) -> str:
    """Return the line of a template in which an error was raised, as a part of a sentence; empty if unknown."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return f" in line {lines[-1]}" if lines else ""


def _read_text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of_text(error)
        raise InputError(f"cannot read the {what} {path}: {reason}") from error
