"""CUDA through cuda-python, without PyTorch: checked calls, buffers that free themselves, streams and graphs."""

import math
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency
from f2p_deploy.system.extras import install_line

#: Alignment in bytes that TensorRT requires of tensor addresses; cudaMalloc's addresses have it.
ALIGNMENT = 256


def runtime_api() -> Any:
    """Return cuda-python's module of the CUDA runtime API.

    Raises:
        MissingDependency: cuda-python is not installed.
    """
    try:
        from cuda.bindings import runtime
    except ImportError as error:
        raise MissingDependency(
            f"CUDA needs cuda-python, which cannot be loaded here: {install_line('trt')}"
        ) from error
    return runtime


def checked_call(result: tuple[Any, ...], doing: str) -> Any:
    """Return the values of a cuda-python call after checking its status.

    Args:
        result: (status,), (status, value) or (status, value, ...).
        doing: what the call does, for the error message.

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


class Context:
    """A CUDA context, as a context manager: current inside `with`, in any thread. `with` restores the previous one.

    Args:
        handle: the driver's handle.
        device: the card's number.
    """

    def __init__(self, handle: Any, device: int) -> None:
        self.handle, self.device = handle, device

    def __enter__(self) -> "Context":
        checked_call(_driver().cuCtxPushCurrent(self.handle), f"using the card {self.device}")
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        result = _driver().cuCtxPopCurrent()
        if kind is None:  # otherwise the exception from the block must not be replaced
            checked_call(result, f"leaving the card {self.device}")


def context_on(device: int) -> Context:
    """Return this thread's current context if it is on the card (for example PyCUDA's), else the card's primary one.

    PyTorch, CuPy and the CUDA runtime share the primary context. It is kept until the process ends.

    Raises:
        MissingDependency: no driver, or no such card.
    """
    count = checked_call(runtime_api().cudaGetDeviceCount(), "looking for cards")
    if device >= count:
        raise MissingDependency(f"the card {device} was asked for, and there are {count} here, counted from 0")
    driver = _driver()
    checked_call(driver.cuInit(0), "starting CUDA")
    current = checked_call(driver.cuCtxGetCurrent(), "asking for the current context")
    if int(current) and int(checked_call(driver.cuCtxGetDevice(), "asking for the current card")) == device:
        return Context(current, device)
    card = checked_call(driver.cuDeviceGet(device), f"looking for the card {device}")
    return Context(checked_call(driver.cuDevicePrimaryCtxRetain(card), f"starting the card {device}"), device)


def release_with(owner: object, release: Callable[[Any], Any], handle: Any) -> None:
    """Release a resource of the current context when its owner is garbage-collected, in whichever thread that happens.

    Args:
        owner: the object that holds the resource.
        release: cuda-python's function that releases it.
        handle: the argument of `release`.
    """
    context = checked_call(_driver().cuCtxGetCurrent(), "asking for the current context")
    weakref.finalize(owner, release_in, context, release, handle)


def release_in(context: Any, release: Callable[[Any], Any], handle: Any) -> None:
    """Call `release(handle)` with a driver context current; do nothing if the context is gone or Python is exiting."""
    if sys.is_finalizing():
        return
    driver = _driver()
    if int(driver.cuCtxPushCurrent(context)[0]) == 0:  # otherwise the context is gone, and its memory with it
        release(handle)
        driver.cuCtxPopCurrent()


def _driver() -> Any:
    runtime_api()  # raises if cuda-python is missing
    from cuda.bindings import driver

    return driver


def free_memory() -> tuple[int, int]:
    """Return the free and the total memory of the current card, in bytes."""
    free, total = checked_call(runtime_api().cudaMemGetInfo(), "asking for free memory")
    return int(free), int(total)


class Buffer:
    """Memory on the current card; freed when the object is garbage-collected.

    Args:
        size: bytes.
        purpose: what it is used for, for the error message.

    Raises:
        MissingDependency: not enough memory; the message has the size and the free memory.
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
        self.pointer = int(checked_call(result, f"getting memory for {purpose}"))
        self.size = size
        release_with(self, cudart.cudaFree, self.pointer)


