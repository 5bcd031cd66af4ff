"""The search through the shortcut, judged by the true networks."""

import numpy as np

from f2p_deploy.character.parameters import smooth
from f2p_deploy.model.result import Trajectory
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.runtimes.base import Runtime
from f2p_deploy.runtimes.graph_calls import describe, require_graph, run_graph
from f2p_deploy.runtimes.option_choice import content_distances
from f2p_deploy.system.errors import InputError


def goes_fast(runtime: Runtime, fast: bool | None = None) -> bool:
    """Return whether searches go through the shortcut.

    Args:
        runtime: of an artifact or a bundle.
        fast: the choice; None for that of the runtime, and if that is None, too, for the bundle's setting, if there is
            a shortcut. A search through a surrogate is fast in any case and needs no shortcut.

    Raises:
        InputError: a fast search is chosen, and there is no shortcut; or an exact one, and there is only a surrogate.
    """
    fast = runtime.fast if fast is None else fast
    if runtime.settings.search == "surrogate":
        if fast is False:
            raise InputError(
                f"an exact search draws every step, but {runtime.folder} searches through a surrogate, which draws none"
            )
        return False
    if fast:
        require_graph(runtime, "step_fast", "a fast search")
    return fast if fast is not None else runtime.settings.fast and "step_fast" in runtime.graphs


def why_exact(runtime: Runtime) -> str:
    """Return why searches are exact, and so slower, although the settings want the shortcut; empty if they are not."""
    if runtime.fast is not None or not runtime.settings.fast or runtime.settings.search == "surrogate":
        return ""
    reason = runtime.outdated.get("shortcut", "")
    return f"the search is exact, which is slower: {reason}" if reason else ""


def better_of(
    runtime: Runtime,
    described: dict[str, np.ndarray],
    settings: IterativeSettings,
    states: np.ndarray,
    losses: np.ndarray,
) -> Trajectory:
    """Let the true networks choose between the start and the result of a search through the shortcut.

    Args:
        runtime: of an artifact with the graphs `render` and `describe`.
        described: `identity` and `content` of the K photos.
        settings: of the search; without `keep_best` the result is the last state, as in an exact search.
        states, losses: (steps + 1, K, n) states and (steps + 1, K) losses through the shortcut.

    Returns:
        The better one; the first and the last loss are the true ones of the start and of what is returned.
    """
    rows = np.arange(states.shape[1])
    chosen = losses.argmin(axis=0) if settings.keep_best else np.full(len(rows), len(losses) - 1)
    judged = [smooth(state, runtime.schema, settings.beta) for state in (states[0], states[chosen, rows])]
    true = np.stack([true_losses(runtime, parameters, described) for parameters in judged])
    better = true.argmin(axis=0) if settings.keep_best else np.ones(len(rows), int)
    losses = np.concatenate([true[:1], losses[1:-1], true[better, rows][None]])
    return Trajectory(np.stack(judged)[better, rows], losses.astype(np.float32))


def true_losses(runtime: Runtime, parameters: np.ndarray, wanted: dict[str, np.ndarray]) -> np.ndarray:
    """Return the (K,) losses of eq. 9 of (K, n) parameters, from the imitator's pictures of them.

    Args:
        runtime: of an artifact with the graphs `render` and `describe`.
        parameters: (K, n) float32.
        wanted: `identity` and `content` of the K photos.
    """
    settings = runtime.settings.similarity
    own = describe(runtime, run_graph(runtime, "render", {"parameters": parameters})["image"])
    lengths = np.linalg.norm(own["identity"], axis=1) * np.linalg.norm(wanted["identity"], axis=1)
    cosines = (own["identity"] * wanted["identity"]).sum(axis=1) / np.maximum(lengths, 1e-8)
    distances = content_distances(runtime, wanted["content"], own["content"])
    identity_weight = settings.identity_weight * settings.search_identity
    return identity_weight * (1.0 - cosines) + settings.content_weight * distances
