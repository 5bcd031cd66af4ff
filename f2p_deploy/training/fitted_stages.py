"""The table of stages that are fitted in one pass instead of trained in the loop: the reader and the priors."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.model.bundle import Bundle, store_network, store_priors
from f2p_deploy.model.trained_on import KEY, bases_of
from f2p_deploy.training.data.celeba_labels import celeba_labels
from f2p_deploy.training.data.labels import read_labels
from f2p_deploy.training.data.option_colours import OptionColours, region_colours
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.stage_builders import StageInputs
from f2p_deploy.training.train_priors import learn_priors
from f2p_deploy.training.train_reader import learn_reader

log = logging.getLogger(__name__)

#: Number of rendered pairs that the colours of skin tones are measured on.
COLOUR_PAIRS = 1000

#: Position of the skin among `COLOURED_REGIONS`.
SKIN = 0


def fit_reader(inputs: StageInputs) -> Bundle:
    """Fit the reader and store it; without labels, log a warning and return the bundle unchanged."""
    bundle, portraits = inputs.bundle, inputs.require_portraits("reader")
    table = inputs.sources.labels
    if table is None:
        labels = celeba_labels(inputs.sources.portraits, bundle.schema)
    else:
        labels = read_labels(table, bundle.schema)
    if labels is None:
        log.warning(
            "the reader is left out, so everybody gets the schema's own options (hair, skin, ...): "
            "it learns from labels of photos (--labels FILE.csv) or CelebA's attributes"
        )
        return bundle
    started = time.monotonic()
    tones = measured_tones(bundle, inputs.front, portraits)
    reader, metrics = learn_reader(bundle, portraits, labels, tones)
    facts = {
        "command": inputs.command,
        "labels": len(labels.names),
        **({"labels_from": "CelebA's attributes"} if table is None else {}),
        KEY: bases_of(bundle, "reader"),
        "seconds": round(time.monotonic() - started, 1),
        "metrics": metrics,
    }
    return store_network(bundle, "reader", reader, facts)


def fit_stored_priors(inputs: StageInputs) -> Bundle:
    """Fit the priors to characters of the frontal portraits and store them."""
    portraits = inputs.require_portraits("priors")
    priors = learn_priors(inputs.bundle, portraits)
    facts = {
        **inputs.provenance(),
        "faces": len(portraits.frontal),
        "seconds": round(time.monotonic() - inputs.started, 1),
        "components": {prior.group: int(prior.scale.size) for prior in priors.groups},
    }
    return store_priors(inputs.bundle, priors, facts)


def measured_tones(bundle: Bundle, front: Path, portraits: Portraits) -> dict[str, np.ndarray]:
    """Return each portrait's skin tone, measured by its colour.

    The tone is the option whose colour in the engine's pictures is nearest to the skin's colour in the photo.

    Args:
        bundle: gives the schema.
        front: folder of rendered pairs with label maps.
        portraits: aligned portraits with label maps.

    Returns:
        (N,) int64 positions of options, -1 where the photo shows no skin, by the name of the skin-tone group. Empty if
        the schema has no such group, the pairs have no label maps, or the group does not explain a region's colour.
    """
    group = bundle.schema.tags.get("skin-tone")
    pairs = PairSet(front)
    if group is None or not len(pairs):
        return {}
    positions = range(min(COLOUR_PAIRS, len(pairs)))
    maps = [labels for i in positions if (labels := pairs.labels(i)) is not None]
    if len(maps) < len(positions):
        return {}
    rendered = region_colours(np.stack([pairs.image(i) for i in positions]), np.stack(maps))
    options = OptionColours(bundle.schema, np.array(pairs.parameters[: len(positions)]), rendered)
    if group not in options.groups:
        return {}
    photographed = region_colours(portraits.pictures, portraits.regions)
    known = np.isfinite(photographed[:, [SKIN]]).all(axis=(1, 2))
    return {group: np.where(known, options(photographed)[group], -1)}


#: The function that fits each stage and stores its part.
FITTED: dict[str, Callable[[StageInputs], Bundle]] = {"reader": fit_reader, "priors": fit_stored_priors}
