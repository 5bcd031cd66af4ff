"""The loss scale of a gradient in half precision, chosen from the gradients that real faces give."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.system.errors import CompilerError

#: The largest number that float16 has.
LARGEST = torch.finfo(torch.float16).max

#: The smallest number that float16 has, and the smallest that it holds with all its bits.
SMALLEST = 2.0**-24
SMALLEST_NORMAL = 2.0**-14

#: How many times as large as any measured one a gradient may be before it leaves float16.
HEADROOM = 16.0

#: The exponents of two that are told apart; float32 has no others.
EXPONENTS = (-149, 127)

#: Of larger feature maps so many numbers are counted, evenly spread; the largest is always looked for among all.
COUNTED = 2**16


@dataclass(frozen=True)
class Magnitudes:
    """The intermediate gradients of a loss, all of them together.

    Args:
        counts: how many lie in [2^e, 2^(e + 1)), by e; of large feature maps estimated from a part.
        largest: the largest.
    """

    counts: dict[int, int]
    largest: float

    def below(self, limit: float, scale: float = 1.0) -> float:
        """Return the share of gradients, in [0, 1], that lie below a power of two when multiplied by another one."""
        exponent = math.log2(limit / scale)
        return sum(count for e, count in self.counts.items() if e < exponent) / max(1, sum(self.counts.values()))

    def scale(self) -> float:
        """Return the largest power of two that leaves `HEADROOM` above the largest gradient; 1 if all are zero."""
        return 2.0 ** math.floor(math.log2(LARGEST / HEADROOM / self.largest)) if self.largest else 1.0


def measure_gradients(loss: nn.Module, samples: Sequence[Arrays]) -> Magnitudes:
    """Run a loss forward and back on samples, and look at every gradient of a picture or a feature map on the way.

    Gradients of vectors are not counted: they are float32 in every graph, see `keep_float32`.

    Args:
        loss: takes state, identity and content and gives (N,) numbers, as `generation.GenerationLoss`.
        samples: each one batch of those three, by name.

    Raises:
        CompilerError: a gradient is infinite or not a number.
    """
    counts = torch.zeros(EXPONENTS[1] - EXPONENTS[0] + 1, dtype=torch.long)
    largest = 0.0
    for sample in samples:
        for gradient in _gradients(loss, sample):
            if not math.isfinite(gradient.total):
                raise CompilerError("a gradient of the loss is infinite or not a number in float32")
            largest = max(largest, gradient.largest)
            counts += gradient.counts
    return Magnitudes({EXPONENTS[0] + i: int(count) for i, count in enumerate(counts) if count}, largest)


@dataclass(frozen=True)
class _Measured:
    """What is kept of one tensor: its largest magnitude, the sum of all, and how many have each exponent."""

    largest: float
    total: float
    counts: torch.Tensor


def _gradients(loss: nn.Module, sample: Arrays) -> list[_Measured]:
    """Return the gradients that the way back computes, feature maps alone.

    Not all that is computed on the way back is a gradient (masks, norms, signs). What is one doubles with the loss.
    """
    identity, content = (torch.from_numpy(sample[name]) for name in ("identity", "content"))
    records = []
    with torch.enable_grad():
        state = torch.from_numpy(sample["state"]).clone().requires_grad_(True)
        losses = loss(state, identity, content)
        for times in (1.0, 2.0):
            with _Recorder() as recorder:
                torch.autograd.grad(losses, state, torch.full_like(losses, times), retain_graph=True)
            records.append(recorder.measured)
    # Powers of two are exact, so the doubled sum is the sum of the doubled; NaN is let through to be found.
    return [
        once
        for once, twice in zip(*records, strict=True)
        if once.total != 0 and twice.total == 2 * once.total or not math.isfinite(once.total)
    ]


class _Recorder(TorchDispatchMode):
    """Measures every feature map that PyTorch computes."""

    def __init__(self) -> None:
        super().__init__()
        self.measured: list[_Measured] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        for value in result if isinstance(result, tuple | list) else (result,):
            if isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 2:
                self.measured.append(_measure(value.detach()))
        return result


def _measure(value: torch.Tensor) -> _Measured:
    sizes = value.abs().flatten()
    step = -(-len(sizes) // COUNTED)
    spread = sizes[::step]
    exponents = spread[spread > 0].frexp().exponent.long() - 1
    counts = exponents.clamp_(*EXPONENTS).sub_(EXPONENTS[0]).bincount(minlength=EXPONENTS[1] - EXPONENTS[0] + 1)
    return _Measured(float(sizes.max()), float(sizes.sum()), counts * step)
