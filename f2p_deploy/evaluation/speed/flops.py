"""How much there is to compute and to move, counted from what PyTorch calls; to compare with what a device can do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.graphs import bundle_graphs
from f2p_deploy.system.errors import InputError


@dataclass(frozen=True)
class Flops:
    """The work of one call of a graph.

    Args:
        flops: multiplications and additions of convolutions and matrix products, forward and, in `step`, backward.
        bytes: the weights that are read, once, inputs and outputs once, as float32: the least that has to be moved.
    """

    flops: int
    bytes: int


def count_flops(bundle: Bundle, name: str, batch: int = 1) -> Flops:
    """Count the work of a graph.

    Args:
        bundle: a complete one.
        name: `one_shot`, `describe`, `render` or `step`.
        batch: faces in a call.

    Raises:
        InputError: no such graph, or a batch size below 1.
    """
    if batch < 1:
        raise InputError(f"the batch size must be at least 1, found {batch}")
    graphs = {graph.name: graph for graph in bundle_graphs(bundle, 1)}
    if name not in graphs:
        raise InputError(f"no graph named {name!r}. Available: {', '.join(graphs)}")
    graph = graphs[name]
    given = [torch.full(spec.shape, 0.5) for spec in graph.inputs]
    counter = _Counter(graph.module.parameters())
    with counter, torch.no_grad():
        graph.module(*given)
    tensors = (*graph.inputs, *graph.outputs)
    moved = sum(_bytes(spec.shape) * (1 if spec.name in graph.shared else batch) for spec in tensors)
    return Flops(batch * counter.total, counter.weights + moved)


class _Counter(TorchDispatchMode):
    """Adds up what PyTorch's own formulas say of each call; its `FlopCounterMode` cannot be used around autograd."""

    def __init__(self, parameters: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()
        self.total = 0
        self._unread = {value.data_ptr(): value.numel() * value.element_size() for value in parameters}
        self.weights = 0

    def __torch_dispatch__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        found = function(*given, **(named or {}))
        for value in given:  # a module may hold weights that this graph does not read
            if isinstance(value, torch.Tensor):
                self.weights += self._unread.pop(value.data_ptr(), 0)
        count = flop_registry.get(function._overloadpacket)
        if count is not None:
            self.total += int(count(*given, **(named or {}), out_val=found))
        return found


def _bytes(shape: tuple[int, ...]) -> int:
    return 4 * int(torch.Size(shape).numel())
