"""The steps of a search, one call each or all in one launch."""

import numpy as np

from f2p_deploy.model.result import OnIteration, with_shapes
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.runtimes.base import Runtime, StepCall
from f2p_deploy.runtimes.batches import run_in_batches, split_in_batches
from f2p_deploy.runtimes.search_plan import WholeSearch
from f2p_deploy.runtimes.step_tensors import step_inputs


def launch(
    captured: WholeSearch, faces: np.ndarray, start: np.ndarray, locked: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same arrays as `take_steps`, with one launch for each batch of the artifact's size."""

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        states, losses = captured.run(inputs["face"], inputs["start"], locked)
        return {"states": states.swapaxes(0, 1), "losses": losses.swapaxes(0, 1)}

    results = run_in_batches(run, {"face": faces, "start": start}, captured.batch)
    return results["states"].swapaxes(0, 1), results["losses"].swapaxes(0, 1)


def take_steps(
    runtime: Runtime,
    described: dict[str, np.ndarray],
    settings: IterativeSettings,
    start: np.ndarray,
    locked: np.ndarray | None,
    progress: OnIteration | None,
    shapes: np.ndarray | None,
    graph: str = "step",
) -> tuple[np.ndarray, np.ndarray]:
    """Return the (steps + 1, K, n) states at which losses were computed, and the (steps + 1, K) losses.

    Inputs are checked at the first step, and outputs once at the end: all other tensors come from the graph itself.
    """
    content = with_shapes(described["content"], runtime.schema.n, shapes)
    photos = {"identity": described["identity"], "content": content, "start": start}
    batches = [_Batch(part, locked, settings) for part in split_in_batches(photos, runtime.rows(graph, len(start)))]
    take = runtime.stepper(graph)
    # One more step, without momentum and with learning rate 0, computes the loss of the final state.
    rates = [(rate, settings.momentum) for rate in settings.learning_rates()] + [(0.0, 0.0)]
    states, losses = [], []
    for done, (learning_rate, momentum) in enumerate(rates, start=1):
        outputs = [batch.advance(take, learning_rate, momentum, check=done == 1) for batch in batches]
        states.append(_joined([output["lookahead"] for output in outputs], len(start)))
        losses.append(_joined([output["loss"] for output in outputs], len(start)))
        if progress is not None and done < len(rates):
            progress(done, float(losses[-1].mean()))
    visited, found = np.stack(states), np.stack(losses)
    runtime.require_finite(graph, "loss", found)
    runtime.require_finite(graph, "lookahead", visited)
    return visited, found


def _joined(parts: list[np.ndarray], count: int) -> np.ndarray:
    return parts[0][:count] if len(parts) == 1 else np.concatenate(parts)[:count]


class _Batch:
    """The search of one batch of photos.

    Args:
        photos: `identity`, `content` and `start` of as many photos as the graph takes.
        locked: (n,) bool; None for none.
        settings: of the search.
    """

    def __init__(self, photos: dict[str, np.ndarray], locked: np.ndarray | None, settings: IterativeSettings) -> None:
        start = photos["start"]
        described = {name: value for name, value in photos.items() if name != "start"}
        self.inputs = step_inputs(
            start,
            start,
            described,
            0.0,
            locked=locked,
            momentum=0.0,
            beta=settings.beta,
            discrete_rate=settings.discrete_rate,
        )

    def advance(self, take: StepCall, learning_rate: float, momentum: float, check: bool) -> dict[str, np.ndarray]:
        """Take one step and return the graph's outputs."""
        inputs = self.inputs
        inputs |= {"learning_rate": np.array([learning_rate], np.float32), "momentum": np.array([momentum], np.float32)}
        outputs = take(inputs, check)
        inputs["before"], inputs["state"] = inputs["state"], outputs["next_state"]
        return outputs
