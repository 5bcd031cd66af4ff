"""The schema: the ordered controllers and discrete groups of one kind of character."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import isfinite
from pathlib import Path
from typing import TypeVar

from f2p_deploy.system.causes import place_of, reason_of_text
from f2p_deploy.system.errors import InputError

T = TypeVar("T")

#: Suffixes of a bone's controllers: translation, rotation and scale along x, y and z (the paper's Table 5).
AXES = ("tx", "ty", "tz", "rx", "ry", "rz", "sx", "sy", "sz")

#: The keys of a schema's tags, which assign parts to the readers of photos. Each key takes one kind of part: a
#: controller, a discrete group, or one option of a group, written `group=option`.
ROLES = {
    "age": "controller",  # larger is older
    "sex": "controller",  # larger is more male
    "hair": "discrete group",
    "hair-colour": "discrete group",
    "skin-tone": "discrete group",
    "eye-colour": "discrete group",
    "lips": "discrete group",
    "brows": "discrete group",
    "beard": "discrete group",
    "glasses": "discrete group",
    "bald": "option",
    "no-beard": "option",
    "no-glasses": "option",
    "natural-lips": "option",
}


@dataclass(frozen=True)
class Controller:
    """One slider of the editor.

    Args:
        name: unique in its schema, dotted (`eye.inner-corner.tx`).
        group: the part of the face that it belongs to; priors are fitted per group (section 3.5 of the paper).
        default: the average face's value, in [0, 1].
        low, high: the engine's values at 0 and 1; low < high.
        mirror: the matching controller of the other half of the face, or None.
        asymmetric: True if it makes the face uneven; values on both sides of the default mirror each other.
    """

    name: str
    group: str
    default: float = 0.5
    low: float = -1.0
    high: float = 1.0
    mirror: str | None = None
    asymmetric: bool = False

    def __post_init__(self) -> None:
        _check_name("controller", self.name)
        _check_name(f"group of controller {self.name!r}", self.group)
        if not 0.0 <= self.default <= 1.0:
            raise InputError(f"controller {self.name!r}: default must lie in [0, 1], found {self.default}")
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise InputError(f"controller {self.name!r}: range must ascend, found [{self.low}, {self.high}]")
        if not isinstance(self.asymmetric, bool):
            raise InputError(f"controller {self.name!r}: asymmetric must be true or false, found {self.asymmetric!r}")


@dataclass(frozen=True)
class DiscreteGroup:
    """A choice of one option among several (hairstyle, lip colour); a one-hot part of the parameters.

    Args:
        name: unique in its schema (`hair`).
        options: two or more unique names, in the engine's order.
        default: the average face's option; the first one if empty.
    """

    name: str
    options: tuple[str, ...]
    default: str = ""

    def __post_init__(self) -> None:
        _check_name("discrete group", self.name)
        for option in self.options:
            _check_name(f"option of discrete group {self.name!r}", option)
        if len(self.options) < 2 or len(set(self.options)) != len(self.options):
            raise InputError(f"discrete group {self.name!r} needs two or more different options, found {self.options}")
        if not self.default:
            object.__setattr__(self, "default", self.options[0])
        if self.default not in self.options:
            raise InputError(f"discrete group {self.name!r}: default {self.default!r} is not one of {self.options}")


@dataclass(frozen=True)
class Schema:
    """The ordered controllers and discrete groups of one kind of character.

    A vector of parameters holds the controllers in order, then the discrete groups' options in order:
    n = n_c + n_d. `tags` maps keys of `ROLES` to parts, such as `age` to a controller and `hair` to a discrete group;
    a reader of photos is off if its tag is missing.

    Raises:
        InputError: two parts share a name, a mirror controller does not exist, or a tag is unknown or names a part of
            another kind.

    Example:
        >>> schema = Schema("toy", (Controller("nose.width", "nose"),), (DiscreteGroup("hair", ("bald", "long")),))
        >>> schema.n, schema.n_c, schema.n_d
        (3, 1, 2)
        >>> schema.discrete_slices
        {'hair': slice(1, 3, None)}
    """

    name: str
    controllers: tuple[Controller, ...]
    discrete_groups: tuple[DiscreteGroup, ...] = ()
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        names = [controller.name for controller in self.controllers] + [group.name for group in self.discrete_groups]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InputError(f"schema {self.name!r} has two parts named {repeated[0]!r}")
        if not self.controllers:
            raise InputError(f"schema {self.name!r} has no controllers")
        for controller in self.controllers:
            if controller.mirror is not None and controller.mirror not in self.controller_index:
                raise InputError(f"controller {controller.name!r}: mirror {controller.mirror!r} is not in the schema")
        object.__setattr__(self, "tags", dict(self.tags))
        for role, part in self.tags.items():
            self._check_tag(role, part)

    @property
    def n_c(self) -> int:
        """Number of continuous parameters (controllers)."""
        return len(self.controllers)

    @property
    def n_d(self) -> int:
        """Number of discrete parameters (options of all groups together)."""
        return sum(len(group.options) for group in self.discrete_groups)

    @property
    def n(self) -> int:
        """Length of a vector of parameters."""
        return self.n_c + self.n_d

    @cached_property
    def controller_index(self) -> dict[str, int]:
        """Position of each controller in a vector of parameters."""
        return {controller.name: i for i, controller in enumerate(self.controllers)}

    @cached_property
    def discrete_slices(self) -> dict[str, slice]:
        """Slice of each discrete group in a vector of parameters."""
        slices, start = {}, self.n_c
        for group in self.discrete_groups:
            slices[group.name] = slice(start, start + len(group.options))
            start += len(group.options)
        return slices

    @cached_property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """Positions of each group's controllers; groups in order of first appearance."""
        positions: dict[str, list[int]] = {}
        for i, controller in enumerate(self.controllers):
            positions.setdefault(controller.group, []).append(i)
        return {group: tuple(indices) for group, indices in positions.items()}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that defines a vector's meaning (all but the description and the tags)."""
        content = {**self.to_dict(), "description": ""}
        content.pop("tags", None)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, object]:
        """Return the schema as plain data, as bundles and manifests store it."""
        return {
            "name": self.name,
            "description": self.description,
            "controllers": [
                {"name": c.name, "group": c.group, "default": c.default, "range": [c.low, c.high]}
                | ({"mirror": c.mirror} if c.mirror else {})
                | ({"asymmetric": True} if c.asymmetric else {})
                for c in self.controllers
            ],
            "discrete": [
                {"name": g.name, "options": list(g.options), "default": g.default} for g in self.discrete_groups
            ],
        } | ({"tags": dict(self.tags)} if self.tags else {})

    @classmethod
    def from_dict(cls, data: dict, source: str = "schema") -> "Schema":
        """Build a schema from plain data: the content of a TOML file, or the result of `to_dict`.

        `data` may also list `bones`, a short form for engines whose sliders move bones. The bone
        `{"name": "eye.lower-eyelid", "group": "eye", "axes": "tx ty rz"}` (`range` and `default` as for a controller)
        defines the controllers `eye.lower-eyelid.tx`, `.ty` and `.rz`. They follow the entries of `controllers`.

        Raises:
            InputError: a key is missing, unknown or of the wrong kind; the message begins with `source`.
        """
        try:
            _check_keys(data, ("name", "description", "controllers", "bones", "discrete", "tags"))
            plain = data.get("controllers", ()) if "bones" in data else data["controllers"]
            entries = [*plain, *(entry for bone in data.get("bones", ()) for entry in _bone_controllers(bone))]
            controllers = _each("controller", entries, _controller)
            discrete = _each("discrete group", data.get("discrete", ()), _discrete_group)
            tags = dict(data.get("tags", {}))
            return cls(str(data["name"]), controllers, discrete, str(data.get("description", "")), tags)
        except KeyError as error:
            raise InputError(f"{source}: {error.args[0]!r} is missing") from error
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise InputError(f"{source} is not a schema: a value is of the wrong kind") from error
        except InputError as error:
            raise InputError(f"{source}: {error}") from error

    def _check_tag(self, role: str, part: object) -> None:
        if role not in ROLES:
            raise InputError(f"schema {self.name!r} has an unknown tag {role!r}{suggestion(str(role), tuple(ROLES))}")
        options = tuple(f"{group.name}={option}" for group in self.discrete_groups for option in group.options)
        parts = {
            "controller": tuple(self.controller_index),
            "discrete group": tuple(self.discrete_slices),
            "option": options,
        }
        known = parts[ROLES[role]]
        if part not in known:
            raise InputError(
                f"schema {self.name!r}: tag {role!r} must name one {ROLES[role]}, found {part!r}"
                f"{suggestion(str(part), known)}"
            )


