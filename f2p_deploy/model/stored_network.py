"""Reading a network of a bundle from its file of weights."""

from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from torch import nn


def read_network(path: Path, name: str, schema: Schema, settings: BundleSettings) -> "nn.Module":
    """Return a network with its stored weights in float32, in evaluation mode.

    Args:
        path: the `.safetensors` file.
        name: a key of `f2p_deploy.model.networks.table.NETWORKS`.
        schema, settings: of the bundle; they describe the network.

    Raises:
        InputError: the file is no safetensors file, or does not hold the network that the bundle describes.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from f2p_deploy.model.networks.fitting import require_fitting

    sentence = f"{path} does not hold the {name} that bundle.json describes"
    try:
        # Weights created in a caller's inference mode could not be used by autograd later.
        with torch.inference_mode(False):
            network = build_network(name, schema, settings)
            stored = load_file(path)
            require_fitting(network, stored, sentence)
            network.load_state_dict({key: t.float() if t.is_floating_point() else t for key, t in stored.items()})
    except (SafetensorError, OSError) as error:
        raise InputError(f"{sentence}: {reason_of(error, 'it is damaged or cut short')}") from error
    return network.eval()
