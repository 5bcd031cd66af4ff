"""Whether tensors fit a network: their names and shapes, and the architecture that they would fit instead."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.model.recognisers import CROPPED, RECOGNISERS
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.system.errors import InputError

#: End of the names of batch norms' counters, which old checkpoints lack and evaluation never reads.
COUNTERS = ".num_batches_tracked"

#: The largest number of widths that are tried.
_MOST_WIDTHS = 12


def require_fitting(
    network: nn.Module, tensors: Mapping[str, torch.Tensor], sentence: str, absent: Collection[str] = (), end: str = ""
) -> None:
    """Raise unless tensors have the names and shapes of a network's state dict.

    Args:
        network: gives the names and shapes.
        tensors: by name.
        sentence: beginning of the error message.
        absent: names that the network has and the tensors need not have.
        end: end of the error message.

    Raises:
        InputError: names the first tensor that differs, in the network's order, with both shapes.
    """
    difference = _first_difference(network, tensors, absent)
    if difference is not None:
        name, expected, found = difference
        wanted, there = "absent" if expected is None else expected, "nothing" if found is None else found
        raise InputError(f"{sentence}: {name} should be {wanted}, found {there}{end}")


def fits(network: nn.Module, tensors: Mapping[str, torch.Tensor], absent: Collection[str] = ()) -> bool:
    """Return whether tensors have the names and shapes of a network's state dict, see `require_fitting`."""
    return _first_difference(network, tensors, absent) is None


def fitting_architecture(
    name: str,
    schema: Schema,
    settings: BundleSettings,
    tensors: Mapping[str, torch.Tensor],
    absent: Collection[str] = (),
) -> dict[str, Any]:
    """Return the settings of the architecture with which tensors would fit a network.

    Args:
        name: a key of `f2p_deploy.model.networks.table.NETWORKS`.
        schema, settings: of the bundle; with these the tensors do not fit.
        tensors, absent: see `require_fitting`.

    Returns:
        Values by names of `f2p_deploy.model.settings.Architecture`: another width of the same network, its whole depth,
        or another kind of recognition network; empty if none fits.
    """
    for changes in _candidates(name, schema, settings, tensors):
        try:
            other = replace(settings, architecture=replace(settings.architecture, **changes))
        except InputError:
            continue
        with torch.device("meta"):
            network = build_network(name, schema, other)
        if fits(network, tensors, absent):
            return changes
    return {}


def _first_difference(
    network: nn.Module, tensors: Mapping[str, torch.Tensor], absent: Collection[str]
) -> tuple[str, tuple[int, ...] | None, tuple[int, ...] | None] | None:
    """Return name, expected and found shape of the first tensor that differs; a shape is None if it is absent."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    for name in (*expected, *found):
        if expected.get(name) != found.get(name) and not (name in absent and name not in found):
            return name, expected.get(name), found.get(name)
    return None


def _candidates(
    name: str, schema: Schema, settings: BundleSettings, tensors: Mapping[str, torch.Tensor]
) -> Iterator[dict[str, Any]]:
    sizes = settings.architecture
    whole = {f"{name}_depth": 1.0} if getattr(sizes, f"{name}_depth", 1.0) != 1.0 else {}
    if hasattr(sizes, f"{name}_width"):
        full = replace(settings, architecture=replace(sizes, **{f"{name}_width": 1.0}, **whole))  # type: ignore[arg-type]
        with torch.device("meta"):
            shapes = {key: value.shape for key, value in build_network(name, schema, full).state_dict().items()}
        if whole:
            yield whole
        for width in (1.0, *_widths(shapes, tensors)):
            yield {f"{name}_width": width}
            if whole:
                yield {f"{name}_width": width, **whole}
    if name == "recognition":
        for kind in RECOGNISERS.values():
            if kind.name != sizes.recognition and kind.name not in CROPPED:
                yield {"recognition": kind.name, "recognition_size": kind.size, "recognition_width": 1.0, **whole}


def _widths(shapes: Mapping[str, torch.Size], tensors: Mapping[str, torch.Tensor]) -> Iterator[float]:
    """Yield widths that the largest axes suggest, the roundest number of each first.

    Args:
        shapes: of the network of width 1.
        tensors: of the checkpoint.
    """
    ratios = {
        (expected, found)
        for key, shape in shapes.items()
        if key in tensors and len(shape) == tensors[key].ndim
        for expected, found in zip(shape, tensors[key].shape, strict=True)
        if expected != found
    }
    tried: list[float] = [1.0]
    for expected, found in sorted(ratios, reverse=True):
        exact = found / expected
        for parts in (1, 2, 4, 8, 16, 32, 64, 1000):
            rounded = round(exact * parts) / parts
            # Numbers of channels are multiples of 8.
            if rounded > 0 and abs(rounded / exact - 1) <= 8 / found and rounded not in tried:
                tried.append(rounded)
                if len(tried) > _MOST_WIDTHS:
                    return
                yield rounded
