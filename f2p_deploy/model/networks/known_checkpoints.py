"""Checkpoints that are recognised by their tensors, and what to do with those that a network does not have."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch

#: Number of people in the training set of LightCNN's published checkpoints, MS-Celeb-1M.
PUBLISHED_PEOPLE = 80013


@dataclass(frozen=True)
class CheckpointKind:
    """One kind of checkpoint.

    Args:
        name: for the provenance.
        aside: names of the checkpoint's tensors that the network does not need.
        fresh: names of the network's tensors that the checkpoint lacks; training starts from such a network.
        cropped: true if its network was trained on LightCNN's crop, see `f2p_deploy.model.recognisers`.
    """

    name: str
    aside: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    cropped: bool = False


def kind_of(network: str, tensors: Mapping[str, torch.Tensor], names: Collection[str]) -> CheckpointKind:
    """Return the kind of a checkpoint.

    Args:
        network: the network that it is for, a key of `f2p_deploy.model.networks.table.NETWORKS`.
        tensors: of the checkpoint.
        names: of the network's tensors.
    """
    people = tensors.get("fc2.weight")
    if network == "recognition" and people is not None and "block1.0.conv1.filter.weight" in tensors:
        # The classifier of the people that it was trained on.
        aside = tuple(name for name in tensors if name.startswith("fc2."))
        published = len(people) == PUBLISHED_PEOPLE
        return CheckpointKind("LightCNN-29v2 as published" if published else "LightCNN-29v2", aside, cropped=published)
    if network == "segmentation" and "fc.weight" in tensors and "layer4.2.conv3.weight" in tensors:
        own = tuple(name for name in names if name.startswith("classifier.") and name not in tensors)
        return CheckpointKind("ResNet-50 of torchvision", ("fc.weight", "fc.bias"), own)
    return CheckpointKind("state dict")
