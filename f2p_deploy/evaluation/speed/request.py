"""The request of a benchmark: modes, batch sizes, runtimes, device and limits."""

from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.character.schema import suggestion
from f2p_deploy.model.result import Mode
from f2p_deploy.runtimes import RUNTIMES
from f2p_deploy.system.errors import InputError

#: The graph that each mode runs; in a search it takes every gradient step.
GRAPHS = {
    "one-shot": "one_shot",
    "describe": "describe",
    "render": "render",
    "iterative": "step",
    "iterative-fast": "step_fast",
    "hybrid": "step",
    "hybrid-fast": "step_fast",
}
MODES = tuple(GRAPHS)

#: The modes that are searches: the mode of generation, and whether it goes through the shortcut. `iterative` and
#: `iterative-fast` are the search alone, the hybrids also its start and its options, as `run` computes them.
SEARCHES: dict[str, tuple[Mode, bool]] = {
    "iterative": ("iterative", False),
    "iterative-fast": ("iterative", True),
    "hybrid": ("hybrid", False),
    "hybrid-fast": ("hybrid", True),
}

#: Names of the contenders: those that are no runtimes of artifacts, see `contenders.PEERS`, then all other runtimes.
CONTENDERS = (
    *("torch", "onnx-naive", "torch-captured", "torch-captured-fp16", "torch-captured-bf16", "torch.compile"),
    *(name for name in RUNTIMES if name != "torch"),
)

#: Default number of seconds after which contenders that need minutes to compile are skipped.
DEFAULT_LIMIT = 100.0

#: Largest batch size; no GPU has memory for the activations of more.
LARGEST_BATCH = 1024


def timed_modes(shortcut: bool) -> tuple[str, ...]:
    """Return all modes of a bundle with or without a shortcut."""
    return tuple(mode for mode in MODES if shortcut or not SEARCHES.get(mode, ("", False))[1])


@dataclass(frozen=True)
class Request:
    """The request of a benchmark.

    Args:
        modes: of `MODES`, in the order of measurement.
        batches: batch sizes.
        runtimes: names of contenders, see `f2p_deploy.evaluation.speed.contenders`; empty for all.
        artifacts: folders of artifacts to measure besides an ONNX artifact of the bundle.
        threads: number of CPU cores; None means all that this process may use.
        device: PyTorch's device, `cpu` or `cuda`; `auto` uses a GPU if there is one.
        limit: seconds after which contenders that need minutes to compile are skipped; 0 for no limit.

    Raises:
        InputError: an unknown mode or device, or a number out of range.
    """

    modes: tuple[str, ...] = ("one-shot", "iterative")
    batches: tuple[int, ...] = (1,)
    runtimes: tuple[str, ...] = ()
    artifacts: tuple[Path, ...] = ()
    threads: int | None = None
    device: str = "auto"
    limit: float = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        for mode in self.modes:
            if mode not in MODES:
                raise InputError(f"no mode named {mode!r}{suggestion(mode, (*MODES, 'all'))}")
        wrong = next((batch for batch in self.batches if not 1 <= batch <= LARGEST_BATCH), None)
        if wrong is not None:
            raise InputError(f"a batch holds 1 to {LARGEST_BATCH} faces, found {wrong}")
        if self.device not in ("auto", "cpu", "cuda"):
            raise InputError(f"--device takes auto, cpu or cuda, found {self.device!r}")
        if not self.limit >= 0:
            raise InputError(f"the limit must be 0 or more seconds, found {self.limit:g}")
