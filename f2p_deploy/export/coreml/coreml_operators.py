"""Translations of operators that coremltools lacks or translates wastefully, installed while it converts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Held while the translations are installed: coremltools has one table for the whole process.
_LOCK = threading.Lock()


@contextmanager
def taught() -> Iterator[None]:
    """Install our translations in coremltools' table, and restore it afterwards; for one thread at a time.

    - `where`: coremltools 9.0 expands a number to a tensor of the mask's shape, and stores it. A fifth to a quarter of
      `step` consisted of such zeros. MIL's `select` accepts a number directly.
    - `scalar_tensor`, which coremltools 9.0 does not know: the identity, since its input is already a tensor.
    """
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.frontend.torch.ops import _get_inputs, promote_input_dtypes
    from coremltools.converters.mil.frontend.torch.torch_op_registry import _TORCH_OPS_REGISTRY

    table = _TORCH_OPS_REGISTRY.name_to_func_mapping

    def scalar_tensor(context: Any, node: Any) -> None:
        context.add(Builder.identity(x=_get_inputs(context, node)[0], name=node.name))

    def where(context: Any, node: Any) -> None:
        inputs = _get_inputs(context, node)
        if not _selects_a_number(inputs):
            own["where"](context, node)
            return
        mask, *choices = inputs
        a, b = promote_input_dtypes(choices)
        context.add(Builder.select(cond=mask, a=a, b=b, name=node.name))

    with _LOCK:
        own = dict(table)
        table.update({"scalar_tensor": scalar_tensor, "where": where, "where.self": where})
        try:
            yield
        finally:
            table.clear()
            table.update(own)


def _selects_a_number(inputs: list[Any]) -> bool:
    """Return whether a mask chooses between a number and a tensor of the mask's shape."""
    from coremltools.converters.mil.mil import types

    if len(inputs) != 3 or not types.is_bool(inputs[0].dtype):
        return False
    mask, *choices = inputs
    tensors = [choice for choice in choices if choice.rank]
    return len(tensors) == 1 and tuple(tensors[0].shape) == tuple(mask.shape)
