"""Chunks of a bulk job made by Ray Data, on this machine or on a cluster whose machines see the same files."""

import logging
import os
import pickle
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from f2p_deploy.bulk.bulk_order import BulkOrder, Chunk
from f2p_deploy.bulk.local_chunks import made_by
from f2p_deploy.bulk.photo_rows import Row
from f2p_deploy.system.errors import F2PError, InputError
from f2p_deploy.system.interruption import SIGNALS
from f2p_deploy.system.process_crew import ProcessCrew

#: Blocks of chunks that Ray hands out, for every worker: a block is the least that is made again after a failure.
_BLOCKS = 64

#: Seconds to wait for a cluster's answer.
_PATIENCE = 5.0


@contextmanager
def ray_session(num_cpus: int | None = None, spilling: bool = True) -> Iterator[int]:
    """Connect to the cluster in RAY_ADDRESS, or start Ray on this machine for the block; yield its number of cores.

    Ray's report of its use to its makers is switched off, unless the environment says otherwise. A Ray of this
    machine has no dashboard. Signals are handled as before.

    Args:
        num_cpus: cores that a Ray of this machine shares out; None for those that there are.
        spilling: whether a Ray of this machine may write to the disk what it has no memory for.

    Raises:
        InputError: no cluster answers at RAY_ADDRESS.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # native messages, on the standard error
    import ray

    began = not ray.is_initialized()
    if began:
        here: dict[str, Any] = {}
        if address := os.environ.get("RAY_ADDRESS"):
            _require_answer(address)
        else:
            # Without "local" Ray joins whatever cluster was last begun on this machine.
            here = {"address": "local", "include_dashboard": False, "num_cpus": num_cpus}
            if not spilling:
                here["_system_config"] = {"automatic_object_spilling_enabled": False}
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **here)
        except ConnectionError as error:
            raise _no_cluster(address or "this machine") from error
        for number, handler in handlers.items():  # ray.init puts its own in their place
            signal.signal(number, handler)
    try:
        yield max(1, int(ray.cluster_resources().get("CPU", 1)))
    finally:
        if began:
            ray.shutdown()


def _require_answer(address: str) -> None:
    """Check that something listens at `host:port`; Ray itself tries for a quarter of an hour.

    Raises:
        InputError: nothing does.
    """
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdecimal() and "/" not in host):  # auto, local, ray://host:port
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address) from error


def _no_cluster(address: str) -> InputError:
    return InputError(f"no Ray cluster answers at {address} (RAY_ADDRESS): start it there, or unset RAY_ADDRESS")


def make_with_ray(order: BulkOrder, chunks: Iterator[Chunk], workers: int) -> Iterator[tuple[Chunk, list[Row]]]:
    """Yield the rows of chunks as Ray finishes them, see `f2p_deploy.bulk.local_chunks.make_local`.

    Args:
        order: what the workers open.
        chunks: all of them are sent to Ray at the start.
        workers: number of Ray's actors, each with a core and a process of its own.

    Raises:
        F2PError: a worker cannot load what the order says, or Ray gave up.
    """
    import ray

    sent = [{"chunk": pickle.dumps(chunk)} for chunk in chunks]
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    blocks = ray.data.from_items(sent, override_num_blocks=min(len(sent), workers * _BLOCKS))
    actors = ray.data.ActorPoolStrategy(size=workers)
    made = blocks.map_batches(RayWorker, fn_constructor_args=(order,), batch_size=1, compute=actors, num_cpus=1)
    try:
        for row in made.iter_rows():
            answer = pickle.loads(row["made"])
            if isinstance(answer, Exception):
                raise answer
            yield from answer
    except ray.exceptions.RayError as error:
        raise F2PError("Ray could not make all photos: its own logs say why; without --ray it may succeed") from error


class RayWorker:
    """An actor of Ray Data: a crew of one process, which may end at a photo without ending the actor.

    Args:
        order: what the process opens.
    """

    def __init__(self, order: BulkOrder) -> None:
        self._crew = ProcessCrew(order, 1)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        """Return the rows of chunks, or the error that kept the process from making them, pickled."""
        return {"made": [pickle.dumps(self._answer(pickle.loads(content))) for content in batch["chunk"]]}

    def _answer(self, chunk: Chunk) -> list[tuple[Chunk, list[Row]]] | F2PError:
        try:
            return list(made_by(self._crew, iter([chunk])))
        except F2PError as error:
            return error
