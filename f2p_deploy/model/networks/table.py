"""The table of a bundle's networks: adding one is a file beside this one and a line here."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class NetworkEntry:
    """One network of the table.

    Args:
        builder: `module.function` in this package; the function takes (schema, settings) and returns the network with
            fresh weights. A string, so that a bundle is opened without PyTorch.
        required: whether every bundle has it; the paper's networks are.
    """

    builder: str
    required: bool = True


NETWORKS: dict[str, NetworkEntry] = {
    "imitator": NetworkEntry("imitator.build_imitator"),
    "recognition": NetworkEntry("recognition.build_recognition"),
    "segmentation": NetworkEntry("segmentation.build_segmentation"),
    "translator": NetworkEntry("translator.build_translator"),
    "surrogate": NetworkEntry("surrogate.build_surrogate", required=False),
    "shortcut": NetworkEntry("shortcut.build_shortcut", required=False),
    "reader": NetworkEntry("reader.build_reader", required=False),
}

#: The paper's networks, which every bundle has once its training is finished.
REQUIRED_NETWORKS = tuple(name for name, entry in NETWORKS.items() if entry.required)


def build_network(name: str, schema: Schema, settings: BundleSettings) -> "nn.Module":
    """Return one network of a bundle with fresh weights.

    Args:
        name: a key of `NETWORKS`.
        schema: gives n, n_c and the discrete groups.
        settings: gives sizes and widths.

    Raises:
        InputError: no network has this name.
    """
    if name not in NETWORKS:
        raise InputError(
            f"a bundle has {', '.join(NETWORKS)}; no network is called {name!r}{suggestion(name, tuple(NETWORKS))}"
        )
    module, _, function = NETWORKS[name].builder.partition(".")
    network: nn.Module = getattr(import_module(f"f2p_deploy.model.networks.{module}"), function)(schema, settings)
    return network
