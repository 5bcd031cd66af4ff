"""Weights from `dlib_face_recognition_resnet_model_v1.dat`, dlib's file of its face recognition network.

The file is a stream without an index: for each layer its name, a version, the sizes of its tensor and its parameters as
little-endian float32. An integer is a byte with its length (bit 7: negative) and then that number of bytes. Layers are
stored in the order of the computation; dlib counts them from the last.
"""

import math
import re
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.model.networks.dlib_resnet import DlibResNet
from f2p_deploy.system.errors import InputError

_LAYER = re.compile(rb"con_4|affine_|fc_2")

#: Version of every layer's record, and the number of integers before it: a fully connected layer has two.
_VERSION, _BEFORE_VERSION = 2, {"fc_2": 2}

#: Upper bound on the number of parameters of a layer; a larger number means a damaged file.
_MOST = 1 << 22


def is_dlib_file(path: Path) -> bool:
    """Return whether a file has the suffix of dlib's models, `.dat`."""
    return path.suffix.lower() == ".dat"


def read_dlib_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read the weights of `DlibResNet` from dlib's file.

    Args:
        path: `dlib_face_recognition_resnet_model_v1.dat`.

    Returns:
        A state dict, float32, with each affine layer folded into its convolution.

    Raises:
        InputError: the file cannot be read, is truncated, or holds another network.
    """
    try:
        layers = _read_layers(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} is not dlib's face recognition network, or is truncated") from error
    network = DlibResNet()
    # The modules are in the order of the computation.
    convolutions = [(name, module) for name, module in network.named_modules() if isinstance(module, torch.nn.Conv2d)]
    if [name for name, _ in layers] != ["con_4", "affine_"] * len(convolutions) + ["fc_2"]:
        raise InputError(
            f"{path} should hold {len(convolutions)} convolutions and a fully connected layer, as dlib's face "
            f"recognition network does; found {len(layers)} layers"
        )
    tensors = {}
    values = [torch.from_numpy(value) for _, value in layers]
    for (name, convolution), filters, affine in zip(convolutions, values[:-1:2], values[1::2], strict=True):
        shape, outputs = convolution.weight.shape, convolution.out_channels
        if len(filters) != shape.numel() + outputs or len(affine) != 2 * outputs:
            raise InputError(f"{path} does not fit the face recognition network: {name} should be {tuple(shape)}")
        gamma, beta = affine.view(2, outputs)
        tensors[f"{name}.weight"] = filters[:-outputs].view(shape) * gamma.view(-1, 1, 1, 1)
        tensors[f"{name}.bias"] = filters[-outputs:] * gamma + beta
    last = network.fc
    if len(values[-1]) != last.weight.numel():
        raise InputError(f"{path} does not fit the face recognition network: fc should be {tuple(last.weight.shape)}")
    tensors["fc.weight"] = values[-1].view(last.in_features, last.out_features).T.contiguous()
    return tensors


def _read_layers(data: bytes) -> list[tuple[str, np.ndarray]]:
    """Return name and parameters (float32) of each layer with parameters, in the order of the computation."""
    layers, at = [], 0
    while (match := _LAYER.search(data, at)) is not None:
        name, at = match.group().decode(), match.end()
        _, at = _integers(data, at, _BEFORE_VERSION.get(name, 0))
        (version,), at = _integers(data, at, 1)
        if version != _VERSION:
            raise ValueError(f"layer {name} of version {version}")
        sizes, at = _integers(data, at, 4)
        count = math.prod(sizes)
        if not 0 < count <= _MOST:
            raise ValueError(f"layer {name} of {count} parameters")
        layers.append((name, np.frombuffer(data, "<f4", count, at).astype(np.float32)))
        at += 4 * count
    return layers


def _integers(data: bytes, at: int, count: int) -> tuple[list[int], int]:
    """Return `count` integers from position `at`, and the position after them."""
    numbers = []
    for _ in range(count):
        length = data[at] & 15
        value = int.from_bytes(data[at + 1 : at + 1 + length], "little")
        if at + 1 + length > len(data):
            raise ValueError("the file ends within a number")
        numbers.append(-value if data[at] & 128 else value)
        at += 1 + length
    return numbers, at
