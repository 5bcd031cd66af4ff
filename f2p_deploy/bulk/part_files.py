"""The folder of a bulk job's parts: which are finished, whether they belong to this job, and writing the next."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from f2p_deploy.bulk.parquet_shards import opened_parquet
from f2p_deploy.bulk.part_table import ENTRY, BulkConditions
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.file_lock import one_process
from f2p_deploy.system.files import PREFIX, discard

_NAME = re.compile(r"part-(\d{5,})\.parquet")
_LOCK = f"{PREFIX}batch.lock"

#: What another entry in a part means, in words; the first that differs is named.
_DIFFERENCES = {
    "format": "another version of the table",
    "version": "another version of f2p-deploy",
    "source": "another list of photos, or photos of other sizes",
    "photos": "another number of photos",
    "columns": "another --column or --key",
    "rows": "another --rows",
    "mode": "another --mode",
    "bundle": "another bundle",
    "made_by": "another artifact, runtime or kind of search",
    "finder": "another finder of landmarks",
    "part": "another name",
}


def part_name(part: int) -> str:
    """Return the name of a part's file: `part-00000.parquet`."""
    return f"part-{part:05d}.parquet"


def require_parts_place(out: Path, source: Path) -> None:
    """Check that a folder can be that of a job's parts, without changing anything.

    Raises:
        InputError: it is a file, inside the source, or holds other things and no part.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"the output folder {out} is a file: choose another place with -o")
    inside = out.resolve().is_relative_to(source.resolve())
    if inside:
        raise InputError(f"the output folder {out} is inside the source {source}: choose another place with -o")
    if not out.is_dir():
        return
    names = [path.name for path in out.iterdir() if not path.name.startswith(".")]
    if names and not any(map(_NAME.fullmatch, names)):
        raise InputError(
            f"the output folder {out} holds other things, such as {sorted(names)[0]}, and no part of a batch: "
            "choose another place with -o"
        )


@contextmanager
def hold_parts(out: Path) -> Iterator[None]:
    """Hold the folder of parts, so that no other process writes to it; leftovers of a killed process are removed.

    Raises:
        InputError: another process holds it, or it cannot be written to.
    """
    with one_process(out / _LOCK, f"another process is writing parts to {out}: wait until it ends"):
        for left in out.glob(f"{PREFIX}*.part"):
            discard(left)
        yield


def finished_parts(out: Path, conditions: BulkConditions) -> frozenset[int]:
    """Return the numbers of the parts that are there, and belong to a job.

    Raises:
        InputError: a part is damaged, or was made under other conditions; the message says which.
    """
    parts = list[int]()
    for path, part in sorted(_parts_in(out).items(), key=lambda item: item[1]):
        wanted = {**conditions.entries(), "part": str(part)}
        try:
            with opened_parquet(path) as file:
                found, rows = _entries_of(file.schema_arrow.metadata), file.metadata.num_rows
        except InputError as error:
            raise InputError(f"{error}: remove it, and it is made again") from error
        different = next((name for name, value in wanted.items() if found.get(name) != value), None)
        if different is not None or part >= conditions.parts or rows != conditions.rows_in(part):
            what = _DIFFERENCES[different or "rows"] if "format" in found else "no entry that says what of"
            raise InputError(
                f"{path} was made with {what}{_both(found, wanted, different)}: --again makes all parts again, "
                "or choose another place with -o"
            )
        parts.append(part)
    return frozenset(parts)


def remove_parts(out: Path) -> None:
    """Remove all parts of a folder, whatever they were made of.

    Raises:
        InputError: one cannot be removed, or is a Parquet file of another kind; then none is removed.
    """
    parts = sorted(_parts_in(out))
    if other := next((path for path in parts if not _may_be_ours(path)), None):
        raise InputError(f"{other} is no part of a batch, so nothing is removed: choose another place with -o")
    for path in parts:
        try:
            path.unlink()
        except OSError as error:
            raise InputError(f"cannot remove {path}: {error.strerror or error}") from error


def count_rows(out: Path) -> tuple[Counter[str], Counter[str]]:
    """Return the number of rows of all parts by status, and by shard of those in damaged shards."""
    from pyarrow import compute, parquet

    from f2p_deploy.bulk.parquet_shards import DAMAGED

    statuses, damaged = Counter[str](), Counter[str]()
    for path in sorted(_parts_in(out)):
        table = parquet.read_table(path, columns=["status", "shard"], partitioning=None)
        statuses.update(table["status"].to_pylist())
        damaged.update(table.filter(compute.equal(table["status"], DAMAGED))["shard"].to_pylist())
    return statuses, damaged


def _parts_in(out: Path) -> dict[Path, int]:
    found = ((path, _NAME.fullmatch(path.name)) for path in out.glob("part-*.parquet"))
    return {path: int(match[1]) for path, match in found if match}


def _may_be_ours(path: Path) -> bool:
    """Return whether a file is a part of a bulk job, or too damaged to tell."""
    try:
        with opened_parquet(path) as file:
            return "format" in _entries_of(file.schema_arrow.metadata)
    except InputError:
        return True


def _entries_of(metadata: Any) -> dict[str, str]:
    """Return the entries of a part's schema without the prefix."""
    named = {key.decode("utf-8", "replace"): value for key, value in (metadata or {}).items()}
    return {key.removeprefix(ENTRY): value.decode() for key, value in named.items() if key.startswith(ENTRY)}


def _both(found: dict[str, str], wanted: dict[str, str], different: str | None) -> str:
    """Return both values where people can read them."""
    if different not in ("version", "photos", "rows", "mode", "columns") or different not in found:
        return ""
    return f" ({found[different]}, now {wanted[different]})"
