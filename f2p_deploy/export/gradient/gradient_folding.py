"""Fold batch norms into the convolutions before them, so that neither the forward nor the backward pass has them."""

import operator
from typing import Any

import torch
from torch.fx import GraphModule, Node

aten = torch.ops.aten


def fold_batch_norms(forward: GraphModule) -> GraphModule:
    """Fold every batch norm that directly follows a convolution and is the only reader of its output.

    Args:
        forward: an ATen graph with `aten.convolution` and `aten.native_batch_norm`; changed in place. Other batch
            norms, those of grouped convolutions, and those in training mode are not changed.

    Returns:
        The graph itself.
    """
    forward.graph.eliminate_dead_code()  # removes the statistics that a batch norm also returns, which are not read
    for node in forward.graph.find_nodes(op="call_function", target=aten.native_batch_norm.default):
        if _can_be_folded(node):
            _fold(forward, node)
    forward.graph.eliminate_dead_code()
    forward.recompile()
    return forward


def _can_be_folded(batch_norm: Node) -> bool:
    before, *statistics = batch_norm.all_input_nodes
    if before.target is not aten.convolution.default or len(before.users) != 1:
        return False
    _, *weights = before.all_input_nodes
    groups, training = before.args[8], batch_norm.args[5]
    only_output = all(user.target is operator.getitem and user.args[1] == 0 for user in batch_norm.users)
    constant = all(node.op == "get_attr" for node in (*weights, *statistics))
    return bool(groups == 1 and training is False and only_output and constant)


def _fold(forward: GraphModule, batch_norm: Node) -> None:
    """Replace the convolution's weight w by w gamma / sqrt(variance + eps), and its bias to match; in float64."""
    convolution = batch_norm.all_input_nodes[0]
    of_norm: tuple[Any, ...] = batch_norm.args
    of_convolution: tuple[Any, ...] = convolution.args
    _, gamma, beta, mean, variance, _, _, eps = of_norm
    _, weight, bias, _, _, _, transposed, *_ = of_convolution

    def value(node: Node | None, absent: float) -> torch.Tensor:
        return torch.tensor(absent).double() if node is None else getattr(forward, str(node.target)).double()

    with torch.no_grad():
        scale = value(gamma, 1.0) * (value(variance, 1.0) + eps).rsqrt()
        along_filters = (1, -1, 1, 1) if transposed else (-1, 1, 1, 1)
        new_weight = value(weight, 1.0) * scale.view(along_filters)
        new_bias = value(beta, 0.0) + (value(bias, 0.0) - value(mean, 0.0)) * scale
    dtype = getattr(forward, str(weight.target)).dtype
    with forward.graph.inserting_before(convolution):
        for position, tensor in ((1, new_weight), (2, new_bias)):
            name = f"{convolution.name}_folded_{position}"
            forward.register_buffer(name, tensor.to(dtype))
            convolution.update_arg(position, forward.graph.get_attr(name))
    for output in list(batch_norm.users):
        output.replace_all_uses_with(convolution)
