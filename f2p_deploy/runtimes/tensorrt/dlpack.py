"""DLPack capsules: write and read them, to exchange arrays with other libraries without a copy or a dependency.

The structures are those of dlpack.h, version 0.8 (`DLManagedTensor`), which every library reads and writes.
"""

import ctypes
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from f2p_deploy.system.errors import InputError

#: Device types of dlpack.h.
CPU, CUDA = 1, 2

_NEW, _USED = b"dltensor", b"used_dltensor"

#: Type codes of dlpack.h.
_CODES = {0: "int", 1: "uint", 2: "float", 4: "bfloat"}


class _Device(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("index", ctypes.c_int32)]


class _DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("ndim", ctypes.c_int32),
        ("dtype", _DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter)]

_python = ctypes.pythonapi
_Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_python.PyCapsule_New.restype = ctypes.py_object
_python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, _Destructor]
_python.PyCapsule_GetPointer.restype = ctypes.c_void_p
_python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_python.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]

# The destructor gets a capsule that is being destroyed, so these functions take it as a plain address.
_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_IsValid", _python))
_pointer_in = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_GetPointer", _python))

#: The objects that keep a capsule's memory alive, by the address of its `DLManagedTensor`.
_alive: dict[int, tuple[Any, ...]] = {}


@_Deleter
def _forget(managed: Any) -> None:
    """Release a capsule's objects; the library that took the capsule calls this once."""
    _alive.pop(ctypes.addressof(managed.contents), None)


@_Destructor
def _unread(capsule: Any) -> None:
    """Release the objects of a capsule that no library took."""
    if _is_valid(capsule, _NEW):
        _alive.pop(_pointer_in(capsule, _NEW), None)


def give(pointer: int, shape: tuple[int, ...], dtype: str, device: tuple[int, int], owner: object) -> Any:
    """Return a capsule of a contiguous array.

    Args:
        pointer: the array's address.
        shape: the array's shape.
        dtype: NumPy's name of an integer or floating-point dtype.
        device: type and number, such as `(CUDA, 0)`.
        owner: an object that is kept until the reader releases the array.
    """
    kind = np.dtype(dtype)
    code = {"i": 0, "u": 1, "f": 2}[kind.kind]
    sizes = (ctypes.c_int64 * max(1, len(shape)))(*shape)
    managed = _Managed(
        _Tensor(
            pointer,
            _Device(*device),
            len(shape),
            _DataType(code, 8 * kind.itemsize, 1),
            ctypes.cast(sizes, ctypes.POINTER(ctypes.c_int64)),
            None,
            0,
        ),
        None,
        _forget,
    )
    address = ctypes.addressof(managed)
    _alive[address] = (managed, sizes, owner)
    return _python.PyCapsule_New(address, _NEW, _unread)


@dataclass(frozen=True)
class CapsuleArray:
    """An array from another library's capsule; that library's deleter is called when this is garbage-collected.

    Args:
        pointer: address of the first element.
        shape: the array's shape.
        dtype: NumPy's name of the dtype, or `bfloat16`.
        device: type and number.
        contiguous: True if the array is contiguous in C order.
    """

    pointer: int
    shape: tuple[int, ...]
    dtype: str
    device: tuple[int, int]
    contiguous: bool
    _managed: Any = field(repr=False)

    def __del__(self) -> None:
        managed = self._managed
        if managed and managed.contents.deleter:
            managed.contents.deleter(managed)


def take(capsule: Any) -> CapsuleArray:
    """Take the array out of a capsule, which is possible once.

    Raises:
        InputError: no DLPack capsule, or one that was taken already.
    """
    try:
        address = _python.PyCapsule_GetPointer(capsule, _NEW)
    except (ValueError, TypeError, ctypes.ArgumentError) as error:
        raise InputError("this is no DLPack capsule, or one that was taken already") from error
    _python.PyCapsule_SetName(capsule, _USED)
    managed = ctypes.cast(address, ctypes.POINTER(_Managed))
    tensor = managed.contents.tensor
    shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
    contiguous = True
    if tensor.strides:
        expected = 1
        for axis in reversed(range(tensor.ndim)):
            contiguous &= shape[axis] == 1 or tensor.strides[axis] == expected
            expected *= shape[axis]
    name = f"{_CODES.get(tensor.dtype.code, 'unknown')}{tensor.dtype.bits}"
    device = (tensor.device.kind, tensor.device.index)
    return CapsuleArray((tensor.data or 0) + tensor.byte_offset, shape, name, device, contiguous, managed)
