"""Importing a network from somebody else's checkpoint instead of training it, or as a start of the training."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f2p_deploy.model.bundle import Bundle, store_network
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.model.recognisers import CROPPED
from f2p_deploy.model.trained_on import TRAINED_ON
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of

if TYPE_CHECKING:
    import torch
    from torch import nn

    from f2p_deploy.model.networks.known_checkpoints import CheckpointKind


@dataclass(frozen=True)
class NetworkImport:
    """The result of an import.

    Args:
        bundle: with the network.
        kind: of the checkpoint, in words.
        aside: what the checkpoint holds beside the network's weights.
        fresh: the network's tensors that were not in the checkpoint; training starts from such a network.
        recognition: the kind of recognition network before and after; equal if the crop stays as it is.
        keeps_whole_face: true if LightCNN's crop stays off because other networks are trained on the whole face.
        outdated: stored networks that were trained on the network which was replaced.
        rounded: whether weights were rounded to half precision, since the bundle stores them so.
    """

    bundle: Bundle
    kind: str
    aside: tuple[str, ...]
    fresh: tuple[str, ...]
    recognition: tuple[str, str]
    keeps_whole_face: bool
    outdated: tuple[str, ...]
    rounded: bool


def import_network(
    bundle: Bundle,
    name: str,
    checkpoint: Path,
    command: str,
    mapping: Path | None = None,
    crop: bool | None = None,
) -> NetworkImport:
    """Store a network from a checkpoint.

    LightCNN-29v2 as its authors publish it takes the crop that they trained it on, unless networks of the bundle are
    trained on the whole face. Of torchvision's ResNet-50 the classifier is not used: the segmentation network is a
    start, which training has to finish.

    Args:
        bundle: the bundle to store it in; its architecture must fit.
        name: a key of `f2p_deploy.model.networks.table.NETWORKS`.
        checkpoint: see `f2p_deploy.model.networks.checkpoint`.
        command: the line that repeats this import, for the provenance.
        mapping: a file of names, see `f2p_deploy.model.networks.name_map`.
        crop: whether LightCNN takes the crop that it was trained on; decided as above if None.

    Raises:
        InputError: no such network, the checkpoint does not fit, or the crop cannot change.
    """
    from f2p_deploy.model.networks.checkpoint import read_checkpoint
    from f2p_deploy.model.networks.fitting import COUNTERS

    network = _seeded(name, bundle)
    own = network.state_dict()
    content = read_checkpoint(checkpoint)
    tensors, kind, unused = _selected(name, checkpoint, content.tensors, own, mapping)
    settings, keeps_whole_face = _with_crop(bundle, name, kind.cropped, crop)
    absent = {*kind.fresh, *(key for key in own if key.endswith(COUNTERS))}
    _require_kinds(network, tensors, checkpoint)
    _require_fit(bundle, name, network, tensors, checkpoint, absent)
    network.load_state_dict(own | dict(tensors))
    mark: dict[str, Any] = {"file": checkpoint.name, "sha256": sha256_of(checkpoint), "kind": kind.name}
    if mapping is not None:
        mark["mapping"] = {"file": mapping.name, "sha256": sha256_of(mapping)}
    if kind.fresh:
        mark |= {"start": True, "fresh": list(kind.fresh)}
    changed = store_network(
        replace(bundle, settings=settings), name, network, {"command": command, "imported": mark}
    )
    return NetworkImport(
        changed,
        kind.name,
        (*content.beside, *unused),
        kind.fresh,
        (bundle.settings.architecture.recognition, settings.architecture.recognition),
        keeps_whole_face,
        tuple(other for other in TRAINED_ON.get(name, ()) if other in bundle.networks),
        settings.storage == "float16" and any(map(_changes_in_half, tensors.values())),
    )


def _changes_in_half(value: "torch.Tensor") -> bool:
    """Return whether a tensor's numbers change if they are rounded to half precision."""
    return value.is_floating_point() and not value.equal(value.half().to(value.dtype))