def shipped_schemas() -> tuple[str, ...]:
    """Return the names of the schemas that are shipped with the package."""
    return tuple(sorted(entry.name[:-5] for entry in _folder().iterdir() if entry.name.endswith(".toml")))


def load_schema(name_or_path: str | Path) -> Schema:
    """Load a shipped schema by name, or any schema from a `.toml` file.

    Raises:
        InputError: no such schema (the message suggests the nearest shipped name), or the file is not a schema.

    Example:
        >>> schema = load_schema("justice-female")
        >>> schema.n_c, schema.controllers[0].name
        (208, 'eyebrow.head.tx')
    """
    path = Path(name_or_path)
    if path.suffix == ".toml":
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = reason_of_text(error)
            raise InputError(f"cannot read the schema {path}: {reason}") from error
    elif str(name_or_path) in shipped_schemas():
        text = (_folder() / f"{name_or_path}.toml").read_text(encoding="utf-8")
    else:
        raise InputError(f"no schema named {str(name_or_path)!r}{suggestion(str(name_or_path), shipped_schemas())}")
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"the schema {name_or_path} is not valid TOML{place_of(error)}") from error
    return Schema.from_dict(data, f"schema {name_or_path}")


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return the end of an error message: the nearest known word, or the known words (the first twelve).

    Capital and small letters count as equal.
    """
    folded = {one.casefold(): one for one in reversed(known)}
    near = difflib.get_close_matches(word.casefold(), list(folded)[::-1], n=1)
    if near:
        return f". Did you mean {folded[near[0]]!r}?"
    more = f" and {len(known) - 12} more" if len(known) > 12 else ""
    return f". Available: {', '.join(known[:12])}{more}"


def _check_name(what: str, name: object) -> None:
    """Raise `InputError` unless a name is valid; `=` is not allowed as it separates group and option in CSV headers."""
    if not isinstance(name, str) or not name or name != name.strip() or "=" in name:
        raise InputError(f"{what}: a name must be a text without '=' or spaces at its ends, found {name!r}")


def _check_keys(entry: dict, known: Sequence[str]) -> None:
    unknown = [key for key in entry if key not in known]
    if unknown:
        raise InputError(f"unknown key {unknown[0]!r}{suggestion(str(unknown[0]), known)}")


def _each(what: str, entries: Sequence[dict], make: Callable[[dict], T]) -> tuple[T, ...]:
    """Build a part of the schema from each entry; an error names the entry by its position, counted from 1."""
    parts = []
    for position, entry in enumerate(entries, start=1):
        try:
            parts.append(make(entry))
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise InputError(f"{what} {position} has a value of the wrong kind: {entry!r}") from error
    return tuple(parts)


def _controller(entry: dict) -> Controller:
    _check_keys(entry, ("name", "group", "default", "range", "mirror", "asymmetric"))
    low, high = entry.get("range", (-1.0, 1.0))
    default = float(entry.get("default", 0.5))
    mirror, asymmetric = entry.get("mirror"), entry.get("asymmetric", False)
    return Controller(entry["name"], entry["group"], default, float(low), float(high), mirror, asymmetric)


def _bone_controllers(bone: dict) -> list[dict]:
    _check_keys(bone, ("name", "group", "axes", "default", "range"))
    axes = bone["axes"].split()
    for axis in axes:
        if axis not in AXES:
            raise InputError(f"bone {bone['name']!r}: unknown axis {axis!r}{suggestion(axis, AXES)}")
    shared = {key: value for key, value in bone.items() if key not in ("name", "axes")}
    return [{"name": f"{bone['name']}.{axis}", **shared} for axis in axes]


def _discrete_group(entry: dict) -> DiscreteGroup:
    _check_keys(entry, ("name", "options", "default"))
    if isinstance(entry["options"], str):
        raise InputError(f"discrete group {entry['name']!r}: options must be a list, found {entry['options']!r}")
    return DiscreteGroup(entry["name"], tuple(entry["options"]), entry.get("default", ""))


def _folder() -> Traversable:
    return files("f2p_deploy.character") / "schemas"
