"""The NVIDIA cards of this machine, as the driver reports them; no package is needed and no memory is allocated."""

import ctypes
import sys
from dataclasses import dataclass

#: The driver's library on Windows and on other systems; macOS has none.
DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"

# CUdevice_attribute of the CUDA driver API.
_MAJOR, _MINOR = 75, 76


@dataclass(frozen=True)
class CudaDevice:
    """One NVIDIA card.

    Args:
        name: the driver's name of it (`NVIDIA GeForce RTX 4070`).
        compute_capability: its compute capability (`8.9`).
    """

    name: str
    compute_capability: str


def cuda_devices() -> tuple[CudaDevice, ...]:
    """Return the cards that a program on this machine can use; none without a driver."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError:
        return ()
    count = ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return ()
    cards = []
    for index in range(count.value):
        device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        name = ctypes.create_string_buffer(256)
        results = (
            driver.cuDeviceGet(ctypes.byref(device), index),
            driver.cuDeviceGetName(name, len(name), device),
            driver.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, device),
            driver.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, device),
        )
        if not any(results):
            cards.append(CudaDevice(name.value.decode(errors="replace"), f"{major.value}.{minor.value}"))
    return tuple(cards)
