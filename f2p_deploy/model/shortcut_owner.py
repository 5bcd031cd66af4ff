"""The networks that a shortcut belongs to: it is refused beside others."""

import hashlib
import json
from typing import Any

from f2p_deploy.model.bundle import Bundle, weights_file
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
    return (
        f"the shortcut of the bundle {bundle.path} was trained for other networks or other settings of the "
        "similarity: f2p-deploy train shortcut makes it anew"
    )


def require_own_shortcut(bundle: Bundle) -> None:
    """Raise unless a bundle's shortcut was trained for its other networks.

    Raises:
        InputError: it was not.
    """
    if reason := why_other_shortcut(bundle):
        raise InputError(reason)
