"""An engine in one thread: its execution context, and a buffer for each tensor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.runtimes.tensorrt.cuda import (
    ALIGNMENT,
    Buffer,
    Context,
    Stream,
    pointer_of,
    release_in,
    require_same_context,
)
from f2p_deploy.runtimes.tensorrt.tensorrt_libraries import Execution
from f2p_deploy.system.errors import CompilerError


@dataclass
class LoadedEngine:
    """An engine's execution context and buffers, for one thread.

    Args:
        name: the graph's name.
        context: the CUDA context that holds everything.
        execution: TensorRT's execution context, and the objects that must live as long.
        buffers: by tensor name, on the card.
        inputs, outputs: the manifest's entries of the tensors.
    """

    name: str
    context: Context
    execution: Execution
    buffers: dict[str, Buffer]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    #: Whether the kernels that TensorRT for RTX compiled were written beside the engine.
    cache_written: bool = False
    _addresses: dict[str, int] = field(default_factory=dict)

    def __del__(self) -> None:
        # TensorRT frees an execution context in the current CUDA context, and a thread that ends has none.
        release_in(self.context.handle, partial(delattr, self), "execution")

    def bind(self, addresses: Mapping[str, int]) -> None:
        """Set the addresses of tensors for the next `enqueue`; other tensors keep theirs.

        Raises:
            CompilerError: TensorRT refuses the tensor or its address.
        """
        for tensor, address in addresses.items():
            if self._addresses.get(tensor) != address:
                if not self.execution.context.set_tensor_address(tensor, address):
                    raise CompilerError(f"the engine of {self.name} has no tensor {tensor!r}, or not at that address")
                self._addresses[tensor] = address

    def bind_inputs(self, values: Mapping[str, Any], stream: Stream) -> list[Any]:
        """Bind device arrays without a copy, and copy NumPy arrays to the card.

        Args:
            values: by tensor name, one for each input; NumPy arrays have been checked.
            stream: the stream on which the engine will run.

        Returns:
            Objects that must be kept until the engine has read the inputs.

        Raises:
            InputError: a device array of another shape, dtype, card or context.
        """
        owners = []
        for spec in self.inputs:
            value, place = values[spec.name], self.buffers[spec.name].pointer
            if isinstance(value, np.ndarray):
                stream.upload(place, value)
            else:
                pointer, owner = pointer_of(value, spec.shape, spec.name, self.context.device, int(stream.handle))
                require_same_context(pointer, spec.name, self.context)
                owners.append(owner)
                if pointer % ALIGNMENT == 0:
                    place = pointer
                else:  # a slice of a larger array may begin at an address that is not aligned
                    stream.copy(place, pointer, self.buffers[spec.name].size)
            self.bind({spec.name: place})
        return owners

    def can_be_captured(self, stream: Stream) -> bool:
        """Return whether TensorRT allows a capture of this engine; True for versions without that query."""
        ask = getattr(self.execution.context, "is_stream_capturable", None)
        return ask is None or bool(ask(int(stream.handle)))

    def enqueue(self, stream: Stream) -> None:
        """Start the computation on a stream.

        Raises:
            CompilerError: TensorRT refuses.
        """
        if not self.execution.context.execute_async_v3(int(stream.handle)):
            raise CompilerError(f"TensorRT cannot run the engine of {self.name}; its log has the reason")
