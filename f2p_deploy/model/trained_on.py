"""The networks that others were trained on: where one of them changes, the others have to be trained again."""

from collections.abc import Mapping
from typing import Any

from f2p_deploy.model.bundle import Bundle, weights_file
from f2p_deploy.model.training_line import training_line

#: The networks that learn from each network.
TRAINED_ON = {
    "recognition": ("translator", "surrogate", "reader", "shortcut"),
    "segmentation": ("reader", "shortcut"),
    "imitator": ("shortcut",),
}

#: The key of a part's provenance that holds the SHA-256 of each network that it learned from.
KEY = "trained_on"


def bases_of(bundle: Bundle, name: str) -> dict[str, str]:
    """Return the SHA-256 of each stored network that a network learns from, by name."""
    bases = [base for base, learning in TRAINED_ON.items() if name in learning and base in bundle.networks]
    return {base: bundle.stored[weights_file(base)].sha256 for base in bases}


def changed_bases(bundle: Bundle, name: str) -> tuple[str, ...]:
    """Return the networks that changed since a network learned from them; empty where that was not noted."""
    facts = bundle.provenance.get(name, {})
    noted: Mapping[str, Any] = facts.get(KEY, {}) if isinstance(facts, dict) else {}
    return tuple(base for base, sha256 in bases_of(bundle, name).items() if noted.get(base, sha256) != sha256)


def outdated_by(before: Bundle, after: Bundle) -> dict[str, tuple[str, ...]]:
    """Return the networks that were trained on networks that have changed since, and on which.

    Args:
        before, after: a bundle before and after the training of some networks.
    """
    kept = [name for name in before.networks if _weights(before, name) == _weights(after, name)]
    changed = [base for base in TRAINED_ON if base in before.networks and base not in kept]
    found = {name: tuple(base for base in changed if name in TRAINED_ON[base]) for name in kept}
    return {name: bases for name, bases in found.items() if bases}


def train_again(bundle: Bundle, name: str, bases: tuple[str, ...]) -> str:
    """Return the sentence that asks to train a network again, since others have changed."""
    line = training_line(bundle.path, name)
    return f"the {name} was trained on another {' and '.join(bases)} than the bundle now has: {line} makes it anew"


def _weights(bundle: Bundle, name: str) -> str:
    return bundle.stored[weights_file(name)].sha256 if name in bundle.networks else ""
