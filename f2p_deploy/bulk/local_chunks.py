"""Chunks of a bulk job made by worker processes of this machine."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace

from f2p_deploy.bulk.bulk_order import BulkOrder, Chunk
from f2p_deploy.bulk.photo_rows import Row, killed_row
from f2p_deploy.system.process_crew import CrewEvent, ProcessCrew

#: How often a chunk is tried before its photos are tried alone, and a photo alone before it is given up.
_TRIES = 2


def make_local(order: BulkOrder, chunks: Iterator[Chunk], workers: int) -> Iterator[tuple[Chunk, list[Row]]]:
    """Yield the rows of chunks as they are finished, in any order; a chunk may come in pieces.

    The chunk of a worker that was killed is made once more. If that worker ends, too, its photos are made one by one,
    and a photo whose worker ends twice becomes a row that says so.

    Args:
        order: what the workers open.
        chunks: taken when a worker is free.
        workers: number of processes.

    Raises:
        F2PError: a worker cannot load what the order says, or all ended while they did.
    """
    with ProcessCrew(order, workers) as crew:
        yield from made_by(crew, chunks)


def made_by(crew: ProcessCrew, chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, list[Row]]]:
    """Yield the rows of chunks as a crew finishes them, see `make_local`; the crew may be used again."""
    again: deque[Chunk] = deque()
    losses: Counter[Chunk] = Counter()
    finished: set[Chunk] = set()
    for event in crew.work(lambda: again.popleft() if again else next(chunks, None)):
        if event.kind == "result":
            finished.add(event.task)
            yield event.task, event.content
        elif event.kind == "done":
            finished.discard(event.task)
        elif event.kind == "lost" and event.task not in finished:  # else it ended between its rows and its next chunk
            yield from _lost(event, again, losses)


def _lost(event: CrewEvent, again: deque[Chunk], losses: Counter[Chunk]) -> Iterator[tuple[Chunk, list[Row]]]:
    """Put a chunk back whose worker ended, or give its only photo up."""
    chunk = event.task
    losses[chunk] += 1
    if losses[chunk] < _TRIES:
        again.append(chunk)
    elif len(chunk.refs) > 1:
        again.extend(replace(chunk, refs=(ref,)) for ref in chunk.refs)
    else:
        yield chunk, [killed_row(chunk.refs[0], event.content)]
