"""One engine in one thread: its execution context, and a buffer for each tensor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """What one thread runs an engine with.

    Args:
        name: of the graph.
        context: of CUDA, in which all of it lies.
        execution: TensorRT's context, and what lives as long as it.
        buffers: by tensor name.
        inputs, outputs: their specs.
    """

    name: str
    context: Context
    execution: Execution
    buffers: dict[str, Buffer]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    #: Whether what TensorRT for RTX compiles was written beside the engine.
    kept: bool = False
    _addresses: dict[str, int] = field(default_factory=dict)

    def __del__(self) -> None:
        # TensorRT frees its memory where it is current, and a thread that ends has no context of its own.
        release_in(self.context.handle, self.__dict__.pop, "execution")

    def bind(self, addresses: Mapping[str, int]) -> None:
        """Say where tensors lie for the next `enqueue`; others stay where they were.

        Raises:
            CompilerError: TensorRT takes no such tensor.
        """
        for tensor, address in addresses.items():
            if self._addresses.get(tensor) != address:
                if not self.execution.context.set_tensor_address(tensor, address):
                    raise CompilerError(f"the engine of {self.name} has no tensor {tensor!r}, or not at that address")
                self._addresses[tensor] = address

    def bind_inputs(self, values: Mapping[str, Any], stream: Stream) -> list[Any]:
        """Bind device arrays where they lie, and copy NumPy's to the card.

        Args:
            values: by tensor name, one for each input; NumPy's are checked already.
            stream: what the engine will run on.

        Returns:
            What must live until the inputs were read.

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
                else:  # a part of a larger array may begin where TensorRT cannot read
                    stream.copy(place, pointer, self.buffers[spec.name].size)
            self.bind({spec.name: place})
        return owners

    def can_be_captured(self, stream: Stream) -> bool:
        """Say whether TensorRT lets a stream that this engine runs on be captured; one that cannot tell does."""
        ask = getattr(self.execution.context, "is_stream_capturable", None)
        return ask is None or bool(ask(int(stream.handle)))

    def enqueue(self, stream: Stream) -> None:
        """Begin to compute.

        Raises:
            CompilerError: TensorRT refuses.
        """
        if not self.execution.context.execute_async_v3(int(stream.handle)):
            raise CompilerError(f"TensorRT cannot run the engine of {self.name}; its log says why")
