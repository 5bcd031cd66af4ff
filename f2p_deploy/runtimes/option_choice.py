"""Choice of the best option of each discrete group, by pictures or through the shortcut."""

from itertools import combinations

import numpy as np

from f2p_deploy.character.parameters import average, harden
from f2p_deploy.model.result import DEFAULT_MARGIN
from f2p_deploy.runtimes.base import Runtime
from f2p_deploy.runtimes.graph_calls import describe, run_graph


def choose_options(
    runtime: Runtime, face: np.ndarray, parameters: np.ndarray, locked: np.ndarray | None = None
) -> np.ndarray:
    """Return (n,) parameters with each group's best option; see `f2p_deploy.model.reference.reference_options`.

    Args:
        runtime: of an artifact with the graphs `render` and `describe`.
        face: (1, 3, S, S) float32 aligned photo, RGB in [0, 1].
        parameters: (n,) float32.
        locked: (n,) bool, or None; groups with a locked entry are left alone.
    """
    schema = runtime.schema
    default = average(schema).values
    chosen = harden(parameters, schema)
    wanted = describe(runtime, face)["content"]
    for part in schema.discrete_slices.values():
        if locked is not None and locked[part].any():
            continue
        tried = _with_each_option(chosen, part)
        images = run_graph(runtime, "render", {"parameters": tried})["image"]
        losses = content_distances(runtime, wanted, describe(runtime, images)["content"])
        losses[int(default[part].argmax())] *= 1.0 - DEFAULT_MARGIN
        chosen = tried[int(losses.argmin())]
    return chosen


def choose_options_fast(
    runtime: Runtime,
    described: dict[str, np.ndarray],
    parameters: np.ndarray,
    locked: np.ndarray | None = None,
) -> np.ndarray:
    """Return (n,) parameters with each group's best option by the content loss through the shortcut.

    Each round compares all options of all groups at once, each beside the others' present options. A second call
    compares the best single change, the best of every group together, and the best other options of every two groups,
    since two changes may be good together that are bad alone. The best of all is taken, until nothing is better. As in
    `choose_options`, a schema's default counts as better by `DEFAULT_MARGIN`.

    Args:
        runtime: of an artifact with the graph `compare_fast`.
        described: `identity` and `content` of the photo, each (1, ...).
        parameters: (n,) float32.
        locked: (n,) bool, or None; groups with a locked entry are left alone.
    """
    schema = runtime.schema
    groups = [part for part in schema.discrete_slices.values() if locked is None or not locked[part].any()]
    chosen = harden(parameters, schema)
    photo = {name: described[name][:1] for name in ("identity", "content")}
    default = average(schema).values

    def scores_of(tried: np.ndarray) -> np.ndarray:
        losses = run_graph(runtime, "compare_fast", {"parameters": tried, **photo})["content_loss"].astype(np.float64)
        defaults = sum((tried[:, part] * default[part]).sum(axis=1) for part in groups)
        return losses * (1.0 - DEFAULT_MARGIN) ** defaults

    for _ in groups:
        singles = np.concatenate([_with_each_option(chosen, part) for part in groups])
        scores = scores_of(singles)
        present = float(scores[(singles == chosen).all(axis=1)][0])
        together, others, start = chosen.copy(), [], 0
        for part in groups:
            own, tried = (values[start : start + part.stop - part.start] for values in (scores, singles))
            together[part] = tried[int(own.argmin())][part]
            changed = ~(tried == chosen).all(axis=1)
            if changed.any():
                others.append((part, tried[changed][int(own[changed].argmin())][part]))
            start += len(own)
        pairs = []
        for (one, its), (other, own_its) in combinations(others, 2):
            pair = chosen.copy()
            pair[one], pair[other] = its, own_its
            pairs.append(pair)
        candidates = np.stack([singles[int(scores.argmin())], together, *pairs])
        found = scores_of(candidates)
        if found.min() >= present * (1.0 - 1e-6):  # not by rounding alone
            break
        chosen = candidates[int(found.argmin())]
    return chosen


def _with_each_option(parameters: np.ndarray, part: slice) -> np.ndarray:
    """Return (options, n) copies of (n,) parameters, each with another option of one group."""
    count = part.stop - part.start
    tried = np.tile(parameters, (count, 1))
    tried[:, part] = np.eye(count, dtype=np.float32)
    return tried


def content_distances(runtime: Runtime, photos: np.ndarray, characters: np.ndarray) -> np.ndarray:
    """Return the (K,) content losses (eq. 6) of the contents of K characters and of K photos, or of one."""
    apart = np.abs(photos - characters).reshape(len(characters), -1)
    return apart.mean(axis=1) if runtime.settings.similarity.reduction == "mean" else apart.sum(axis=1)
