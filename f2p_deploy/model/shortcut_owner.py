"""The networks that a shortcut belongs to: it is refused beside others."""

import hashlib
import json
from typing import Any

from f2p_deploy.model.bundle import Bundle, weights_file
from f2p_deploy.model.trained_on import KEY, changed_bases, train_again
from f2p_deploy.model.training_line import training_line
from f2p_deploy.system.errors import InputError

#: The networks that a shortcut replaces.
DESCRIBING = ("imitator", "recognition", "segmentation")


def described_by(bundle: Bundle) -> str:
    """Return the SHA-256 of everything that determines the description of the imitator's pictures.

    These are the weights of the imitator, recognition and segmentation, and the settings that describe faces. A
    shortcut is valid only for the value that it was trained for.
    """
    similarity = bundle.settings.similarity
    content: dict[str, Any] = {
        "files": {name: bundle.stored[weights_file(name)].sha256 for name in DESCRIBING if name in bundle.networks},
        "features": similarity.features,
        "colours": similarity.colour_weight > 0,
        "class_weights": similarity.class_weights if similarity.features not in ("probabilities", "logits") else (),
        "mirrored": similarity.mirrored,
    }
    if similarity.weighting != "face":  # named only then, so that shortcuts of earlier versions stay valid
        content |= {"weighting": similarity.weighting, "class_weights": ()}
    if bundle.settings.architecture.recogniser.points:
        content["crop"] = bundle.settings.alignment.landmarks
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def why_other_shortcut(bundle: Bundle) -> str:
    """Return why a bundle's shortcut does not belong to its other networks; empty if it does."""
    if bundle.provenance.get("shortcut", {}).get("described_by") == described_by(bundle):
        return ""
    noted = KEY in bundle.provenance.get("shortcut", {})
    changed = "other settings of the similarity" if noted else "other networks or other settings of the similarity"
    if networks := changed_bases(bundle, "shortcut"):
        changed = f"another {' and '.join(networks)}"
    return (
        f"the shortcut of the bundle {bundle.path} was trained for {changed}: "
        f"{training_line(bundle.path, 'shortcut')} makes it anew"
    )


def require_own_shortcut(bundle: Bundle) -> None:
    """Raise unless a bundle's shortcut was trained for its other networks.

    Raises:
        InputError: it was not.
    """
    if reason := why_other_shortcut(bundle):
        raise InputError(reason)


def outdated_networks(bundle: Bundle) -> dict[str, str]:
    """Return a sentence on each network that was trained on others than the bundle now has, by name."""
    found = {name: changed_bases(bundle, name) for name in bundle.networks if name != "shortcut"}
    sentences = {name: train_again(bundle, name, bases) for name, bases in found.items() if bases}
    if "shortcut" in bundle.networks and (reason := why_other_shortcut(bundle)):
        sentences["shortcut"] = reason
    return sentences
