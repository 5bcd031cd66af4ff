"""The mark of an imported part in a bundle's provenance."""

from collections.abc import Mapping
from typing import Any


def import_mark(provenance: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the mark `imported` of a part; empty if the part was not imported.

    Args:
        provenance: of a bundle.
        name: of the part.

    Returns:
        `file`, `sha256` and `kind` of the checkpoint. `start` is true if training starts from the part; `fresh` then
        names its tensors that were not in the checkpoint.
    """
    facts = provenance.get(name)
    if not isinstance(facts, Mapping):
        return {}
    if isinstance(mark := facts.get("imported"), Mapping):
        return mark
    if "checkpoint" in facts:  # written before there were marks
        return {"file": str(facts["checkpoint"]), "sha256": str(facts.get("sha256", "")), "kind": "state dict"}
    return {}
