"""The networks that a stage learns through: one that is missing is said before any picture is drawn or aligned."""

from collections.abc import Collection
from pathlib import Path

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.training_line import no_part_yet, only_a_start
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.presets import Preset

_DESCRIPTOR = ("recognition", "segmentation")

#: The networks that each stage needs, in the order in which `train all` makes them.
_NEEDED = {
    "surrogate": _DESCRIPTOR,
    "reader": _DESCRIPTOR,
    "refinement": ("imitator", *_DESCRIPTOR, "translator"),
    "priors": (*_DESCRIPTOR, "translator"),
    "shortcut": ("imitator", *_DESCRIPTOR),
}


def networks_needed(stage: str, search: str) -> tuple[str, ...]:
    """Return the networks that a stage needs in the bundle.

    Args:
        stage: one of `STAGES`.
        search: the bundle's setting, `imitator` or `surrogate`.
    """
    if stage == "translator":
        return (*_DESCRIPTOR, "surrogate") if search == "surrogate" else ("imitator", *_DESCRIPTOR)
    return _NEEDED.get(stage, ())


def require_networks(
    stage: str, folder: Path, bundle: Bundle | None, preset: Preset, before: Collection[str] = ()
) -> None:
    """Raise unless a bundle has the networks that a stage needs.

    Args:
        stage: one of `STAGES`.
        folder: of the bundle.
        bundle: that is there already; None for a new one.
        preset: settings of a new bundle.
        before: stages that are trained before in the same command.

    Raises:
        InputError: names the first network that is missing, or only a start, and the command that makes it.
    """
    if stage in preset.shipped:
        return
    search = preset.settings.search if bundle is None else bundle.settings.search
    for name in networks_needed(stage, search):
        if name in before or (bundle is not None and name in bundle.networks):
            continue
        if bundle is not None and name in bundle.starts:
            raise InputError(only_a_start(folder, name))
        raise InputError(no_part_yet(folder, name, name in preset.shipped))
