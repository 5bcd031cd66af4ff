"""CUDA through cuda-python, without PyTorch: checked calls, memory that frees itself, streams and graphs."""

import math
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency
from f2p_deploy.system.extras import install_line

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
            f"CUDA needs cuda-python, which cannot be loaded here: {install_line('trt')}"
        ) from error
    return runtime


def checked_call(result: tuple[Any, ...], doing: str) -> Any:
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


class Context:
    """A CUDA context: current inside of `with`, in any thread; what was current before is current again behind it.

    Args:
        handle: the driver's.
        device: the card's number.
    """

    def __init__(self, handle: Any, device: int) -> None:
        self.handle, self.device = handle, device

    def __enter__(self) -> "Context":
        checked_call(_driver().cuCtxPushCurrent(self.handle), f"using the card {self.device}")
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        result = _driver().cuCtxPopCurrent()
        if kind is None:  # else what went wrong in the block is what counts
            checked_call(result, f"leaving the card {self.device}")


def context_on(device: int) -> Context:
    """Return this thread's current context if it is on a card (PyCUDA's, say), else that card's primary one.

    The primary one is what PyTorch, CuPy and the CUDA runtime share; it is kept until the process ends.

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


def release_with(owner: object, release: Callable[[Any], Any], held: Any) -> None:
    """Release something of the current context when its owner is gone, in whatever thread that is.

    Args:
        owner: who holds it.
        release: cuda-python's function for it.
        held: what it is called with.
    """
    context = checked_call(_driver().cuCtxGetCurrent(), "asking for the current context")
    weakref.finalize(owner, release_in, context, release, held)


def release_in(context: Any, release: Callable[[Any], Any], held: Any) -> None:
    """Call `release(held)` while a driver's context is current; not at all if that, or Python, is on its way out."""
    if sys.is_finalizing():
        return
    driver = _driver()
    if int(driver.cuCtxPushCurrent(context)[0]) == 0:  # else the context is gone, and all of its memory with it
        release(held)
        driver.cuCtxPopCurrent()


def _driver() -> Any:
    runtime_api()  # says what is missing
    from cuda.bindings import driver

    return driver


def free_memory() -> tuple[int, int]:
    """Return the bytes that are free on the current card, and its bytes in all."""
    free, total = checked_call(runtime_api().cudaMemGetInfo(), "asking for free memory")
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
        self.pointer = int(checked_call(result, f"getting memory for {purpose}"))
        self.size = size
        release_with(self, cudart.cudaFree, self.pointer)


class Stream:
    """An explicit stream of its own: the default one would wait for everybody's."""

    def __init__(self) -> None:
        cudart = runtime_api()
        self.handle = checked_call(cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking), "making a stream")
        self._uploaded: list[np.ndarray] = []
        release_with(self, cudart.cudaStreamDestroy, self.handle)

    def wait(self) -> None:
        """Wait until everything on it is done."""
        checked_call(runtime_api().cudaStreamSynchronize(self.handle), "computing")
        self._uploaded.clear()

    def upload(self, pointer: int, values: np.ndarray) -> None:
        """Copy an array to the card; it is kept until `wait`, since one in page-locked memory is read later."""
        cudart = runtime_api()
        contiguous = np.ascontiguousarray(values)
        self._uploaded.append(contiguous)
        kind = cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        status = cudart.cudaMemcpyAsync(pointer, contiguous.ctypes.data, contiguous.nbytes, kind, self.handle)
        checked_call(status, "copying to the card")

    def download(self, values: np.ndarray, pointer: int) -> None:
        """Copy from the card into an array, and wait for it."""
        cudart = runtime_api()
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        status = cudart.cudaMemcpyAsync(values.ctypes.data, pointer, values.nbytes, kind, self.handle)
        checked_call(status, "copying from the card")
        self.wait()

    def copy(self, target: int, source: int, size: int) -> None:
        """Copy from one place on the card to another."""
        cudart = runtime_api()
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        checked_call(cudart.cudaMemcpyAsync(target, source, size, kind, self.handle), "copying on the card")

    def capture(self, enqueue: Callable[[], None]) -> "CudaGraph":
        """Return a graph of everything that a function enqueues on this stream.

        Other threads may go on using the card: the capture is this thread's.

        Raises:
            CompilerError: something cannot be captured.
        """
        cudart = runtime_api()
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        checked_call(cudart.cudaStreamBeginCapture(self.handle, mode), "beginning a capture")
        try:
            enqueue()
        except BaseException:
            cudart.cudaStreamEndCapture(self.handle)  # the stream is to be usable again
            cudart.cudaGetLastError()
            raise
        return CudaGraph(checked_call(cudart.cudaStreamEndCapture(self.handle), "ending a capture"))


class CudaGraph:
    """A captured graph, ready to be launched."""

    def __init__(self, captured: Any) -> None:
        cudart = runtime_api()
        self._executable = checked_call(cudart.cudaGraphInstantiate(captured, 0), "making a graph")
        checked_call(cudart.cudaGraphDestroy(captured), "making a graph")
        release_with(self, cudart.cudaGraphExecDestroy, self._executable)

    def launch(self, stream: Stream) -> None:
        """Launch it on a stream."""
        checked_call(runtime_api().cudaGraphLaunch(self._executable, stream.handle), "launching a graph")


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
            BufferError: it is wanted on another device.
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
        from f2p_deploy.runtimes.tensorrt.dlpack import CUDA, take

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


def require_same_context(pointer: int, name: str, context: Context) -> None:
    """Raise if an array's memory belongs to another context, whose addresses mean nothing here.

    Raises:
        InputError: it does.
    """
    handle = _context_of(pointer)
    if handle and int(handle) != int(context.handle):
        raise InputError(
            f"the tensor {name!r} lies in another CUDA context than the one that was current when the artifact was "
            "loaded: load it where the context of the arrays is current"
        )


def _context_of(pointer: int) -> Any:
    """Return the driver's context that memory belongs to; None for a pool's, which belongs to none."""
    driver = _driver()
    attribute = driver.CUpointer_attribute.CU_POINTER_ATTRIBUTE_CONTEXT
    status, handle = driver.cuPointerGetAttribute(attribute, pointer)
    return handle if int(status) == 0 and int(handle) else None


def _wait_for(interface: dict[str, Any]) -> None:
    """Wait for the stream that computes an array; for everything if the array's maker says nothing of streams.

    PyCUDA says that there is none and computes on the default stream, which no stream of our own waits for.
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
