"""What a benchmark must reach: a file of floors, for continuous integration."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f2p_deploy.character.schema import suggestion
from f2p_deploy.evaluation.speed.rows import Row
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError

#: What a floor may ask of a row: the field, and whether more is better.
ASKED = {
    "vs_eager": True,
    "faces_per_s": True,
    "share_of_ceiling": True,
    "median_ms": False,
    "p95_ms": False,
    "memory_mb": False,
}

#: What picks rows; what a floor does not name may be anything.
PICKED = ("mode", "runtime", "precision", "batch")


@dataclass(frozen=True)
class Floor:
    """One demand.

    Args:
        picked: values of `PICKED` fields that a row must have.
        field: what is judged.
        value: at least this where more is better, else at most.
    """

    picked: dict[str, Any]
    field: str
    value: float

    def sentence(self) -> str:
        """Return the demand in words."""
        of = ", ".join(str(value) for value in self.picked.values()) or "every row"
        return f"{self.field} of {of} {'at least' if ASKED[self.field] else 'at most'} {self.value:g}"


def read_floors(path: Path) -> tuple[Floor, ...]:
    """Read floors from a TOML file of `[[floor]]` tables: what picks rows, and the numbers that they must reach.

    Raises:
        InputError: an unreadable file, no floors, an unknown key, or a value that is no number.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML{place_of(error)}") from error
    tables = content.get("floor")
    if not isinstance(tables, list) or not tables or set(content) != {"floor"}:
        raise InputError(f"{path} holds no [[floor]] tables, or something else beside them")
    floors = []
    for number, table in enumerate(tables, start=1):
        known = (*PICKED, *ASKED)
        unknown = next((key for key in table if key not in known), None)
        if unknown is not None:
            raise InputError(f"{path}: floor {number} has an unknown entry {unknown!r}{suggestion(unknown, known)}")
        asked = {key: value for key, value in table.items() if key in ASKED}
        if not asked:
            raise InputError(f"{path}: floor {number} asks for nothing. It may ask for {', '.join(ASKED)}")
        for key, value in asked.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"{path}: floor {number}: {key} must be a number, found {value!r}")
            floors.append(Floor({key: table[key] for key in PICKED if key in table}, key, float(value)))
    return tuple(floors)


def missed(floors: tuple[Floor, ...], rows: tuple[Row, ...]) -> list[str]:
    """Return a sentence for each floor that was missed; one that no row was measured for is missed, too.

    A row whose parity failed misses every floor: it is fast at something else.
    """
    sentences = []
    for floor in floors:
        meant = [row for row in rows if all(getattr(row, key) == value for key, value in floor.picked.items())]
        if not meant:
            sentences.append(f"{floor.sentence()}: nothing of that kind was measured")
        for row in meant:
            name = f"{row.mode}, {row.runtime}, {row.precision}, batch {row.batch}"
            found = getattr(row, floor.field)
            if row.status != "ok":
                sentences.append(f"{floor.sentence()}: {name} is {row.status} ({row.why})")
            elif found is None:
                sentences.append(f"{floor.sentence()}: {name} has no {floor.field}")
            elif (found < floor.value) if ASKED[floor.field] else (found > floor.value):
                sentences.append(f"{floor.sentence()}: {name} has {found:.4g}")
    return sentences
