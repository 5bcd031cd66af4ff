"""The kernels between two gradient steps, compiled for the card by NVRTC."""

import ctypes
from importlib.resources import files
from typing import Any

import numpy as np

from f2p_deploy.errors import CompilerError, MissingDependency
from f2p_deploy.runtimes.cuda import Stream, check, release_with

SOURCE = "search_kernels.cu"

#: Threads in a block.
BLOCK = 256

#: NumPy rounds a product before it adds: so do the kernels.
OPTIONS = (b"--fmad=false", b"--std=c++17")


def source() -> str:
    """Return the kernels as C."""
    return (files("f2p_deploy.runtimes") / SOURCE).read_text(encoding="utf-8")


def compile_kernels(compute_capability: str) -> bytes:
    """Return the kernels for a card, as machine code: a driver need not be as new as NVRTC. Needs no card.

    Args:
        compute_capability: `8.9`.

    Raises:
        MissingDependency: NVRTC is not here.
        CompilerError: it refuses the source.
    """
    try:
        from cuda.bindings import nvrtc

        made = nvrtc.nvrtcCreateProgram(source().encode(), SOURCE.encode(), 0, None, None)
    except (ImportError, RuntimeError, OSError) as error:  # cuda-python loads the library when it is first called
        raise MissingDependency(
            "a captured search compiles its kernels, and NVRTC cannot be loaded "
            f"({' '.join(str(error).split())[:120]}): pip install nvidia-cuda-nvrtc"
        ) from error
    program = check(made, "compiling kernels")
    options = [*OPTIONS, f"--gpu-architecture=sm_{compute_capability.replace('.', '')}".encode()]
    status = nvrtc.nvrtcCompileProgram(program, len(options), options)
    if int(status[0]) != 0:
        size = check(nvrtc.nvrtcGetProgramLogSize(program), "compiling kernels")
        log = bytearray(size)
        nvrtc.nvrtcGetProgramLog(program, log)
        raise CompilerError(f"NVRTC refuses the search's kernels: {bytes(log).decode(errors='replace').strip()[:300]}")
    size = check(nvrtc.nvrtcGetCUBINSize(program), "compiling kernels")
    code = bytearray(size)
    check(nvrtc.nvrtcGetCUBIN(program, code), "compiling kernels")
    check(nvrtc.nvrtcDestroyProgram(program), "compiling kernels")
    return bytes(code)


class Kernels:
    """The kernels in the current context; any thread may launch them."""

    def __init__(self, compute_capability: str) -> None:
        from cuda.bindings import driver

        code = np.frombuffer(compile_kernels(compute_capability), np.uint8)
        self._driver = driver
        module = check(driver.cuModuleLoadData(code.ctypes.data), "loading kernels")
        release_with(self, driver.cuModuleUnload, module)
        self._functions = {
            name: check(driver.cuModuleGetFunction(module, name.encode()), "loading kernels")
            for name in ("carry", "arrive")
        }

    def launch(self, name: str, count: int, arguments: tuple[Any, ...], stream: Stream) -> None:
        """Enqueue a kernel over `count` numbers; pointers are ints, numbers are NumPy's or ctypes' own."""
        values = tuple(arguments)
        kinds = tuple(ctypes.c_void_p if isinstance(value, int) else _KINDS[type(value)] for value in values)
        plain = tuple(value if isinstance(value, int) else value.item() for value in values)
        blocks = -(-count // BLOCK)
        launched = self._driver.cuLaunchKernel(
            self._functions[name], blocks, 1, 1, BLOCK, 1, 1, 0, int(stream.handle), (plain, kinds), 0
        )
        check(launched, f"launching the kernel {name}")


_KINDS: dict[type, Any] = {np.float32: ctypes.c_float, np.int32: ctypes.c_int}
