"""Replace constant tensors whose elements are all equal by their number.

A backward pass begins with ones, and the gradient of a mean spreads them over everything that was averaged. Without
this, the result would be a tensor as large as the content, stored in every file and read in every step.
"""

from typing import Any

import torch
from torch.fx import GraphModule, Node

aten = torch.ops.aten

#: Operators that change the shape of a constant tensor, but not its number.
RESHAPES = (aten.expand.default, aten.view.default, aten.unsqueeze.default, aten.squeeze.dims)


def restore_numbers(graph: GraphModule) -> GraphModule:
    """Replace products with constant tensors by products with their number.

    Args:
        graph: an ATen graph whose nodes know their shapes; changed in place.

    Returns:
        The graph itself.
    """
    numbers: dict[Node, float] = {}
    for node in graph.graph.nodes:
        if node.op != "call_function":
            continue
        arguments = [
            numbers.get(argument, argument) if isinstance(argument, Node) else argument for argument in node.args
        ]
        number = _number(node.target, arguments)
        if number is not None:
            numbers[node] = number
        elif node.target is aten.mul.Tensor:
            _multiply_by_number(node, arguments)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def _number(operator: Any, arguments: list[Any]) -> float | None:
    """Return the number that fills a node's result, if its arguments determine it."""
    if operator in (aten.full_like.default, aten.full.default):
        return float(arguments[1])
    if not arguments or not isinstance(arguments[0], float):
        return None
    if operator in RESHAPES:
        return arguments[0]
    if operator is aten.neg.default:
        return -arguments[0]
    if len(arguments) != 2 or not isinstance(arguments[1], int | float):
        return None
    if operator in (aten.mul.Tensor, aten.mul.Scalar):
        return arguments[0] * arguments[1]
    if operator in (aten.div.Tensor, aten.div.Scalar):
        return arguments[0] / arguments[1]
    return None


def _multiply_by_number(node: Node, arguments: list[Any]) -> None:
    """Replace one factor by its number, unless the product takes its shape from that factor."""
    for number, other in (arguments, arguments[::-1]):
        if isinstance(number, float) and isinstance(other, Node) and other.meta["val"].shape == node.meta["val"].shape:
            node.args = (other, number)
            return