def _seeded(name: str, bundle: Bundle) -> "nn.Module":
    """Return a network whose fresh weights are the same in every import."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_network(name, bundle.schema, bundle.settings)


def _selected(
    name: str,
    checkpoint: Path,
    theirs: "Mapping[str, torch.Tensor]",
    own: "Mapping[str, torch.Tensor]",
    mapping: Path | None,
) -> "tuple[Mapping[str, torch.Tensor], CheckpointKind, tuple[str, ...]]":
    """Return a checkpoint's tensors by our names, its kind, and the names of theirs that are not used."""
    from f2p_deploy.model.networks.known_checkpoints import CheckpointKind, kind_of
    from f2p_deploy.model.networks.name_map import load_name_map, tensors_by_rules

    if mapping is not None:
        found, fresh, used = tensors_by_rules(own, load_name_map(mapping), theirs, str(checkpoint))
        unused = tuple(key for key in theirs if key not in used)
        return found, CheckpointKind("state dict, mapped", fresh=fresh), unused
    kind = kind_of(name, theirs, own)
    unused = tuple(key for key in theirs if key in kind.aside)
    return {key: value for key, value in theirs.items() if key not in kind.aside}, kind, unused


def _with_crop(bundle: Bundle, name: str, cropped: bool, crop: bool | None) -> tuple[Any, bool]:
    """Return the settings with LightCNN's crop on or off, and whether it stays off for the sake of other networks."""
    settings, architecture = bundle.settings, bundle.settings.architecture
    whole = {other: one for one, other in CROPPED.items()}
    recognition = architecture.recognition
    if name != "recognition" or recognition not in (*CROPPED, *whole):
        if crop is not None:
            raise InputError("--crop and --whole-face are for LightCNN: bundle import recognition")
        return settings, False
    trained = next((other for other in TRAINED_ON[name] if other in bundle.networks), None)
    wanted = recognition in whole or (cropped and trained is None) if crop is None else crop
    other = CROPPED.get(recognition, recognition) if wanted else whole.get(recognition, recognition)
    if other == recognition:
        return settings, cropped and not wanted and crop is None
    if trained is not None:
        raise InputError(
            f"the face that the recognition of {bundle.path} takes cannot change: its {trained} is trained for it"
        )
    return replace(settings, architecture=replace(architecture, recognition=other)), False


def _require_kinds(network: "nn.Module", tensors: "Mapping[str, torch.Tensor]", checkpoint: Path) -> None:
    """Raise if weights are whole numbers, as in checkpoints that are quantised to 8 bits."""
    for key, value in network.state_dict().items():
        found = tensors.get(key)
        if found is not None and value.is_floating_point() and not found.is_floating_point():
            kind = str(found.dtype).removeprefix("torch.")
            raise InputError(f"cannot use the checkpoint {checkpoint}: {key} is {kind}, not floating-point")


def _require_fit(
    bundle: Bundle,
    name: str,
    network: "nn.Module",
    tensors: "Mapping[str, torch.Tensor]",
    checkpoint: Path,
    absent: set[str],
) -> None:
    """Raise unless tensors fit a network; the error says with which architecture they would."""
    from f2p_deploy.model.networks.fitting import fits, fitting_architecture, require_fitting

    if fits(network, tensors, absent):
        return
    end = ""
    if changes := fitting_architecture(name, bundle.schema, bundle.settings, tensors, absent):
        words = " ".join(
            f"architecture.{key}={value:g}" if isinstance(value, float) else f"architecture.{key}={value}"
            for key, value in changes.items()
        )
        where = f"--bundle {bundle.path}" if not bundle.stored else "in a new bundle"
        sizes = " and ".join(f"{key} {value:g}" for key, value in changes.items() if isinstance(value, float))
        fitting = changes.get("recognition", sizes)
        end = f". It fits {fitting}: f2p-deploy bundle set {words} {where}"
    elif not set(network.state_dict()) & set(tensors):
        end = ". No name of a tensor is the network's: --mapping FILE says which is which"
    require_fitting(network, tensors, f"{checkpoint} does not fit this {type(network).__name__}", absent, end)
