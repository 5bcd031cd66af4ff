"""The imported networks of a bundle: they are not trained over, except those that training starts from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.import_mark import import_mark
from f2p_deploy.model.networks.table import NETWORKS
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from torch import nn


def imported_networks(bundle: Bundle) -> dict[str, Mapping[str, Any]]:
    """Return the marks of a bundle's imported networks by name, see `f2p_deploy.model.import_mark`."""
    stored = (*bundle.networks, *bundle.starts)
    return {name: mark for name in NETWORKS if name in stored and (mark := import_mark(bundle.provenance, name))}


def require_trainable(bundle: Bundle, name: str, retrain: bool = False) -> None:
    """Raise if training a network would replace an imported one; one that is only a start may be trained.

    Args:
        bundle: the bundle.
        name: a network or another part; only networks are imported.
        retrain: whether imported networks may be replaced (`--retrain`).

    Raises:
        InputError: the network is imported.
    """
    mark = imported_networks(bundle).get(name, {})
    if mark and not mark.get("start") and not retrain:
        raise InputError(
            f"the {name} of {bundle.path} is imported from {mark.get('file')}: only --retrain trains over it"
        )


def start_of(bundle: Bundle, name: str) -> "nn.Module | None":
    """Return the network that training starts from, with its imported weights; None if it starts from fresh ones."""
    from f2p_deploy.model.stored_network import read_network

    if name not in bundle.starts:
        return None
    return read_network(bundle.path / f"{name}.safetensors", name, bundle.schema, bundle.settings).train()
