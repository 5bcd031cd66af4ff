"""What coremltools is taught while it converts: an operator that it does not know, and numbers that stay numbers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: The table of translations is coremltools' own, one for the whole process.
_LOCK = threading.Lock()


@contextmanager
def taught() -> Iterator[None]:
    """Put our translations into coremltools' table, and its own back afterwards; one thread at a time.

    - `where`: its 9.0 widens a number to a tensor of the mask's shape, which then is stored: a fifth to a quarter of
      `step` was such zeros. The program's own `select` takes a number as it is.
    - `scalar_tensor`, which its 9.0 does not know: a number that is a tensor already.
    """
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.frontend.torch.ops import _get_inputs, promote_input_dtypes
    from coremltools.converters.mil.frontend.torch.torch_op_registry import _TORCH_OPS_REGISTRY

    table = _TORCH_OPS_REGISTRY.name_to_func_mapping

    def scalar_tensor(context: Any, node: Any) -> None:
        context.add(Builder.identity(x=_get_inputs(context, node)[0], name=node.name))

    def where(context: Any, node: Any) -> None:
        given = _get_inputs(context, node)
        if not _selects_a_number(given):
            own["where"](context, node)
            return
        mask, *choices = given
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


def _selects_a_number(given: list[Any]) -> bool:
    """Say whether a mask chooses between one number and a tensor of the mask's own shape."""
    from coremltools.converters.mil.mil import types

    if len(given) != 3 or not types.is_bool(given[0].dtype):
        return False
    mask, *choices = given
    tensors = [choice for choice in choices if choice.rank]
    return len(tensors) == 1 and tuple(tensors[0].shape) == tuple(mask.shape)
