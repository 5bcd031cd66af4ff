"""A whole search on a card as one CUDA graph: describe once, every gradient step, and what lies between them.

One launch a photo. What is captured does the arithmetic of `f2p_deploy.runtimes.search.iterate`.
"""

import logging
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.runtimes.checks import check_input
from f2p_deploy.runtimes.search_plan import Plan, Reach
from f2p_deploy.runtimes.tensorrt.cuda import ALIGNMENT, Buffer, Graph
from f2p_deploy.system.errors import CompilerError, F2PError

if TYPE_CHECKING:
    from f2p_deploy.runtimes.tensorrt.tensorrt_runtime import TensorRt

logger = logging.getLogger(__name__)


class CapturedLoop:
    """A search of one batch of faces.

    Args:
        runtime: gives the engines of `describe` and `step`, and the stream.
        plan: what to capture.
        strict: raise where it cannot be captured, instead of enqueuing every step.

    Raises:
        CompilerError: the driver does not take the kernels of a search; with `strict`, it cannot be captured.
        MissingDependency: the card has too little memory.
    """

    def __init__(self, runtime: "TensorRt", plan: Plan, strict: bool = False) -> None:
        self.runtime, self.plan, self.strict = runtime, plan, strict
        self.why_not_captured = ""
        self._describe, self._step = runtime.engine("describe"), runtime.engine("step")
        self.batch, self.n = self._step.inputs[0].shape
        self.n_c = runtime.schema.n_c
        self._count, steps = self.batch * self.n, len(plan.learning_rates) + 1
        self._kernels = runtime.kernels
        numbers = {name: 4 * self._count for name in ("start", "reached", "before", "given")}
        sizes = numbers | {"locked": self.n, "states": steps * self._row(4 * self._count)}
        sizes |= {"rates": steps * ALIGNMENT, "losses": steps * self._row(4 * self.batch)}
        self._buffers = {name: Buffer(size, f"{name} of a search") for name, size in sizes.items()}
        rates = np.zeros((steps, ALIGNMENT // 4), np.float32)
        rates[:-1, 0] = plan.learning_rates  # the last step's rate is 0: it only gives the loss of the last state
        runtime.stream.upload(self._buffers["rates"].pointer, rates)
        self._graph: Graph | None = None
        self._tried = False

    @property
    def captured(self) -> bool:
        """Whether a graph is launched."""
        return self._graph is not None

    def run(self, faces: np.ndarray, start: np.ndarray, locked: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Search.

        Args:
            faces: (N, 3, S, S) float32, N being the engines' batch.
            start: (N, n) float32 state.
            locked: (n,) bool, entries that never change; None for none.

        Returns:
            (steps + 1, N, n) the states that losses were computed at, and (steps + 1, N) these.

        Raises:
            InputError: arrays of another shape or dtype, photos out of their range, NaN.
            CompilerError: with `strict`, the search cannot be captured.
            FloorMissed: the search computed NaN.
        """
        runtime = self.runtime
        # The search copies both to the card, so here they are NumPy's: the check is that of every other runtime.
        faces = check_input("describe", self._describe.inputs[0], faces)
        start = check_input("step", self._step.inputs[0], start)
        with runtime.context:
            states, losses = self._run(faces, start, np.zeros(self.n, bool) if locked is None else locked)
        runtime.require_finite("step", "next_state", states)
        runtime.require_finite("step", "loss", losses)
        return states, losses

    def _run(self, faces: np.ndarray, start: np.ndarray, locked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        stream, place = self.runtime.stream, self._place
        stream.upload(self._describe.buffers["face"].pointer, faces)
        for name in ("start", "reached", "before"):
            stream.upload(place(name), start)
        stream.upload(place("locked"), locked.astype(np.uint8))
        if not self._tried:
            # TensorRT allocates and compiles in its first run, which no capture may see.
            self._enqueue()
            stream.wait()
            for engine in (self._describe, self._step):
                self.runtime.keep_cache(engine)
            self._capture()
            for name in ("reached", "before"):
                stream.upload(place(name), start)
        if self._graph is not None:
            self._graph.launch(stream)
        else:
            self._enqueue()
        steps = len(self.plan.learning_rates) + 1
        states = np.empty((steps, self._row(4 * self._count) // 4), np.float32)
        losses = np.empty((steps, self._row(4 * self.batch) // 4), np.float32)
        stream.download(states, place("states"))
        stream.download(losses, place("losses"))
        return states[:, : self._count].reshape(steps, self.batch, self.n), losses[:, : self.batch].copy()

    def _capture(self) -> None:
        self._tried = True
        stream = self.runtime.stream
        try:
            for engine in (self._describe, self._step):
                if not engine.can_be_captured(stream):
                    raise CompilerError(f"TensorRT says that the engine of {engine.name} cannot be captured")
            self._graph = stream.capture(self._enqueue)
        except F2PError as error:
            self.why_not_captured = str(error)
            if self.strict:
                raise CompilerError(f"the search cannot be captured in a CUDA graph: {error}") from error
            logger.warning("the search runs step by step, a CUDA graph cannot be captured: %s", error)

    def _enqueue(self) -> None:
        """Put a whole search on the stream: what is captured, and what runs where it cannot be."""
        stream, place = self.runtime.stream, self._place
        described = {spec.name: self._describe.buffers[spec.name].pointer for spec in self._describe.outputs}
        self._describe.bind({"face": self._describe.buffers["face"].pointer, **described})
        self._describe.enqueue(stream)
        next_state = self._step.buffers["next_state"].pointer
        self._step.bind({**described, "state": place("given"), "next_state": next_state})
        reach = self.plan.reach
        sizes = (np.int32(self.n_c), np.int32(self.n), np.int32(self._count))
        steps = len(self.plan.learning_rates)
        for step in range(steps + 1):
            state = place("states") + step * self._row(4 * self._count)
            # The last state is where the last step arrived: it is not carried on.
            momentum = np.float32(self.plan.momentum if step < steps else 0.0)
            carried = (place("reached"), place("before"), state, place("given"), momentum, np.float32(reach.beta))
            self._kernels.launch("carry", self._count, (*carried, *sizes), stream)
            self._step.bind(
                {
                    "learning_rate": place("rates") + step * ALIGNMENT,
                    "loss": place("losses") + step * self._row(4 * self.batch),
                }
            )
            self._step.enqueue(stream)
            arrived = (next_state, place("given"), state, place("start"), place("locked"), place("reached"))
            reached_by = (np.float32(reach.beta * reach.rate), np.int32(reach == Reach()))
            self._kernels.launch("arrive", self._count, (*arrived, place("before"), *reached_by, *sizes), stream)

    def _place(self, name: str) -> int:
        return self._buffers[name].pointer

    def _row(self, size: int) -> int:
        """Return the bytes that a row takes, so that each begins where TensorRT may write."""
        return -(-size // ALIGNMENT) * ALIGNMENT
