"""The arithmetic and memory traffic of a graph, counted from PyTorch's calls, for comparison with a device's peak."""

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
        bytes: size of the weights, inputs and outputs as float32, each counted once: the minimum memory traffic.
    """

    flops: int
    bytes: int


def count_flops(bundle: Bundle, name: str, batch: int = 1) -> Flops:
    """Count the work of a graph.

    Args:
        bundle: a complete bundle.
        name: `one_shot`, `describe`, `render` or `step`.
        batch: batch size.

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
    """A dispatch mode that sums PyTorch's FLOP formulas; its `FlopCounterMode` does not work around autograd."""

    def __init__(self, parameters: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()
        self.total = 0
        self._unread = {value.data_ptr(): value.numel() * value.element_size() for value in parameters}
        self.weights = 0

    def __torch_dispatch__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        outputs = function(*given, **(named or {}))
        for value in given:  # a module may hold weights that this graph does not read
            if isinstance(value, torch.Tensor):
                self.weights += self._unread.pop(value.data_ptr(), 0)
        count = flop_registry.get(function._overloadpacket)
        if count is not None:
            self.total += int(count(*given, **(named or {}), out_val=outputs))
        return outputs


def _bytes(shape: tuple[int, ...]) -> int:
    return 4 * int(torch.Size(shape).numel())
