"""Choice of the best option of each discrete group, by pictures or through the shortcut."""

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

    All options of all groups are compared at once, each beside the others' present options. The best option of every
    group is taken; if together they are worse than the best single change, that one alone is. This is repeated until
    nothing changes, at most once for every group.

    Args:
        runtime: of an artifact with the graph `compare_fast`.
        described: `identity` and `content` of the photo, each (1, ...).
        parameters: (n,) float32.
        locked: (n,) bool, or None; groups with a locked entry are left alone.
    """
    schema = runtime.schema
    default = average(schema).values
    groups = [part for part in schema.discrete_slices.values() if locked is None or not locked[part].any()]
    chosen = harden(parameters, schema)
    photo = {name: described[name][:1] for name in ("identity", "content")}
    for _ in groups:
        tried = np.concatenate([_with_each_option(chosen, part) for part in groups])
        losses = run_graph(runtime, "compare_fast", {"parameters": tried, **photo})["content_loss"].astype(np.float64)
        together, single, start = chosen.copy(), (np.inf, chosen), 0
        for part in groups:
            own = losses[start : start + part.stop - part.start].copy()
            own[int(default[part].argmax())] *= 1.0 - DEFAULT_MARGIN
            best = int(own.argmin())
            together[part] = np.eye(len(own), dtype=np.float32)[best]
            gain = own[best] / own[int(chosen[part].argmax())]
            single = min(single, (gain, tried[start + best]), key=lambda candidate: candidate[0])
            start += len(own)
        if np.array_equal(together, chosen):
            break
        pair = np.stack([together, single[1]])
        both = run_graph(runtime, "compare_fast", {"parameters": pair, **photo})["content_loss"]
        chosen = pair[int(both.argmin())]
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