class Stream:
    """A non-blocking stream: the default stream would wait for the streams of all other users."""

    def __init__(self) -> None:
        cudart = runtime_api()
        self.handle = checked_call(cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking), "making a stream")
        self._uploaded: list[np.ndarray] = []
        release_with(self, cudart.cudaStreamDestroy, self.handle)

    def wait(self) -> None:
        """Wait until the stream has finished all its work."""
        checked_call(runtime_api().cudaStreamSynchronize(self.handle), "computing")
        self._uploaded.clear()

    def upload(self, pointer: int, values: np.ndarray) -> None:
        """Copy an array to the card.

        The array is kept until `wait`: from page-locked memory the copy is asynchronous.
        """
        cudart = runtime_api()
        contiguous = np.ascontiguousarray(values)
        self._uploaded.append(contiguous)
        kind = cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        status = cudart.cudaMemcpyAsync(pointer, contiguous.ctypes.data, contiguous.nbytes, kind, self.handle)
        checked_call(status, "copying to the card")

    def download(self, values: np.ndarray, pointer: int) -> None:
        """Copy from the card into an array, and wait for the copy."""
        cudart = runtime_api()
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        status = cudart.cudaMemcpyAsync(values.ctypes.data, pointer, values.nbytes, kind, self.handle)
        checked_call(status, "copying from the card")
        self.wait()

    def copy(self, target: int, source: int, size: int) -> None:
        """Copy `size` bytes from one address on the card to another."""
        cudart = runtime_api()
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        checked_call(cudart.cudaMemcpyAsync(target, source, size, kind, self.handle), "copying on the card")

    def capture(self, enqueue: Callable[[], None]) -> "CudaGraph":
        """Return a graph of all work that a function enqueues on this stream.

        Other threads may use the card meanwhile: the capture is local to this thread.

        Raises:
            CompilerError: some of the work cannot be captured.
        """
        cudart = runtime_api()
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        checked_call(cudart.cudaStreamBeginCapture(self.handle, mode), "beginning a capture")
        try:
            enqueue()
        except BaseException:
            cudart.cudaStreamEndCapture(self.handle)  # makes the stream usable again
            cudart.cudaGetLastError()
            raise
        return CudaGraph(checked_call(cudart.cudaStreamEndCapture(self.handle), "ending a capture"))


class CudaGraph:
    """An instantiated CUDA graph, ready to be launched."""

    def __init__(self, captured: Any) -> None:
        cudart = runtime_api()
        self._executable = checked_call(cudart.cudaGraphInstantiate(captured, 0), "making a graph")
        checked_call(cudart.cudaGraphDestroy(captured), "making a graph")
        release_with(self, cudart.cudaGraphExecDestroy, self._executable)

    def launch(self, stream: Stream) -> None:
        """Launch the graph on a stream."""
        checked_call(runtime_api().cudaGraphLaunch(self._executable, stream.handle), "launching a graph")


