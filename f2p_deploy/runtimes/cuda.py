"""CUDA through cuda-python, without PyTorch: checked calls, memory that frees itself, streams and graphs."""

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from f2p_deploy.errors import CompilerError, InputError, MissingDependency

#: What TensorRT wants addresses of tensors to be multiples of, in bytes; cudaMalloc gives such addresses.
ALIGNMENT = 256


def runtime_api() -> Any:
    """Return cuda-python's module of the runtime API.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        from cuda.bindings import runtime
    except ImportError as error:
        raise MissingDependency(
            f"CUDA needs cuda-python, which cannot be loaded here ({error}): pip install 'f2p-deploy[trt]'"
        ) from error
    return runtime


def check(result: tuple[Any, ...], doing: str) -> Any:
    """Return what a call of cuda-python gave behind its status.

    Args:
        result: (status,), (status, value) or (status, value, ...).
        doing: what was being done, for the sentence.

    Raises:
        MissingDependency: no driver, no card, or not enough memory.
        CompilerError: any other status.
    """
    status, *values = result
    if int(status) == 0:
        return values[0] if len(values) == 1 else tuple(values) or None
    name = getattr(status, "name", str(status))
    if name in ("cudaErrorInsufficientDriver", "cudaErrorNoDevice", "CUDA_ERROR_NO_DEVICE"):
        raise MissingDependency(f"{doing} needs an NVIDIA card and its driver, and there is none here ({name})")
    if name in ("cudaErrorMemoryAllocation", "CUDA_ERROR_OUT_OF_MEMORY"):
        raise MissingDependency(f"{doing} needs more memory than the card has free ({name})")
    raise CompilerError(f"CUDA failed at {doing}: {name}")


def use_device(index: int) -> None:
    """Make a card the current one of this thread; a context of the caller's on that card (PyCUDA's, say) is kept.

    Raises:
        MissingDependency: no driver, or no such card.
    """
    cudart = runtime_api()
    count = check(cudart.cudaGetDeviceCount(), "looking for cards")
    if index >= count:
        raise MissingDependency(f"the card {index} was asked for, and there are {count} here, counted from 0")
    from cuda.bindings import driver

    status, context = driver.cuCtxGetCurrent()
    if int(status) == 0 and int(context):
        status, device = driver.cuCtxGetDevice()
        if int(status) == 0 and int(device) == index:
            return
    check(cudart.cudaSetDevice(index), f"choosing the card {index}")


def free_memory() -> tuple[int, int]:
    """Return the bytes that are free on the current card, and its bytes in all."""
    free, total = check(runtime_api().cudaMemGetInfo(), "asking for free memory")
    return int(free), int(total)


class Buffer:
    """Memory on the current card; freed when nobody holds it any more.

    Args:
        size: bytes.
        purpose: what it is for, for the sentence.

    Raises:
        MissingDependency: not enough memory, with how much was asked for and how much is free.
    """

    def __init__(self, size: int, purpose: str) -> None:
        cudart = runtime_api()
        result = cudart.cudaMalloc(max(size, 1))
        if getattr(result[0], "name", "") == "cudaErrorMemoryAllocation":
            cudart.cudaGetLastError()
            free, total = free_memory()
            raise MissingDependency(
                f"{purpose} needs {size / 2**20:.0f} MiB on the card, and {free / 2**20:.0f} of "
                f"{total / 2**20:.0f} MiB are free: take a smaller batch, or close what else uses the card"
            )
        self.pointer = int(check(result, f"getting memory for {purpose}"))
        self.size = size
        self._release = weakref.finalize(self, cudart.cudaFree, self.pointer)


class Stream:
    """An explicit stream of its own: the default one would wait for everybody's."""

    def __init__(self) -> None:
        cudart = runtime_api()
        self.handle = check(cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking), "making a stream")
        self._release = weakref.finalize(self, cudart.cudaStreamDestroy, self.handle)

    def wait(self) -> None:
        """Wait until everything on it is done."""
        check(runtime_api().cudaStreamSynchronize(self.handle), "computing")

    def upload(self, pointer: int, values: np.ndarray) -> None:
        """Copy an array to the card; what is not page-locked is read before this returns."""
        cudart = runtime_api()
        contiguous = np.ascontiguousarray(values)
        kind = cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        status = cudart.cudaMemcpyAsync(pointer, contiguous.ctypes.data, contiguous.nbytes, kind, self.handle)
        check(status, "copying to the card")

    def download(self, values: np.ndarray, pointer: int) -> None:
        """Copy from the card into an array, and wait for it."""
        cudart = runtime_api()
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        status = cudart.cudaMemcpyAsync(values.ctypes.data, pointer, values.nbytes, kind, self.handle)
        check(status, "copying from the card")
        self.wait()

    def copy(self, target: int, source: int, size: int) -> None:
        """Copy from one place on the card to another."""
        cudart = runtime_api()
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        check(cudart.cudaMemcpyAsync(target, source, size, kind, self.handle), "copying on the card")

    def capture(self, enqueue: Callable[[], None]) -> "Graph":
        """Return a graph of everything that a function enqueues on this stream.

        Other threads may go on using the card: the capture is this thread's.

        Raises:
            CompilerError: something cannot be captured.
        """
        cudart = runtime_api()
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        check(cudart.cudaStreamBeginCapture(self.handle, mode), "beginning a capture")
        try:
            enqueue()
        except BaseException:
            cudart.cudaStreamEndCapture(self.handle)  # the stream is to be usable again
            cudart.cudaGetLastError()
            raise
        return Graph(check(cudart.cudaStreamEndCapture(self.handle), "ending a capture"))


