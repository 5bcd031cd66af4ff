"""A bulk job from its source to its last part."""

import time
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from f2p_deploy.bulk.bulk_order import CHUNK, BulkOrder, Chunk, bulk_order, chunk_size
from f2p_deploy.bulk.bulk_source import survey
from f2p_deploy.bulk.local_chunks import make_local
from f2p_deploy.bulk.part_files import count_rows, finished_parts, hold_parts, part_name, remove_parts
from f2p_deploy.bulk.part_table import BulkConditions, table_bytes
from f2p_deploy.bulk.photo_refs import PhotoSource
from f2p_deploy.bulk.photo_rows import OK, Row
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.pipeline.kept import conditions_of
from f2p_deploy.pipeline.mode import check_modes, ways_of
from f2p_deploy.pipeline.run_source import check_modes_of
from f2p_deploy.pipeline.workers import workers_for
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import InputError, Interrupted
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import shown
from f2p_deploy.system.progress import Progress, silent

#: Photos in a part unless asked otherwise, and at most: all rows of a part are in memory until it is written.
ROWS, MOST_ROWS = 512, 65_536


@dataclass(frozen=True)
class BatchReport:
    """The result of a bulk job.

    Args:
        out: the folder of the parts.
        photos: number of photos in the source.
        parts: number of parts.
        earlier: how many of them were finished before.
        statuses: number of rows by status; the sum is `photos`.
        broken: a sentence for each shard that could not be read to its end.
        seconds: of this job.
        made: photos that were made in them.
        left_out: sentences about what in the source is no photo.
    """

    out: Path
    photos: int
    parts: int
    earlier: int
    statuses: dict[str, int]
    broken: tuple[str, ...]
    seconds: float
    made: int
    left_out: tuple[str, ...] = ()

    @property
    def failed(self) -> dict[str, int]:
        """Number of photos that did not become characters, by reason."""
        return {status: count for status, count in self.statuses.items() if status != OK}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "out": str(self.out),
            "photos": self.photos,
            "ok": self.statuses.get(OK, 0),
            "failed": self.failed,
            "parts": self.parts,
            "parts_kept": self.earlier,
            "broken_shards": list(self.broken),
            "left_out": list(self.left_out),
            "photos_made": self.made,
            "seconds": round(self.seconds, 3),
        }


def make_batch(
    source: PhotoSource,
    out: Path,
    runtime: Runtime,
    finder: ChosenFinder,
    mode: str = "auto",
    *,
    rows: int = ROWS,
    workers: int | None = None,
    with_ray: bool = False,
    again: bool = False,
    progress: Progress = silent,
) -> BatchReport:
    """Make characters from all photos of a source, into Parquet files of `rows` photos each.

    Each file is written whole or not at all. Files of an earlier job with the same source and settings are kept, so a
    stopped or killed job continues. Rows do not depend on the number of workers, on interruptions, or on Ray.

    Args:
        source: see `f2p_deploy.bulk.bulk_source.open_bulk_source`.
        out: the folder of the parts, see `f2p_deploy.bulk.part_files.require_parts_place`.
        runtime: generates the characters; workers open it again, so it loads no graph here.
        finder: finds the faces.
        mode: one of `f2p_deploy.pipeline.mode.MODES`.
        rows: photos in each file.
        workers: number of processes with one thread each; None for as many as `workers_for` says, with Ray as many as
            the cluster has cores, and one on a card.
        with_ray: make them with Ray Data instead of processes of this one.
        again: remove parts that are there, and make all.
        progress: called with the progress.

    Raises:
        InputError: a source without photos, parts of another job, settings that cannot be used, or a folder that
            cannot be written to.
        Interrupted: the user stopped it; the finished parts stay.
    """
    _check_numbers(rows, workers)
    (mode,) = check_modes([mode])
    check_modes_of(runtime, ways_of([mode]))
    order = bulk_order(source, runtime, finder, mode)
    began = time.perf_counter()
    progress("looking through the source")
    surveyed = survey(source)
    made = conditions_of(runtime, finder, None, None, None)
    conditions = BulkConditions(surveyed.fingerprint, surveyed.photos, rows, mode, made, source.columns)
    with hold_parts(out):
        if again:
            remove_parts(out)
        finished = finished_parts(out, conditions)
        job = _Job(out, runtime, conditions, finished, progress)
        left = surveyed.photos - job.done
        try:
            if left:
                job.make(order, source, workers, with_ray)
        except KeyboardInterrupt as error:
            raise Interrupted(job.how_far()) from error
        statuses, damaged = count_rows(out)
    broken = [f"{shard}: {count} of its photos could not be read, it is damaged" for shard, count in damaged.items()]
    progress("done", surveyed.photos, surveyed.photos)
    return BatchReport(
        out=out,
        photos=surveyed.photos,
        parts=conditions.parts,
        earlier=len(finished),
        statuses=dict(statuses),
        broken=(*surveyed.broken, *broken),
        seconds=time.perf_counter() - began,
        made=left,
        left_out=source.left_out(),
    )


