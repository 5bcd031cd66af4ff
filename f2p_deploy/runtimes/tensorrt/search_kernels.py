"""The kernels between two gradient steps: PTX, which the card's driver finishes when it loads it, without a compiler.

`tools/search_kernels.py` writes the PTX from the CUDA C beside it.
"""

import ctypes
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np

from f2p_deploy.runtimes.tensorrt.cuda import Stream, check, release_with

SOURCE, PTX = "search_kernels.cu", "search_kernels.ptx"

#: Begins the PTX; the fingerprint of the source that it was made from follows.
MARK = f"// {SOURCE}, SHA-256 "

#: Threads in a block.
BLOCK = 256


def source() -> str:
    """Return the kernels as CUDA C, which is C where no CUDA compiler reads it."""
    return (files("f2p_deploy.runtimes.tensorrt") / SOURCE).read_text(encoding="utf-8")


def fingerprint() -> str:
    """Return the SHA-256 of the source, in hexadecimal."""
    return sha256(source().encode()).hexdigest()


def ptx() -> str:
    """Return the kernels as PTX."""
    return (files("f2p_deploy.runtimes.tensorrt") / PTX).read_text(encoding="utf-8")


class Kernels:
    """The kernels in the current context; any thread may launch them.

    Raises:
        CompilerError: the driver does not take them.
    """

    def __init__(self) -> None:
        from cuda.bindings import driver

        self._driver = driver
        code = np.frombuffer(ptx().encode() + b"\0", np.uint8)
        module = check(driver.cuModuleLoadData(code.ctypes.data), "loading the kernels of a search")
        release_with(self, driver.cuModuleUnload, module)
        self._functions = {
            name: check(driver.cuModuleGetFunction(module, name.encode()), "loading the kernels of a search")
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
