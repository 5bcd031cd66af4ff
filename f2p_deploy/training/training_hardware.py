"""The hardware of a training: device, precision, number of processes, and what each process does of a batch."""

import atexit
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import torch

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.interruption import SIGNALS
from f2p_deploy.system.one_voice import end_voice, share_voice

if TYPE_CHECKING:
    pass

log = logging.getLogger(__name__)

#: Words for the device, and precisions with the name that Fabric gives each.
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS: dict[str, Literal["32-true", "bf16-mixed", "16-mixed"]] = {
    "32": "32-true",
    "bf16": "bf16-mixed",
    "16": "16-mixed",
}

#: Processes that prepare batches for one CUDA device, if their number is not given.
LOADERS = 8


@dataclass(frozen=True)
class Hardware:
    """The hardware that a training uses, and how it uses it.

    A batch is divided into `parts` equal parts. Each process computes `accumulate` of them, one after another, so two
    processes compute the same as one with `accumulate = 2`, including augmentation; only the running statistics of
    batch norms differ.

    Args:
        device: `cpu`, `cuda`, `mps`, or `auto` for the first of CUDA, MPS and CPU that is there.
        precision: `32`; `bf16` or `16` compute the losses in mixed precision. With `32` the imitator's convolutions
            are still computed in bfloat16 where the device has it; weights, updates and losses are float32.
        devices: number of processes on this machine, each with a device of its own.
        nodes: number of machines; each runs the same command, with MASTER_ADDR, MASTER_PORT and NODE_RANK set, or
            under torchrun or Slurm.
        accumulate: number of parts of a batch that one process computes.
        compiled: compile the networks by torch.compile.
        workers: number of processes that prepare batches, for each device; None for `LOADERS` on CUDA and for none,
            which means the training process itself, on others.
        tensorboard: write metrics and sheets for TensorBoard, too.

    Raises:
        InputError: an unknown word, or a number below its minimum.
    """

    device: str = "auto"
    precision: str = "32"
    devices: int = 1
    nodes: int = 1
    accumulate: int = 1
    compiled: bool = False
    workers: int | None = None
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (("device", self.device, DEVICES), ("precision", self.precision, PRECISIONS)):
            if value not in known:
                raise InputError(f"{name} must be one of {', '.join(known)}, found {value!r}")
        for name, number in (("devices", self.devices), ("nodes", self.nodes), ("accumulate", self.accumulate)):
            if number < 1:
                raise InputError(f"{name} must be at least 1, found {number}")
        if self.workers is not None and self.workers < 0:
            raise InputError(f"workers must be at least 0, found {self.workers}")

    @property
    def parts(self) -> int:
        """The number of parts that a batch is divided into."""
        return self.devices * self.nodes * self.accumulate

    @property
    def found(self) -> str:
        """The kind of device: `cpu`, `cuda` or `mps`.

        Raises:
            InputError: this machine has no such device, or too few.
        """
        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        kind = next(kind for kind in there if there[kind]) if self.device == "auto" else self.device
        if not there[kind]:
            raise InputError(f"PyTorch finds no {kind} device here: leave out --device, or say --device cpu")
        count = torch.cuda.device_count() if kind == "cuda" else 1
        if kind != "cpu" and self.devices > count:
            raise InputError(f"--devices {self.devices} needs as many {kind} devices; PyTorch finds {count}")
        return kind

    @property
    def loaders(self) -> int:
        """The number of processes that prepare batches for one device."""
        if self.workers is not None:
            return self.workers
        if self.found != "cuda":
            return 0
        return min(LOADERS, max(1, (os.cpu_count() or 1) // self.devices - 1))


class Processes:
    """The processes of one training, started; this one is one of them.

    Args:
        hardware: of the training.

    Raises:
        InputError: there is no such hardware.
        MissingDependency: Lightning Fabric is not installed.
    """

    def __init__(self, hardware: Hardware | None = None) -> None:
        require("train", "training")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from lightning_fabric import Fabric

        self.hardware = hardware or Hardware(device="cpu")
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        many = self.hardware.devices * self.hardware.nodes > 1
        kind = self.hardware.found
        if many:
            _require_numbers(self.hardware.nodes)
        if self.hardware.nodes > 1:
            _require_rendezvous(self.hardware.nodes)
        self.fabric: Fabric = Fabric(
            accelerator=kind,
            strategy="ddp" if many else "auto",
            devices=self.hardware.devices,
            num_nodes=self.hardware.nodes,
            precision=PRECISIONS[self.hardware.precision],
        )
        with _ended_by_signals():
            if self.hardware.nodes > 1:
                place = f"{os.environ.get('MASTER_ADDR', '')}:{os.environ.get('MASTER_PORT', '')}"
                log.warning("waiting for %d machines at %s; Ctrl-C stops it", self.hardware.nodes, place)
            self.fabric.launch()
        if many:
            if self.fabric.local_rank == 0:
                atexit.register(lambda: end_voice(getattr(self.fabric.strategy.launcher, "procs", ())))
            atexit.register(_leave)
            share_voice(str(self.fabric.broadcast(uuid4().hex)))
        if kind == "cpu" and self.hardware.devices > 1:
            torch.set_num_threads(max(1, torch.get_num_threads() // self.hardware.devices))

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes files and reports progress."""
        return self.fabric.is_global_zero

    @property
    def own_parts(self) -> tuple[int, ...]:
        """The positions of the parts of every batch that this process computes."""
        every = self.fabric.world_size
        return tuple(self.fabric.global_rank + every * i for i in range(self.hardware.accumulate))

    def silence_others(self) -> None:
        """Discard what processes other than the first one print; an error of theirs still reaches stderr."""
        if not self.first:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the process ends


def _leave() -> None:
    """Leave the group of processes: a connection that is still open when Python ends aborts the process."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _require_numbers(nodes: int) -> None:
    """Raise unless the environment's port and number of this machine, where they are set, can be used.

    Raises:
        InputError: one is no such number; a machine with a number that is not expected would wait for ever.
    """
    for name, low, high in (("MASTER_PORT", 1, 65535), ("NODE_RANK", 0, nodes - 1)):
        value = os.environ.get(name, str(low))
        if not (value.isascii() and value.isdecimal() and low <= int(value) <= high):
            fault = f"{name} in the environment should be a whole number from {low} to {high}"
            raise InputError(f"{fault} for --nodes {nodes}, found {value!r}")


def _require_rendezvous(nodes: int) -> None:
    """Raise unless the environment says where several machines meet and which of them this one is.

    Raises:
        InputError: a variable is missing.
    """
    started = ("TORCHELASTIC_RUN_ID", "SLURM_NTASKS", "LSB_JOBID", "OMPI_COMM_WORLD_SIZE")
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK") if name not in os.environ]
    if missing and not any(name in os.environ for name in started):
        raise InputError(
            f"--nodes {nodes} needs {', '.join(missing)}: set MASTER_ADDR and MASTER_PORT to those of the first "
            f"machine, NODE_RANK to 0 to {nodes - 1}, or start the command by torchrun or Slurm"
        )


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals end the process at once: while it waits for others, Python's own handlers would never run."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
