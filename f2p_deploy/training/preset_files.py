"""Presets as TOML files: every setting of a bundle, and the schedule of each stage."""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.setting_paths import setting_values
from f2p_deploy.model.settings import BundleSettings, from_data, to_data
from f2p_deploy.system.causes import place_of, reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.training.presets import PRESETS, SHIPPABLE, STAGES, Preset, preset_named
from f2p_deploy.training.schedule import Schedule

SUFFIX = ".toml"

#: The preset of a new bundle.
DEFAULT = "lite"

#: Number of settings that a message names.
SHOWN_SETTINGS = 6

#: The keys of a file that are no fields of `Preset`.
BASE = "base"


def find_preset(name: str) -> Preset:
    """Return a shipped preset, or that of a file whose name ends in `.toml`.

    Raises:
        InputError: there is no such preset, or the file does not hold one.
    """
    if name.endswith(SUFFIX):
        return read_preset(Path(name))
    if name not in PRESETS and (Path(name).exists() or Path(name).suffix):
        what = "a folder" if Path(name).is_dir() else f"no file whose name ends in {SUFFIX}"
        raise InputError(
            f"a preset is one of {', '.join(PRESETS)}, or a {SUFFIX} file as f2p-deploy preset show prints it; "
            f"{name!r} is {what}"
        )
    return preset_named(name)


def preset_of(bundle: Bundle | None) -> Preset:
    """Return the preset that the last part of a bundle was trained with; the default for a new bundle.

    Raises:
        InputError: it came from a file.
    """
    named = [] if bundle is None else [part.get("preset") for part in bundle.provenance.values()]
    found = next((name for name in reversed(named) if name), DEFAULT)
    if found not in PRESETS:
        raise InputError(f"the bundle was trained with the preset {found!r} of a file: name it (--preset FILE.toml)")
    return PRESETS[found]


def kept_from_bundle(bundle: Bundle, preset: Preset) -> list[str]:
    """Return the sentence on settings that a bundle keeps although a preset has others; none if they agree.

    A preset's settings are those of a new bundle. The average face is measured and not compared.
    """
    own, other = setting_values(bundle.settings), setting_values(preset.settings)
    names = [name for name in own if own[name] != other.get(name) and not name.startswith("alignment.")]
    if not names:
        return []
    told = [f"{name} {_word(own[name])} ({_word(other.get(name))} in the preset)" for name in names[:SHOWN_SETTINGS]]
    more = f" and {len(names) - SHOWN_SETTINGS} more" if len(names) > SHOWN_SETTINGS else ""
    return [
        f"the bundle {bundle.path} keeps its own settings, and takes only schedules and weights of losses from the "
        f"preset {preset.name}: {', '.join(told)}{more}; f2p-deploy bundle set changes settings"
    ]


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "none" if value is None else str(value)


