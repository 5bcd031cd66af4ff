"""A stage of the training as the loop sees it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.imported import start_of
from f2p_deploy.model.networks.table import build_network

#: Tensors of one batch, prepared on the CPU, and counts and flags that describe them.
Prepared = dict[str, Any]

#: Numbers of an update for the metrics file: floats, and tensors of one number.
Numbers = Mapping[str, Any]


def first_network(bundle: Bundle, name: str) -> torch.nn.Module:
    """Return the network that a training begins with: the imported one, or one with fresh weights."""
    start = start_of(bundle, name)
    return build_network(name, bundle.schema, bundle.settings) if start is None else start


def half_precision(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context that computes convolutions and matrix products in bfloat16 where the processor has it."""
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = device.type == "cpu" and bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())
    return torch.autocast(device.type, torch.bfloat16) if able else nullcontext()


class Stage:
    """The base of every stage: networks, data, loss and evaluation.

    A batch is prepared on the CPU, perhaps in another process, and moved to the device of the networks; `loss` computes
    there. The attributes are set by the stages.
    """

    name: str
    #: The modules to optimise and to save, by name.
    modules: dict[str, torch.nn.Module]
    #: Number of training samples; one pass over them is an epoch.
    samples: int
    #: Whether `prepare` depends on nothing that an update changes, so that other processes may call it in advance.
    prepares_ahead = True

    @property
    def frozen(self) -> dict[str, torch.nn.Module]:
        """The modules that the loss passes through and the training leaves as they are, by name."""
        return {}

    @property
    def device(self) -> torch.device:
        """The device of the networks."""
        return next(tensor for module in self.modules.values() for tensor in module.parameters()).device

    def begin(self, step: int) -> None:
        """Do what has to happen before update `step`, in the process that trains."""

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return the tensors of a batch.

        Args:
            batch: (B,) positions of training samples.
            step: number of the update, from 0.
            rng: for augmentation; the same for the same seed, step and part of the batch.
        """
        raise NotImplementedError

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return the loss of a prepared batch, and numbers for the metrics file."""
        raise NotImplementedError

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        raise NotImplementedError

    def evaluate(self) -> dict[str, float]:
        """Return metrics on held-out data; the modules are in evaluation mode."""
        raise NotImplementedError

    def sheet(self) -> np.ndarray:
        """Return a picture (H, W, 3) uint8 that shows the state of training; the modules are in evaluation mode."""
        raise NotImplementedError
