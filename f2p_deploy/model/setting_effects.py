"""What changed settings of a bundle ask for that is not there, and which of them have no effect."""

from collections.abc import Sequence

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.setting_paths import SettingChange
from f2p_deploy.model.training_line import no_part_yet

#: Settings that need the priors where they are on.
THROUGH_PRIORS = ("one_shot_prior", "iterative.use_prior", "iterative.from_prior", "hybrid.use_prior")


def warnings_about(bundle: Bundle, changes: Sequence[SettingChange]) -> list[str]:
    """Return a sentence on each changed setting that needs a part which is not there, or that does nothing.

    Args:
        bundle: with the new settings. Before its first network is stored, nothing is said of missing parts.
        changes: of the settings.
    """
    after = {change.path: change.after for change in changes}
    through_surrogate, sentences = bundle.settings.search == "surrogate", []
    if bundle.networks:
        sentences = [f"{setting}: {no_part_yet(bundle.path, part)}" for setting, part in _lacking(bundle, after)]
        if any(path.startswith("alignment.") for path in after):
            sentences.append("the networks are trained on faces that were aligned by the old landmarks")
    if after.get("fast") and through_surrogate:
        sentences.append("fast=true does nothing: a search through the surrogate needs no shortcut")
    return sentences


def _lacking(bundle: Bundle, after: dict[str, object]) -> list[tuple[str, str]]:
    """Return the changed settings that need a part which a bundle lacks, with the part."""
    needs = [(f"{path}=true", "priors") for path in THROUGH_PRIORS if after.get(path)]
    if "search" in after:
        needs.append((f"search={after['search']}", str(after["search"])))
    if after.get("fast") and bundle.settings.search != "surrogate":
        needs.append(("fast=true", "shortcut"))
    there = (*bundle.networks, *(("priors",) if bundle.priors is not None else ()))
    return [(setting, part) for setting, part in needs if part not in there]