def read_preset(path: Path) -> Preset:
    """Read a preset from a file.

    The file may hold any of the keys that `preset_text` writes. A setting that it leaves out is that of the preset that
    it names as `base`, or the default of its class.

    Raises:
        InputError: the file cannot be read, or holds an unknown key or a wrong value; says which.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = reason_of(error, f"it is not valid TOML{place_of(error)}")
        raise InputError(f"cannot read the preset {path}: {reason}") from error
    known = {entry.name for entry in fields(Preset)} | {BASE}
    unknown = sorted(set(data) - known)
    if unknown:
        raise InputError(f"{path} has an unknown key {unknown[0]!r}. Known: {', '.join(sorted(known))}")
    base = data.pop(BASE, None)
    if base is not None and (not isinstance(base, str) or base not in PRESETS):
        raise InputError(f"{path}: base must be one of {', '.join(PRESETS)}, found {base!r}")
    start = PRESETS[base] if base else Preset("", BundleSettings(), {})
    settings = _settings(start, data.pop("settings", {}), path)
    schedules = _schedules(start.schedules, data.pop("schedules", {}), path)
    rest: dict[str, Any] = {}
    for key, value in data.items():
        default = getattr(start, key)
        value = float(value) if isinstance(default, float) and type(value) is int else value
        value = tuple(value) if isinstance(default, tuple) and isinstance(value, list) else value
        if type(value) is not type(default):
            raise InputError(f"{path}: {key} should be like {default!r}, found {value!r}")
        rest[key] = value
    read = replace(start, **{"name": path.stem, **rest, "settings": settings, "schedules": schedules})
    for key in ("shortcut_characters", "shortcut_states", "pictures"):
        if getattr(read, key) < 16:
            raise InputError(f"{path}: {key} must be at least 16, found {getattr(read, key)}")
    for entry in fields(Preset):
        if entry.name.startswith("front_") and not 0.0 <= getattr(read, entry.name) < math.inf:
            raise InputError(f"{path}: {entry.name} must be 0 or more, found {getattr(read, entry.name)}")
    if not all(isinstance(name, str) for name in read.without):
        raise InputError(f"{path}: without should be a list of CelebA's attributes, found {list(read.without)!r}")
    if wrong := [name for name in read.shipped if name not in SHIPPABLE]:
        raise InputError(f"{path}: shipped may list {' and '.join(SHIPPABLE)}, found {wrong[0]!r}")
    # An edited copy of a shipped preset is another one: a bundle that names the shipped one goes on with that.
    return replace(read, name=f"edited-{read.name}") if PRESETS.get(read.name, read) != read else read


def preset_text(preset: Preset) -> str:
    """Return a preset as TOML, every setting included."""
    require("train", "writing presets")
    import tomli_w

    return tomli_w.dumps(_without_none(asdict(preset)))


def with_schedule(preset: Preset, stages: tuple[str, ...], changes: Mapping[str, Any]) -> Preset:
    """Return a preset with other numbers in the schedules of some stages.

    Args:
        preset: to change.
        stages: names of stages; those without a schedule, such as the priors, stay as they are.
        changes: fields of `Schedule`; `epochs` replaces `steps`, and the other way round.

    Raises:
        InputError: both steps and epochs, or a value below its minimum.
    """
    changes = {name: value for name, value in changes.items() if value is not None}
    if {"steps", "epochs"} <= set(changes):
        raise InputError("a training is as long as --steps or as --epochs say: give one of them")
    if "epochs" in changes:
        changes["steps"] = None
    changed = {name: replace(preset.schedules[name], **changes) for name in stages if name in preset.schedules}
    return replace(preset, schedules={**preset.schedules, **changed})


def _settings(start: Preset, own: Any, path: Path) -> BundleSettings:
    """Return the settings of a base with those of a file on top.

    Raises:
        InputError: a wrong value, or one that does not go with a setting that the file leaves out; names that one.
    """
    used = to_data(start.settings)
    try:
        read: BundleSettings = from_data(BundleSettings, _merged(used, own), f"{path}: settings")
    except InputError as error:
        raise InputError(f"{error}{_about_left_out(str(error), start, own)}") from error
    return read


def _about_left_out(sentence: str, start: Preset, own: Any) -> str:
    """Return the end of an error message about a setting that a file leaves out; empty if it names none."""
    source = f"that of the preset {start.name}" if start.name else "the built-in default"
    way = "" if start.name else f', or name the preset to start from, such as {BASE} = "small"'
    for section, values in to_data(start.settings).items():
        given = own.get(section) if isinstance(own, dict) else None
        if f"settings.{section}: " not in sentence or not isinstance(values, dict) or not isinstance(given, dict):
            continue
        for name in (name for name in values if name not in given and re.search(rf"\b{name}\b", sentence)):
            return f"; the file leaves out {name}, so {values[name]!r} is {source}: write it too{way}"
    return ""


def _schedules(start: Mapping[str, Schedule], data: Any, path: Path) -> dict[str, Schedule]:
    """Return the schedules of a base with those of a file on top."""
    schedules = dict(start)
    if not isinstance(data, dict):
        raise InputError(f"{path}: schedules should be a table of stages")
    for stage, given in data.items():
        if stage not in STAGES:
            raise InputError(f"{path}: schedules has an unknown stage {stage!r}. Known: {', '.join(STAGES)}")
        if not isinstance(given, dict):
            raise InputError(f"{path}: schedules.{stage} should be a table")
        values = asdict(schedules.get(stage, Schedule()))
        steps = values.pop("steps")
        if steps is not None and "epochs" not in given:
            values["steps"] = steps
        length = given.get("steps", values.get("steps"))
        rest = {key: value for key, value in {**values, **given}.items() if key != "steps"}
        if length is not None and (not isinstance(length, int) or isinstance(length, bool)):
            raise InputError(f"{path}: schedules.{stage}.steps should be a whole number, found {length!r}")
        schedule = from_data(Schedule, rest, f"{path}: schedules.{stage}")
        if length is not None and length < 1:
            raise InputError(f"{path}: schedules.{stage}.steps must be at least 1, found {length}")
        schedules[stage] = replace(schedule, steps=length)
    return schedules


def _merged(base: Any, own: Any) -> Any:
    """Return nested tables with those of a file on top."""
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    return {**base, **{key: _merged(base[key], value) if key in base else value for key, value in own.items()}}


def _without_none(data: Any) -> Any:
    """Return plain data without entries that are None, since TOML has none."""
    if isinstance(data, dict):
        return {key: _without_none(value) for key, value in data.items() if value is not None}
    return [_without_none(value) for value in data] if isinstance(data, list | tuple) else data