class Graph:
    """A captured graph, ready to be launched."""

    def __init__(self, captured: Any) -> None:
        cudart = runtime_api()
        self._executable = check(cudart.cudaGraphInstantiate(captured, 0), "making a graph")
        check(cudart.cudaGraphDestroy(captured), "making a graph")
        self._release = weakref.finalize(self, cudart.cudaGraphExecDestroy, self._executable)

    def launch(self, stream: Stream) -> None:
        """Launch it on a stream."""
        check(runtime_api().cudaGraphLaunch(self._executable, stream.handle), "launching a graph")


@dataclass(frozen=True)
class DeviceArray:
    """An array on a card, to be read by whatever knows DLPack or the CUDA array interface, without a copy.

    It is computed when you get it: the stream was waited for.

    Args:
        shape: its shape.
        pointer: where it lies.
        device: the card's number.
        owner: what keeps the memory; it lives as long as somebody reads it.
        dtype: NumPy's name.
    """

    shape: tuple[int, ...]
    pointer: int
    device: int
    owner: object = field(repr=False)
    dtype: str = "float32"

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """Version 3 of the interface; PyCUDA, CuPy, Numba and PyTorch read it."""
        return {
            "shape": self.shape,
            "typestr": np.dtype(self.dtype).str,
            "data": (self.pointer, False),
            "version": 3,
            "strides": None,
            "stream": None,
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        from f2p_deploy.runtimes.dlpack import CUDA

        return CUDA, self.device

    def __dlpack__(self, *, stream: Any = None, **newer: Any) -> Any:
        from f2p_deploy.runtimes.dlpack import CUDA, give

        return give(self.pointer, self.shape, self.dtype, (CUDA, self.device), self.owner)


def pointer_of(value: Any, shape: tuple[int, ...], name: str, device: int, stream: int) -> tuple[int, Any]:
    """Return where a device array lies, and what has to be kept while it is read.

    Args:
        value: with `__dlpack__` (PyTorch, CuPy, JAX), or `__cuda_array_interface__` (PyCUDA's GPUArray, Numba).
        shape: what it must have.
        name: of the tensor, for the sentence.
        device: the card that will read it.
        stream: the stream that will read it: it waits for whatever still computes the array.

    Raises:
        InputError: another shape or dtype, gaps between its numbers, another card, or no device array.
    """
    if hasattr(value, "__dlpack__"):
        from f2p_deploy.runtimes.dlpack import CUDA, take

        place = tuple(map(int, value.__dlpack_device__()))
        if place != (CUDA, device):
            raise InputError(f"the tensor {name!r} lies on the device {place}, not on the card {device}")
        taken = take(value.__dlpack__(stream=stream))  # whoever gives it makes our stream wait
        if taken.dtype != "float32" or taken.shape != shape:
            raise InputError(f"the tensor {name!r} must be float32 {shape}, found {taken.dtype} {taken.shape}")
        if not taken.contiguous:
            raise InputError(f"the tensor {name!r} has gaps between its numbers: make it contiguous")
        return taken.pointer, taken
    interface = getattr(value, "__cuda_array_interface__", None)
    if interface is not None:
        strides, found = interface.get("strides"), tuple(interface["shape"])
        if np.dtype(interface["typestr"]) != np.float32 or found != shape:
            raise InputError(f"the tensor {name!r} must be float32 {shape}, found {interface['typestr']} {found}")
        if strides is not None and tuple(strides) != _strides(shape):
            raise InputError(f"the tensor {name!r} has gaps between its numbers: make it contiguous")
        _wait_for(interface)
        return int(interface["data"][0]), value
    raise InputError(f"the tensor {name!r} must be a NumPy array or an array on a card, found {type(value).__name__}")


def _wait_for(interface: dict[str, Any]) -> None:
    """Wait for the stream that computes an array; for nothing if it says there is none, for all if it is silent."""
    if "stream" not in interface:
        check(runtime_api().cudaDeviceSynchronize(), "waiting for an array")
    elif interface["stream"] is not None:
        check(runtime_api().cudaStreamSynchronize(int(interface["stream"])), "waiting for an array")


def _strides(shape: tuple[int, ...], size: int = 4) -> tuple[int, ...]:
    strides = []
    for length in reversed(shape):
        strides.append(size)
        size *= length
    return tuple(reversed(strides))
