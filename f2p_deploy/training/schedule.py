"""The schedule of a stage: optimiser, length and learning rate."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    import torch

Optimiser = Literal["sgd", "adam"]
Decay = Literal["steps", "cosine"]


@dataclass(frozen=True)
class Schedule:
    """The optimiser, length and learning rate of a stage; the defaults are the paper's for the imitator (section 3.6).

    Args:
        epochs: passes over the data; ignored if `steps` is given.
        steps: number of updates.
        batch: samples per update.
        optimiser: `sgd` (with momentum) or `adam`.
        learning_rate: of the first update.
        momentum: of SGD.
        weight_decay: L2 penalty.
        decay: `steps` multiplies the learning rate by 1 - `decay_by` every `decay_epochs`; `cosine` lowers it to 0 over
            the whole training.
    """

    epochs: int = 500
    steps: int | None = None
    batch: int = 16
    optimiser: Optimiser = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    decay: Decay = "steps"
    decay_by: float = 0.1
    decay_epochs: int = 50

    def __post_init__(self) -> None:
        for name, value, kind in (("optimiser", self.optimiser, Optimiser), ("decay", self.decay, Decay)):
            if value not in get_args(kind):
                raise InputError(f"{name} must be one of {', '.join(get_args(kind))}, found {value!r}")
        for name, number in (("epochs", self.epochs), ("batch", self.batch), ("decay_epochs", self.decay_epochs)):
            if number < 1:
                raise InputError(f"{name} must be at least 1, found {number}")
        if self.steps is not None and self.steps < 1:
            raise InputError(f"steps must be at least 1, found {self.steps}")
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning_rate must be finite and greater than 0, found {self.learning_rate}")

    def total_steps(self, samples: int) -> int:
        """Return the number of updates for a data set of `samples` samples."""
        return self.steps if self.steps is not None else self.epochs * self.steps_an_epoch(samples)

    def steps_an_epoch(self, samples: int) -> int:
        """Return the number of updates per epoch; an incomplete last batch is dropped."""
        return max(1, samples // self.batch)

    def rate(self, step: int, samples: int) -> float:
        """Return the learning rate of update `step` (from 0)."""
        if self.decay == "cosine":
            return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / self.total_steps(samples)))
        return self.learning_rate * (1.0 - self.decay_by) ** (step // self.steps_an_epoch(samples) // self.decay_epochs)

    def optimiser_for(self, modules: "dict[str, torch.nn.Module]") -> "torch.optim.Optimizer":
        """Return the optimiser of all trainable tensors of some modules."""
        import torch  # here, so that presets are listed without waiting for it

        tensors = [tensor for module in modules.values() for tensor in module.parameters() if tensor.requires_grad]
        if self.optimiser == "adam":
            return torch.optim.AdamW(tensors, self.learning_rate, weight_decay=self.weight_decay)
        return torch.optim.SGD(tensors, self.learning_rate, self.momentum, weight_decay=self.weight_decay)
