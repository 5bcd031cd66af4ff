"""The steps of a search, one call each or all in one launch."""

from functools import partial

import numpy as np

from f2p_deploy.model.result import OnIteration, with_shapes
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.runtimes.base import Runtime
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.runtimes.search_plan import WholeSearch
from f2p_deploy.runtimes.step_tensors import SHARED, step_inputs


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
    """Return the (steps + 1, K, n) states at which losses were computed, and the (steps + 1, K) losses."""
    described = {**described, "content": with_shapes(described["content"], runtime.schema.n, shapes)}
    batch = runtime.artifact.manifest.batch
    reached, before = start, start
    states, losses = [], []
    # One more step, without momentum and with learning rate 0, computes the loss of the final state.
    rates = [(rate, settings.momentum) for rate in settings.learning_rates()] + [(0.0, 0.0)]
    for done, (learning_rate, momentum) in enumerate(rates, start=1):
        inputs = step_inputs(
            reached,
            before,
            described,
            learning_rate,
            locked=locked,
            momentum=momentum,
            beta=settings.beta,
            discrete_rate=settings.discrete_rate,
        )
        # Only the first step is given tensors that no other graph computed.
        take = partial(runtime.take_step, graph=graph, check=done == 1)
        outputs = run_in_batches(take, inputs, batch, SHARED)
        states.append(outputs["lookahead"])
        losses.append(outputs["loss"])
        before, reached = reached, outputs["next_state"]
        if progress is not None and done < len(rates):
            progress(done, float(outputs["loss"].mean()))
    return np.stack(states), np.stack(losses)
