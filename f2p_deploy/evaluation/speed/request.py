"""What a benchmark is asked for."""

from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.errors import InputError

#: The graph that each mode runs; iterative generation is a whole search: `describe`, then every gradient step.
GRAPHS = {"one-shot": "one_shot", "describe": "describe", "render": "render", "iterative": "step"}
MODES = tuple(GRAPHS)

#: Seconds after which no contender that compiles for minutes is begun, if nobody says otherwise.
DEFAULT_LIMIT = 100.0

#: More faces in a call than any card holds the activations of.
LARGEST_BATCH = 1024


@dataclass(frozen=True)
class Request:
    """What to measure.

    Args:
        modes: of `MODES`, in the order to measure them.
        batches: numbers of faces in a call.
        runtimes: names of contenders, see `f2p_deploy.evaluation.speed.contenders`; empty for all.
        artifacts: folders of artifacts to measure beside an ONNX artifact of the bundle.
        threads: processor cores to use; all that this process may if None.
        device: `cpu` or `cuda`, where PyTorch computes; `auto` takes a card if there is one.
        limit: seconds after which only quick contenders are begun; 0 for no limit.

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