@dataclass(frozen=True)
class DeviceArray:
    """An array on a card, for libraries that read DLPack or the CUDA array interface, without a copy.

    Its values are complete when a method returns it: the method waits for the stream.

    Args:
        shape: the array's shape.
        pointer: address on the card.
        device: the card's number.
        owner: the object that keeps the memory alive, for as long as a reader holds it.
        dtype: NumPy's name of the dtype.
    """

    shape: tuple[int, ...]
    pointer: int
    device: int
    owner: object = field(repr=False)
    dtype: str = "float32"

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """The array in version 3 of the CUDA array interface, which PyCUDA, CuPy, Numba and PyTorch read."""
        return {
            "shape": self.shape,
            "typestr": np.dtype(self.dtype).str,
            "data": (self.pointer, False),
            "version": 3,
            "strides": None,
            "stream": None,
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        from f2p_deploy.runtimes.tensorrt.dlpack import CUDA

        return CUDA, self.device

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Return a DLPack capsule, as the Python array API standard describes it.

        Raises:
            BufferError: another device was asked for.
        """
        from f2p_deploy.runtimes.tensorrt.dlpack import CUDA, give

        if dl_device is not None and tuple(map(int, dl_device)) != (CUDA, self.device):
            raise BufferError(f"this array lies on the card {self.device}; it cannot be given on {tuple(dl_device)}")
        owner, pointer = self.owner, self.pointer
        if copy:
            size = math.prod(self.shape) * np.dtype(self.dtype).itemsize
            handle = _context_of(self.pointer)
            with Context(handle, self.device) if handle else context_on(self.device):
                owner, moving = Buffer(size, "a copy of an output"), Stream()
                pointer = owner.pointer
                moving.copy(pointer, self.pointer, size)
                moving.wait()
        return give(pointer, self.shape, self.dtype, (CUDA, self.device), owner)


def pointer_of(value: Any, shape: tuple[int, ...], name: str, device: int, stream: int) -> tuple[int, Any]:
    """Return the address of a device array, and an object that must be kept while the array is read.

    Args:
        value: an object with `__dlpack__` (PyTorch, CuPy, JAX) or `__cuda_array_interface__` (PyCUDA, Numba).
        shape: the required shape.
        name: the tensor's name, for the error message.
        device: the card that will read the array.
        stream: the stream that will read the array; it waits for the work that still computes the array.

    Raises:
        InputError: another shape or dtype, a non-contiguous array, another card, or no device array.
    """
    if hasattr(value, "__dlpack__"):
        from f2p_deploy.runtimes.tensorrt.dlpack import CUDA, take

        place = tuple(map(int, value.__dlpack_device__()))
        if place != (CUDA, device):
            raise InputError(f"the tensor {name!r} lies on the device {place}, not on the card {device}")
        array = take(value.__dlpack__(stream=stream))  # the array's library makes our stream wait
        if array.dtype != "float32" or array.shape != shape:
            raise InputError(f"the tensor {name!r} must be float32 {shape}, found {array.dtype} {array.shape}")
        if not array.contiguous:
            raise InputError(f"the tensor {name!r} is not contiguous: copy it into a contiguous array")
        return array.pointer, array
    interface = getattr(value, "__cuda_array_interface__", None)
    if interface is not None:
        strides, actual = interface.get("strides"), tuple(interface["shape"])
        if np.dtype(interface["typestr"]) != np.float32 or actual != shape:
            raise InputError(f"the tensor {name!r} must be float32 {shape}, found {interface['typestr']} {actual}")
        if strides is not None and tuple(strides) != _strides(shape):
            raise InputError(f"the tensor {name!r} is not contiguous: copy it into a contiguous array")
        _wait_for(interface)
        return int(interface["data"][0]), value
    raise InputError(f"the tensor {name!r} must be a NumPy array or an array on a card, found {type(value).__name__}")


def require_same_context(pointer: int, name: str, context: Context) -> None:
    """Raise if an array's memory belongs to another context, whose addresses are not valid in this one.

    Raises:
        InputError: it belongs to another context.
    """
    handle = _context_of(pointer)
    if handle and int(handle) != int(context.handle):
        raise InputError(
            f"the tensor {name!r} lies in another CUDA context than the one that was current when the artifact was "
            "loaded: load it where the context of the arrays is current"
        )


def _context_of(pointer: int) -> Any:
    """Return the handle of the context that owns an address; None for memory of a pool, which no context owns."""
    driver = _driver()
    attribute = driver.CUpointer_attribute.CU_POINTER_ATTRIBUTE_CONTEXT
    status, handle = driver.cuPointerGetAttribute(attribute, pointer)
    return handle if int(status) == 0 and int(handle) else None


def _wait_for(interface: dict[str, Any]) -> None:
    """Wait for the stream that computes an array; for the whole card if the interface has no stream entry.

    PyCUDA's entry is None, although it computes on the default stream. Non-blocking streams do not wait for that one.
    """
    cudart = runtime_api()
    if "stream" not in interface:
        checked_call(cudart.cudaDeviceSynchronize(), "waiting for an array")
        return
    stream = interface["stream"]
    waited_for = cudart.cudaStreamLegacy if stream is None else stream
    checked_call(cudart.cudaStreamSynchronize(waited_for), "waiting for an array")


def _strides(shape: tuple[int, ...], size: int = 4) -> tuple[int, ...]:
    strides = []
    for length in reversed(shape):
        strides.append(size)
        size *= length
    return tuple(reversed(strides))