@dataclass
class _Job:
    """A job in progress.

    Args:
        out: the folder of the parts.
        runtime: see `make_batch`.
        conditions: of all parts.
        finished: numbers of the parts that were there before.
        progress: called with the number of photos that are done.
    """

    out: Path
    runtime: Runtime
    conditions: BulkConditions
    finished: Collection[int]
    progress: Progress
    done: int = field(init=False)
    _begun: dict[int, list[Row]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.done = sum(self.conditions.rows_in(part) for part in self.finished)
        self._written = len(self.finished)

    def make(self, order: BulkOrder, source: PhotoSource, workers: int | None, with_ray: bool) -> None:
        """Make and write all parts that are not finished.

        Raises:
            InputError: a part cannot be written, or the source is changing.
        """
        left = self.conditions.photos - self.done
        chunks = self._chunks(source, chunk_size(self.runtime))
        self.progress("loading the networks", self.done, self.conditions.photos)
        alone = 1 if self.runtime.on_card else None
        if not with_ray:
            self._write_all(make_local(order, chunks, workers or alone or workers_for(left)))
            return
        from f2p_deploy.bulk.ray_chunks import make_with_ray, ray_session

        with ray_session() as cores:
            self._write_all(make_with_ray(order, chunks, workers or alone or min(cores, -(-left // CHUNK))))

    def how_far(self) -> str:
        """Return how far the job is, and how to go on."""
        of = f"{self._written} of {self.conditions.parts} parts in {self.out}"
        return f"stopped: {of} are finished; the same command goes on from there"

    def _chunks(self, source: PhotoSource, size: int) -> Iterator[Chunk]:
        """Yield the chunks of all parts that are not finished."""
        refs, part = source.refs(_ignore), 0
        while taken := tuple(islice(refs, self.conditions.rows)):
            if part not in self.finished:
                yield from (Chunk(part, taken[start : start + size]) for start in range(0, len(taken), size))
            part += 1

    def _write_all(self, made: Iterator[tuple[Chunk, list[Row]]]) -> None:
        with closing(made):  # type: ignore[type-var]
            for chunk, rows in made:
                self._take(chunk.part, rows)
        if self.done != self.conditions.photos:
            raise InputError("the source has changed while it was read: start again when it is complete")

    def _take(self, part: int, rows: list[Row]) -> None:
        """Add rows to a part, and write it when it has all."""
        there = self._begun.setdefault(part, [])
        there += rows
        self.done += len(rows)
        self.progress(shown(rows[-1]["key"]), self.done, self.conditions.photos)
        if len(there) == self.conditions.rows_in(part):
            there.sort(key=lambda row: int(row["index"]))
            entries = {**self.conditions.entries(), "part": str(part), "bundle_name": self.runtime.bundle_name}
            write_whole(self.out / part_name(part), table_bytes(there, self.runtime.schema, entries))
            del self._begun[part]
            self._written += 1


def _ignore(sentence: str) -> None:
    """Ignore a broken shard: the survey has told it."""


def _check_numbers(rows: int, workers: int | None) -> None:
    """Raise if there are too few or too many rows or workers."""
    if not 1 <= rows <= MOST_ROWS:
        raise InputError(f"a part has 1 to {MOST_ROWS} rows, found {rows}")
    if workers is not None and workers < 1:
        raise InputError(f"at least one worker makes characters, found {workers}")
