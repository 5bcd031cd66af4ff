"""A character in the engine's own units, as JSON: the value of every slider between the ends of its range."""

import json

from f2p_deploy.character.parameters import Parameters

UNITS_FORMAT = "f2p-engine-units"
UNITS_VERSION = 1


def to_units(parameters: Parameters) -> dict[str, object]:
    """Return one character as plain data in the engine's units.

    Each controller has `value`, `low`, `high` and `default`, all in the units of the schema's `range`; each discrete
    group has its option.

    Example:
        >>> from f2p_deploy.character.parameters import average
        >>> from f2p_deploy.character.schema import load_schema
        >>> to_units(average(load_schema("makehuman")))["controllers"]["neck.height"]
        {'value': 0.0, 'low': -0.5, 'high': 0.5, 'default': 0.0}
    """
    schema, values = parameters.schema, parameters.in_engine_units()
    controllers = {
        c.name: {
            "value": _rounded(values[c.name]),
            "low": c.low,
            "high": c.high,
            "default": _rounded(c.low + c.default * (c.high - c.low)),
        }
        for c in schema.controllers
    }
    return {
        "format": UNITS_FORMAT,
        "version": UNITS_VERSION,
        "schema": schema.name,
        "schema_fingerprint": schema.fingerprint,
        "controllers": controllers,
        "discrete": {group.name: parameters.choice(group.name) for group in schema.discrete_groups},
    }


def units_text(parameters: Parameters) -> str:
    """Return the text of a character's file in engine units."""
    return json.dumps(to_units(parameters), indent=2, ensure_ascii=False) + "\n"


def _rounded(value: float) -> float:
    """Return a value with as many digits as float32 has."""
    return float(f"{value:.7g}")
