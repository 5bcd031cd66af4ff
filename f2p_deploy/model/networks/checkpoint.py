"""Third-party checkpoints: files of tensors by name. Only tensors are read, and no code of a file is ever run."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from f2p_deploy.model.networks.dlib_file import is_dlib_file, read_dlib_weights
from f2p_deploy.system.errors import InputError

#: Keys under which training scripts keep the weights of the whole checkpoint, in the order in which they are tried.
STATES = ("state_dict", "model_state_dict", "model", "net", "network", "weights")

#: Prefixes that wrappers put before all names: DataParallel's and `torch.compile`'s.
WRAPPERS = ("module.", "_orig_mod.")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The content of a checkpoint.

    Args:
        tensors: by name, without the prefixes of `WRAPPERS`.
        beside: what the file holds beside its weights, such as `epoch` or `optimizer`.
    """

    tensors: Mapping[str, torch.Tensor]
    beside: tuple[str, ...] = ()


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    `.safetensors` and `.npz` are read as such, `.dat` as dlib's (see `f2p_deploy.model.networks.dlib_file`), every
    other file as PyTorch's (`.pth`, `.pt`, `.pth.tar`). A PyTorch checkpoint is a state dict, or holds one under a key
    of `STATES`.

    Raises:
        InputError: the file is not a checkpoint, holds no dense finite tensors, or holds objects that could run code.
    """
    content = _read(path)
    state, beside = _state_of(content)
    if not state:
        raise InputError(
            f"{path} holds no state dict of tensors: save one with torch.save(network.state_dict(), FILE)"
        )
    tensors = {_unwrapped(name): value for name, value in state.items()}
    for name, value in tensors.items():
        if value.layout is not torch.strided or value.is_quantized or value.device.type != "cpu":
            raise InputError(f"cannot use the checkpoint {path}: {name} is not a plain dense tensor")
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise InputError(f"cannot use the checkpoint {path}: {name} holds a number that is not finite")
    return Checkpoint(tensors, tuple(beside))


def _unwrapped(name: str) -> str:
    while name.startswith(WRAPPERS):
        name = name.partition(".")[2]
    return name


def _state_of(content: object) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Return the tensors by name, and the names of everything beside them."""
    if not isinstance(content, Mapping):
        return {}, []
    for key in STATES:
        inner = content.get(key)
        if isinstance(inner, Mapping) and any(isinstance(value, torch.Tensor) for value in inner.values()):
            beside = [str(name) for name in content if name != key]
            return _tensors(inner), [*beside, *_others(inner)]
    return _tensors(content), _others(content)


def _tensors(state: Mapping[Any, Any]) -> dict[str, torch.Tensor]:
    return {str(name): value for name, value in state.items() if isinstance(value, torch.Tensor)}


def _others(state: Mapping[Any, Any]) -> list[str]:
    return [str(name) for name, value in state.items() if not isinstance(value, torch.Tensor)]


def _read(path: Path) -> object:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if is_dlib_file(path):
        return read_dlib_weights(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if path.suffix == ".npz":
            return _read_arrays(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise InputError(
            f"cannot read the checkpoint {path}: it is no safetensors file, or damaged or cut short"
        ) from error
    except OSError as error:
        raise InputError(f"cannot read the checkpoint {path}: {error.strerror or 'it cannot be opened'}") from error
    except Exception as error:  # the readers may raise any error for a foreign file
        raise InputError(f"cannot read the checkpoint {path}: {_what_is_wrong(path)}") from error


def _read_arrays(path: Path) -> dict[str, torch.Tensor]:
    """Return the arrays of numbers of an `.npz` file; arrays of objects are refused, since they are pickles."""
    with np.load(path, allow_pickle=False) as arrays:
        values = {name: arrays[name] for name in arrays.files}
    return {
        name: torch.from_numpy(value.astype(value.dtype.newbyteorder("="), order="C"))
        for name, value in values.items()
        if value.dtype.kind in "fiub"
    }


def _what_is_wrong(path: Path) -> str:
    """Return the reason why a file cannot be read: not a checkpoint, damaged, or not only tensors."""
    if path.suffix == ".npz":
        return "it is no .npz file of numbers, or damaged or cut short, or holds objects that could run code"
    if zipfile.is_zipfile(path):
        if any(name.endswith("/constants.pkl") for name in zipfile.ZipFile(path).namelist()):
            return (
                "it is a TorchScript program, which could run code: save its weights alone, "
                "torch.save(torch.jit.load(FILE).state_dict(), OTHER), and import that"
            )
        try:
            others = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        except Exception:  # damaged; reported below
            others = []
        if others:
            return (
                f"it holds {', '.join(sorted(others))} in addition to tensors and could run code: "
                "save the state dict alone, torch.save(network.state_dict(), FILE), and import that"
            )
    with path.open("rb") as file:
        start = file.read(2)
    if start.startswith((b"PK", b"\x80")):
        return "it is damaged or cut short, or holds more than tensors"
    return "it is no PyTorch checkpoint; files of other formats are recognised by .safetensors, .npz and .dat"
