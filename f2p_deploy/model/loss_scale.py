"""The loss scale of a gradient in half precision, chosen from measured gradients."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.system.errors import CompilerError

#: The largest number in float16.
LARGEST = torch.finfo(torch.float16).max

#: The smallest subnormal and the smallest normal number in float16.
SMALLEST = 2.0**-24
SMALLEST_NORMAL = 2.0**-14

#: Overflow margin: largest number in float16 / largest scaled gradient, at least.
HEADROOM = 16.0

#: The range of binary exponents in float32, including subnormal numbers.
EXPONENTS = (-149, 127)

#: Number of evenly spaced values that are counted in a larger feature map; its maximum is taken over all values.
COUNTED = 2**16


@dataclass(frozen=True)
class Magnitudes:
    """A histogram of the magnitudes of all intermediate gradients of a loss.

    Args:
        counts: number of magnitudes in [2^e, 2^(e + 1)), by e; estimated from a sample in large feature maps.
        largest: the largest magnitude.
    """

    counts: dict[int, int]
    largest: float

    def below(self, limit: float, scale: float = 1.0) -> float:
        """Return the share of gradients, in [0, 1], that times `scale` are below `limit`; both are powers of two."""
        exponent = math.log2(limit / scale)
        return sum(count for e, count in self.counts.items() if e < exponent) / max(1, sum(self.counts.values()))

    def scale(self) -> float:
        """Return the largest power of two that leaves `HEADROOM` above the largest gradient; 1 if all are zero."""
        return 2.0 ** math.floor(math.log2(LARGEST / HEADROOM / self.largest)) if self.largest else 1.0


def measure_gradients(loss: nn.Module, samples: Sequence[Arrays]) -> Magnitudes:
    """Run a loss forward and backward on samples, and measure the gradients of all pictures and feature maps.

    Gradients of vectors are not counted: they are float32 in every graph, see `keep_float32`.

    Args:
        loss: maps state, identity and content to (N,) losses, such as
            `f2p_deploy.model.imitator_search.GenerationLoss`.
        samples: batches of those three inputs, by name.

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
    """The magnitudes of one tensor: the largest, their sum, and the number with each binary exponent."""

    largest: float
    total: float
    counts: torch.Tensor


def _gradients(loss: nn.Module, sample: Arrays) -> list[_Measured]:
    """Return the gradients of feature maps that the backward pass computes.

    The backward pass also computes masks, norms and signs. Gradients are recognised by doubling when the loss does.
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
    # Doubling is exact, so the sums can be compared for equality. NaN is kept, so that the caller detects it.
    return [
        once
        for once, twice in zip(*records, strict=True)
        if once.total != 0 and twice.total == 2 * once.total or not math.isfinite(once.total)
    ]


class _Recorder(TorchDispatchMode):
    """A dispatch mode that measures every feature map that PyTorch computes."""

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
