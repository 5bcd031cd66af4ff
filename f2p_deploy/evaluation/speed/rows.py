"""The rows of a benchmark's table, and the whole report."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["ok", "parity", "failed", "skipped"]


@dataclass(frozen=True)
class Row:
    """One contender in one mode at one batch size.

    Args:
        mode: of `f2p_deploy.evaluation.speed.request.MODES`.
        runtime: the contender's name.
        precision: of its multiplications.
        batch: batch size.
        status: `ok`; `parity` if a parity threshold (floor) was missed; `failed`; `skipped`.
        why: the reason for every status but `ok`.
        device: description of the device by the runtime.
        median_ms, p95_ms: of one call, over the windows that agreed.
        windows: the last windows agreed; `False` means that the machine was too noisy, or the time ran out.
        calls: number of timed calls.
        load_ms: load time: reading files, opening sessions, and compilation ahead of the first call.
        first_ms: first-call latency, with compilation, memory allocation and caches.
        memory_mb: growth of memory until after the first call, of the process or, if it computes there, of the GPU.
        faces_per_s: batch size / median.
        vs_eager: median of eager PyTorch / median; in the modes through the shortcut, eager PyTorch searches exactly.
        parity: the worst parity record against PyTorch's float32, with `share`: difference / difference that its floor
            allows.
        likeness, loss: of a search's characters: the mean cosine between the embeddings of face and character, and the
            mean loss (eq. 9), by the imitator's pictures.
        flops, bytes: multiplications and additions of one call, and its minimum memory traffic.
        share_of_ceiling: least time at the device's measured peak rates / median.
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
    likeness: float | None = None
    loss: float | None = None
    flops: int | None = None
    bytes: int | None = None
    share_of_ceiling: float | None = None


@dataclass(frozen=True)
class Ceiling:
    """The measured peak rates of this device.

    Args:
        precision: of the matrix product.
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
        date: ISO date.
        device: names, clocks and versions of the machine.
        bundle: the bundle's name and fingerprint.
        command: the command line that repeats it.
        seconds: duration of the whole benchmark.
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
