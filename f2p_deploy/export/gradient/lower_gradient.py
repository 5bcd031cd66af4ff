"""Lower autograd to inference operators: a function's value and its gradient as one graph for any compiler.

PyTorch's exporters do not support backward calls. Here autograd runs once, under a tracer; the rules of
`gradient_rules` replace the operators of the backward pass. The result is an ordinary graph with the weights inside.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functionalize, vjp
from torch.fx import GraphModule, Transformer
from torch.fx.experimental.proxy_tensor import make_fx

from f2p_deploy.export.gradient.gradient_folding import fold_batch_norms
from f2p_deploy.export.gradient.gradient_numbers import restore_numbers
from f2p_deploy.export.gradient.gradient_rules import RULES
from f2p_deploy.system.errors import CompilerError

if TYPE_CHECKING:
    from onnx import ModelProto

aten = torch.ops.aten

#: The ONNX operators that a lowered graph may contain.
OPERATORS = frozenset(
    (
        *("Conv", "ConvTranspose", "AveragePool", "MaxPool", "Gemm", "MatMul"),
        *("Relu", "Sigmoid", "Softmax"),
        *("Add", "Sub", "Mul", "Div", "Neg", "Abs", "Sign", "Sqrt", "Max", "Min", "Clip"),
        *("Equal", "Greater", "GreaterOrEqual", "LessOrEqual", "Where"),
        *("ReduceSum", "ReduceMean"),
        *("Concat", "Expand", "Pad", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"),
    )
)


def lower_gradient(
    function: nn.Module, inputs: Sequence[torch.Tensor], wrt: Sequence[int] = (0,), scale: float = 1.0
) -> GraphModule:
    """Trace a function together with its gradient.

    Nothing is computed: only the shapes and dtypes of the inputs are used.

    Args:
        function: takes the inputs in order and returns (N,) values, one for each sample; in evaluation mode, with
            frozen weights.
        inputs: tensors of the static shapes, first axis N.
        wrt: positions of the inputs whose gradient is wanted.
        scale: the value with which the backward pass begins instead of 1, so that half precision does not lose small
            gradients.

    Returns:
        A module that takes the same inputs and returns `scale` times the gradient of the sum of the values with respect
        to each input of `wrt`, and then the (N,) values.

    Raises:
        CompilerError: the function or its gradient uses an operator that no rule covers exactly.
    """
    forward = fold_batch_norms(_trace(function, inputs, {}))

    def gradient_and_value(*values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        def of_chosen(*chosen: torch.Tensor) -> torch.Tensor:
            every = list(values)
            for position, value in zip(wrt, chosen, strict=True):
                every[position] = value
            return forward(*every)

        value, pull_back, *_ = vjp(of_chosen, *(values[position] for position in wrt))
        return (*pull_back(torch.full_like(value, scale)), value)

    joint = restore_numbers(_trace(gradient_and_value, inputs, RULES))
    for node in joint.graph.nodes:
        if node.op == "call_function" and "backward" in str(node.target):
            raise CompilerError(f"no rule of gradient_rules lowers {node.target}, which is called as {node.name}")
    return _Spelling(joint).transform()


def require_closed(model: "ModelProto", name: str) -> None:
    """Raise unless a model contains only `OPERATORS`.

    Args:
        model: an exported graph.
        name: its name, for the error message.

    Raises:
        CompilerError: another operator; the message names it and its node.
    """
    for node in model.graph.node:
        if node.domain or node.op_type not in OPERATORS:
            raise CompilerError(
                f"{name} holds the operator {node.domain}{node.op_type} ({node.name}), which not every compiler has: "
                "gradient_rules should have lowered it"
            )


def _trace(function: Any, inputs: Sequence[torch.Tensor], rules: dict[Any, Any]) -> GraphModule:
    """Trace to ATen without in-place operators; weights become constants of the graph."""
    functional = functionalize(function, remove="mutations")
    tracer = make_fx(functional, decomposition_table=rules, tracing_mode="fake", _allow_non_fake_inputs=True)
    graph = tracer(*inputs)
    graph.graph.eliminate_dead_code()
    return graph


class _Spelling(Transformer):
    """Replaces traced ATen calls by the torch functions that every converter knows."""

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if target in (aten.alias.default, aten.clone.default, aten.lift_fresh_copy.default):
            return args[0]
        if target is aten.lt.Tensor:  # one operator fewer that a runtime must have
            return torch.gt(args[1], args[0])
        if target is aten.view.default:
            # The memory layout of large convolutions differs between machines, and a view would depend on it.
            return torch.reshape(*args)
        if target is aten.max_pool2d_with_indices.default:
            return F.max_pool2d(*args), None
        if target is aten.convolution.default:
            x, weight, bias, stride, padding, dilation, transposed, output_padding, groups = args
            if transposed:
                return F.conv_transpose2d(x, weight, bias, stride, padding, output_padding, groups, dilation)
            return F.conv2d(x, weight, bias, stride, padding, dilation, groups)
        if target is aten.addmm.default and not kwargs and args[2].node.target is aten.permute.default:
            bias, x, transposed_weight = args
            # The weight before its transposition, so that the backward pass, which needs it in that form, shares it.
            weight = self.tracer.proxy(transposed_weight.node.args[0])
            return self.tracer.create_proxy("call_function", F.linear, (x, weight, bias), {})
        return super().call_function(target, args, kwargs)
