"""Third-party checkpoints: only tensors are read, and all names and shapes are checked before any is used."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from f2p_deploy.model.networks.dlib_file import is_dlib_file, read_dlib_weights
from f2p_deploy.system.errors import InputError

#: Prefixes of tensors that are ignored: LightCNN's classifier of its training identities.
NOT_NEEDED = ("fc2.",)


def load_checkpoint(network: nn.Module, path: Path) -> None:
    """Load a network's weights from a `.safetensors` file or a PyTorch checkpoint, such as LightCNN-29v2's.

    A checkpoint is a state dict, or holds one as `state_dict`; the `module.` prefix of DataParallel is dropped.
    A `.dat` file is dlib's, see `f2p_deploy.model.networks.dlib_file`.

    Args:
        network: the network to fill; unchanged if an error is raised.
        path: the file.

    Raises:
        InputError: the file is not a checkpoint, could run code, or has tensors of other names or shapes; the first
            that differs is named.
    """
    tensors = {name: value for name, value in _read(path).items() if not name.startswith(NOT_NEEDED)}
    require_fitting(network, tensors, f"{path} does not fit this {type(network).__name__}")
    network.load_state_dict(tensors)


def require_fitting(network: nn.Module, tensors: Mapping[str, torch.Tensor], sentence: str) -> None:
    """Raise unless tensors have the names and shapes of a network's state dict.

    Args:
        network: gives the names and shapes.
        tensors: by name.
        sentence: beginning of the error message.

    Raises:
        InputError: names the first tensor that differs, with both shapes.
    """
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    for name in sorted(expected.keys() | shapes.keys()):
        if expected.get(name) != shapes.get(name):
            raise InputError(
                f"{sentence}: {name} should be {expected.get(name, 'absent')}, found {shapes.get(name, 'nothing')}"
            )


def _read(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if is_dlib_file(path):
        return read_dlib_weights(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise InputError(
            f"cannot read the checkpoint {path}: it is no safetensors file, or damaged or cut short"
        ) from error
    except OSError as error:
        raise InputError(f"cannot read the checkpoint {path}: {error.strerror or 'it cannot be opened'}") from error
    except Exception as error:  # PyTorch's reader may raise any error for a foreign file
        raise InputError(f"cannot read the checkpoint {path}: {_what_is_wrong(path)}") from error
    state = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(
            f"{path} holds no state dict of tensors: save one with torch.save(network.state_dict(), FILE)"
        )
    return {str(name).removeprefix("module."): value for name, value in state.items()}


def _what_is_wrong(path: Path) -> str:
    """Return the reason why PyTorch cannot read a file: not a checkpoint, damaged, or not only tensors."""
    if zipfile.is_zipfile(path):
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
    return "it is no PyTorch checkpoint; a file of the other format is recognised by its suffix .safetensors"
