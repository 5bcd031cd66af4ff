"""Read plain data from a pickle without executing it: lists, tuples, bytes, numbers and NumPy arrays of numbers.

A pickle is a program, and `pickle.load` runs it. Here `pickletools.genops`, which only disassembles, gives one
instruction at a time, and only those that build plain data are followed. No name in the file is ever looked up.
"""

import mmap
import pickletools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.system.errors import InputError

#: Instructions whose argument is a value.
_VALUES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip

#: Instructions of Python 2 whose argument is bytes, which `pickletools` decodes as Latin-1.
_OLD_BYTES = {"STRING", "BINSTRING", "SHORT_BINSTRING"}

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}

_MARK = object()

#: Names of NumPy's functions and classes in pickles of versions 1 and 2.
_RECONSTRUCT = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}
_SCALAR = {("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar")}
_FROM_BUFFER = {("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer")}
_NDARRAY, _DTYPE, _ENCODE = ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")
_BYTES = {("__builtin__", "bytes"), ("builtins", "bytes")}

_KNOWN = _RECONSTRUCT | _SCALAR | _FROM_BUFFER | _BYTES | {_NDARRAY, _DTYPE, _ENCODE}

#: Codes of dtypes that hold numbers or truth values.
_KINDS = "biuf"


class NotPlainError(ValueError):
    """A pickle holds more than plain data."""


@dataclass(frozen=True)
class _Name:
    """A name in the file: module and attribute; nothing is imported."""

    pair: tuple[str, str]


@dataclass
class _Dtype:
    code: str
    order: str = "="

    def read(self) -> np.dtype:
        code = self.code.lstrip("<>=|")
        if not code or code[0] not in _KINDS or not (code[1:].isdigit() and int(code[1:]) <= 8):
            raise NotPlainError(f"an array of {self.code}")
        return np.dtype((self.order if self.order in "<>" else "=") + code)


@dataclass
class _Array:
    made: np.ndarray | None = None


def read_plain_pickle(path: Path) -> Any:
    """Return the data of a pickle file; bytes of Python 2 stay bytes.

    Raises:
        InputError: the file cannot be read, is damaged, or holds more than plain data.
    """
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return plain_data(content)
    except NotPlainError as error:
        raise InputError(f"{path} is not read: it holds more than lists, bytes, numbers and arrays") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError) as error:
        raise InputError(f"{path} is damaged, or no file of pairs in InsightFace's format") from error


def plain_data(content: Any) -> Any:
    """Return the data of a pickle.

    Args:
        content: bytes, or an open binary file.

    Raises:
        NotPlainError: it holds more than plain data.
        ValueError, IndexError, KeyError, TypeError: it is damaged.
    """
    machine = _Machine()
    for instruction, argument, _ in pickletools.genops(content):
        machine.follow(instruction.name, argument)
    if len(machine.stack) != 1:
        raise ValueError("the pickle ends early")
    made = _finished(machine.stack[0])
    _require_plain(made)
    return made


class _Machine:
    """The stack and the memo of a pickle; `follow` does what one instruction says."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def follow(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(bytes(argument) if name == "BYTEARRAY8" else argument)
        elif name in _OLD_BYTES:
            stack.append(argument.encode("latin-1"))
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("EMPTY_LIST", "EMPTY_TUPLE"):
            stack.append([] if name == "EMPTY_LIST" else ())
        elif name in ("LIST", "TUPLE"):
            values = self._after_mark()
            stack.append(values if name == "LIST" else tuple(values))
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            stack[-count:] = [tuple(_finished(value) for value in stack[-count:])]
        elif name in ("APPEND", "APPENDS"):
            values = [_finished(stack.pop())] if name == "APPEND" else self._after_mark()
            if not isinstance(stack[-1], list):
                raise ValueError("no list to append to")
            stack[-1].extend(values)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self._name(name, argument)
        elif name == "REDUCE":
            arguments, called = stack.pop(), stack.pop()
            stack.append(_called(called, arguments))
        elif name == "BUILD":
            state = stack.pop()
            _build(stack[-1], state)
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise NotPlainError(name)

    def _after_mark(self) -> list[Any]:
        place = max(i for i, value in enumerate(self.stack) if value is _MARK)
        values = [_finished(value) for value in self.stack[place + 1 :]]
        del self.stack[place:]
        return values

    def _name(self, name: str, argument: Any) -> None:
        if name == "GLOBAL":
            module, attribute = argument.split(" ", 1)
        else:
            attribute, module = self.stack.pop(), self.stack.pop()
        pair = (module, attribute)
        if pair not in _KNOWN:
            raise NotPlainError(f"the name {module}.{attribute}")
        self.stack.append(_Name(pair))


def _called(called: Any, arguments: Any) -> Any:
    """Return what a call of one of the known names makes."""
    if not isinstance(called, _Name) or not isinstance(arguments, tuple):
        raise NotPlainError("a call of something that is no name")
    if called.pair in _RECONSTRUCT:
        return _Array()
    if called.pair == _DTYPE:
        code = arguments[0]
        return _Dtype(code.decode("ascii") if isinstance(code, bytes) else str(code))
    if called.pair in _SCALAR:
        dtype, content = arguments
        return np.frombuffer(content, dtype.read())[0].item()
    if called.pair in _FROM_BUFFER:
        content, dtype, shape, order = arguments
        return np.frombuffer(content, dtype.read()).reshape(shape, order=order)
    if called.pair == _ENCODE and len(arguments) == 2:  # bytes, as Python 3 writes them in protocols of Python 2
        return arguments[0].encode("latin-1")
    if called.pair in _BYTES and not arguments:
        return b""
    raise NotPlainError(f"a call of {called.pair[1]}")


def _build(made: Any, state: Any) -> None:
    """Give an array or a dtype its state."""
    if isinstance(made, _Dtype):
        order = state[1]
        made.order = order.decode("ascii") if isinstance(order, bytes) else str(order)
    elif isinstance(made, _Array):
        _, shape, dtype, fortran, content = state
        values = np.frombuffer(content, dtype.read())
        made.made = values.reshape(shape, order="F" if fortran else "C")
    else:
        raise NotPlainError("a state of something that is no array")


def _finished(value: Any) -> Any:
    """Return a value with an array in the place of its parts."""
    if isinstance(value, _Array) and value.made is not None:
        return value.made
    return value


def _require_plain(made: Any) -> None:
    """Raise `NotPlainError` if a name, a dtype or an unfinished array is in the data."""
    waiting, seen = [made], set()
    while waiting:
        value = waiting.pop()
        if value is _MARK or isinstance(value, _Name | _Dtype | _Array):
            raise NotPlainError("a name or a dtype by itself")
        if isinstance(value, list | tuple) and id(value) not in seen:
            seen.add(id(value))
            waiting.extend(value)
