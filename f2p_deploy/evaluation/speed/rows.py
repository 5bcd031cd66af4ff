"""The lines of a benchmark's table."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["ok", "parity", "failed", "skipped"]


@dataclass(frozen=True)
class Row:
    """One contender in one mode at one batch size.

    Args:
        mode: of `f2p_deploy.evaluation.speed.request.MODES`.
        runtime: the contender's name.
        precision: what it multiplies in.
        batch: faces in a call.
        status: `ok`; `parity` where a floor was missed; `failed`; `skipped`.
        why: the sentence behind every status but `ok`.
        device: what computed, in its own words.
        median_ms, p95_ms: of one call, over the windows that agreed.
        windows: whether the last windows agreed; with `False` the machine was too restless, or the time ran out.
        calls: how many calls were timed.
        load_ms: until it was ready to be called: files read, sessions opened, modules compiled where that is at once.
        first_ms: the first call: compilation, memory, caches.
        memory_mb: by how much the process's memory grew until the first call was done; the card's where it computes.
        faces_per_s: of the median.
        vs_eager: how many times as fast as eager PyTorch.
        parity: by how much of what its floors allow it is off PyTorch's float32 (1 is at a floor), and which record is
            the worst.
        flops, bytes: counted for one call: multiplications and additions; and the least that must be moved.
        share_of_ceiling: the time that the device's measured ceiling would take for them, over the median.
    """

    mode: str
    runtime: str
    precision: str
    batch: int
    status: Status
    why: str = ""
    device: str = ""
    median_ms: float | None = None
    p95_ms: float | None = None
    windows: bool | None = None
    calls: int = 0
    load_ms: float | None = None
    first_ms: float | None = None
    memory_mb: float | None = None
    faces_per_s: float | None = None
    vs_eager: float | None = None
    parity: dict[str, Any] | None = None
    flops: int | None = None
    bytes: int | None = None
    share_of_ceiling: float | None = None


@dataclass(frozen=True)
class Ceiling:
    """What this device can do at most, measured.

    Args:
        precision: what was multiplied.
        flop_per_s: of a large matrix product.
        byte_per_s: of a large copy, read and written.
    """

    precision: str
    flop_per_s: float
    byte_per_s: float


@dataclass(frozen=True)
class SpeedReport:
    """A whole benchmark.

    Args:
        date: of the day, ISO.
        device: what it ran on: names, clocks, versions.
        bundle: the bundle's name and fingerprint.
        command: the line that repeats it.
        seconds: how long all of it took.
        ceilings: by precision.
        rows: in the order of modes, batches and contenders.
    """

    date: str
    device: dict[str, Any]
    bundle: dict[str, Any]
    command: str
    seconds: float
    rows: tuple[Row, ...]
    ceilings: tuple[Ceiling, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)
