"""The NVIDIA cards of this machine, asked of the driver itself: no package is needed and nothing is allocated."""

import ctypes
import sys
from dataclasses import dataclass

#: The driver's library on Windows and elsewhere; there is none on macOS.
DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"

# CUdevice_attribute of the CUDA driver API.
_MAJOR, _MINOR = 75, 76


@dataclass(frozen=True)
class CudaDevice:
    """One card.

    Args:
        name: as the driver calls it (`NVIDIA GeForce RTX 4070`).
        compute_capability: as NVIDIA numbers it (`8.9`).
    """

    name: str
    compute_capability: str


def cuda_devices() -> tuple[CudaDevice, ...]:
    """Return the cards that a program here could use; none where there is no driver."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError:
        return ()
    count = ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return ()
    found = []
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
            found.append(CudaDevice(name.value.decode(errors="replace"), f"{major.value}.{minor.value}"))
    return tuple(found)
