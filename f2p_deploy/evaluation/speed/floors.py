"""Minimum results of a benchmark (floors), read from a TOML file for continuous integration."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f2p_deploy.character.schema import suggestion
from f2p_deploy.evaluation.speed.rows import Row
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError

#: Fields of a row that a floor may limit, and whether more is better.
ASKED = {
    "vs_eager": True,
    "faces_per_s": True,
    "share_of_ceiling": True,
    "median_ms": False,
    "p95_ms": False,
    "memory_mb": False,
}

#: Fields that select rows; a field that a floor does not name may have any value.
PICKED = ("mode", "runtime", "precision", "batch")


@dataclass(frozen=True)
class Floor:
    """One limit on the rows of a benchmark.

    Args:
        picked: values of `PICKED` fields that select the rows.
        field: the limited field.
        value: minimum if more is better, else maximum.
    """

    picked: dict[str, Any]
    field: str
    value: float

    def sentence(self) -> str:
        """Return the limit in words."""
        of = ", ".join(str(value) for value in self.picked.values()) or "every row"
        return f"{self.field} of {of} {'at least' if ASKED[self.field] else 'at most'} {self.value:g}"


def read_floors(path: Path) -> tuple[Floor, ...]:
    """Read floors from a TOML file of `[[floor]]` tables, each with fields that select rows and limits.

    Raises:
        InputError: an unreadable file, no floors, an unknown key, or a value that is no number.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not valid TOML{place_of(error)}") from error
    tables = content.get("floor")
    if not isinstance(tables, list) or not tables or set(content) != {"floor"}:
        raise InputError(f"{path} should hold [[floor]] tables and nothing else")
    floors = []
    for number, table in enumerate(tables, start=1):
        known = (*PICKED, *ASKED)
        unknown = next((key for key in table if key not in known), None)
        if unknown is not None:
            raise InputError(f"{path}: floor {number} has an unknown entry {unknown!r}{suggestion(unknown, known)}")
        asked = {key: value for key, value in table.items() if key in ASKED}
        if not asked:
            raise InputError(f"{path}: floor {number} limits nothing. It may limit {', '.join(ASKED)}")
        for key, value in asked.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"{path}: floor {number}: {key} must be a number, found {value!r}")
            floors.append(Floor({key: table[key] for key in PICKED if key in table}, key, float(value)))
    return tuple(floors)


def missed(floors: tuple[Floor, ...], rows: tuple[Row, ...]) -> list[str]:
    """Return a sentence for each missed floor; a floor without a measured row counts as missed.

    A row with failed parity misses every floor, because it computes something else.
    """
    sentences = []
    for floor in floors:
        meant = [row for row in rows if all(getattr(row, key) == value for key, value in floor.picked.items())]
        if not meant:
            sentences.append(f"{floor.sentence()}: no such row was measured")
        for row in meant:
            name = f"{row.mode}, {row.runtime}, {row.precision}, batch {row.batch}"
            measured = getattr(row, floor.field)
            if row.status != "ok":
                sentences.append(f"{floor.sentence()}: {name} is {row.status} ({row.why})")
            elif measured is None:
                sentences.append(f"{floor.sentence()}: {name} has no {floor.field}")
            elif (measured < floor.value) if ASKED[floor.field] else (measured > floor.value):
                sentences.append(f"{floor.sentence()}: {name} has {measured:.4g}")
    return sentences
