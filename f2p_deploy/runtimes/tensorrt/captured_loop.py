"""A whole search on a card as one CUDA graph: `describe` once, then `step` as often as there are steps.

One launch a photo. The arithmetic is that of `f2p_deploy.runtimes.search.iterate`, all of it in the graphs.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from f2p_deploy.runtimes.checks import check_input
from f2p_deploy.runtimes.search_plan import Plan
from f2p_deploy.runtimes.tensorrt.cuda import ALIGNMENT, Buffer, Context, CudaGraph, Stream
from f2p_deploy.runtimes.tensorrt.tensorrt_engine import LoadedEngine
from f2p_deploy.system.errors import CompilerError, F2PError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchEngines:
    """What a search runs on, all of one thread.

    Args:
        describe, step: engines with their buffers.
        stream: that they are enqueued on.
        context: that they lie in.
        keep_cache: called with an engine after its first run.
        require_finite: raises if (graph, tensor, values) are not finite.
    """

    describe: LoadedEngine
    step: LoadedEngine
    stream: Stream
    context: Context
    keep_cache: Callable[[LoadedEngine], None]
    require_finite: Callable[[str, str, np.ndarray], None]


class CapturedLoop:
    """A search of one batch of faces.

    Args:
        engines: what to run.
        plan: what to capture.
        strict: raise where it cannot be captured, instead of enqueuing every step.

    Raises:
        CompilerError: with `strict`, it cannot be captured.
        MissingDependency: the card has too little memory.
    """

    def __init__(self, engines: SearchEngines, plan: Plan, strict: bool = False) -> None:
        self.engines, self.plan, self.strict = engines, plan, strict
        self.why_not_captured = ""
        self.batch, self.n = engines.step.inputs[0].shape
        self._count, steps = self.batch * self.n, len(plan.learning_rates) + 1
        # Row i of `reached` is where step i - 1 arrived, and row 0 the start; rows of `ahead` are where losses were
        # computed.
        states = self._row(4 * self._count)
        sizes = {"reached": (steps + 1) * states, "ahead": steps * states, "losses": steps * self._row(4 * self.batch)}
        sizes |= {"rates": steps * ALIGNMENT, "momenta": steps * ALIGNMENT, "locked": 4 * self.n}
        sizes |= {"beta": ALIGNMENT, "discrete_rate": ALIGNMENT}
        self._buffers = {name: Buffer(size, f"{name} of a search") for name, size in sizes.items()}
        # The last step gives the loss of the state that was reached: it is neither carried on nor moved.
        self._upload_numbers("rates", (*plan.learning_rates, 0.0))
        self._upload_numbers("momenta", (*[plan.momentum] * (steps - 1), 0.0))
        self._upload_numbers("beta", (plan.beta,))
        self._upload_numbers("discrete_rate", (plan.discrete_rate,))
        self._graph: CudaGraph | None = None
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
        # The search copies both to the card, so here they are NumPy's: the check is that of every other runtime.
        faces = check_input("describe", self.engines.describe.inputs[0], faces)
        start = check_input("step", self.engines.step.inputs[0], start)
        with self.engines.context:
            states, losses = self._run(faces, start, np.zeros(self.n, bool) if locked is None else locked)
        self.engines.require_finite("step", "lookahead", states)
        self.engines.require_finite("step", "loss", losses)
        return states, losses

    def _run(self, faces: np.ndarray, start: np.ndarray, locked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        stream, place = self.engines.stream, self._place
        stream.upload(self.engines.describe.buffers["face"].pointer, faces)
        stream.upload(place("reached"), start)
        stream.upload(place("locked"), locked.astype(np.float32))
        if not self._tried:
            # TensorRT allocates and compiles in its first run, which no capture may see.
            self._enqueue()
            stream.wait()
            for engine in (self.engines.describe, self.engines.step):
                self.engines.keep_cache(engine)
            self._capture()
        if self._graph is not None:
            self._graph.launch(stream)
        else:
            self._enqueue()
        steps = len(self.plan.learning_rates) + 1
        states = np.empty((steps, self._row(4 * self._count) // 4), np.float32)
        losses = np.empty((steps, self._row(4 * self.batch) // 4), np.float32)
        stream.download(states, place("ahead"))
        stream.download(losses, place("losses"))
        return states[:, : self._count].reshape(steps, self.batch, self.n), losses[:, : self.batch].copy()

    def _capture(self) -> None:
        self._tried = True
        stream = self.engines.stream
        try:
            for engine in (self.engines.describe, self.engines.step):
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
        describe, step, stream = self.engines.describe, self.engines.step, self.engines.stream
        described = {spec.name: describe.buffers[spec.name].pointer for spec in describe.outputs}
        describe.bind({"face": describe.buffers["face"].pointer, **described})
        describe.enqueue(stream)
        taken = {spec.name for spec in step.inputs}
        fixed = ("locked", "beta", "discrete_rate")
        numbers: dict[str, int] = {name: self._place(name) for name in fixed if name in taken}
        step.bind({**described, **numbers})
        row = self._row(4 * self._count)
        for i in range(len(self.plan.learning_rates) + 1):
            step.bind(
                {
                    "state": self._place("reached") + i * row,
                    "before": self._place("reached") + max(0, i - 1) * row,
                    "learning_rate": self._place("rates") + i * ALIGNMENT,
                    "momentum": self._place("momenta") + i * ALIGNMENT,
                    "next_state": self._place("reached") + (i + 1) * row,
                    "lookahead": self._place("ahead") + i * row,
                    "loss": self._place("losses") + i * self._row(4 * self.batch),
                }
            )
            step.enqueue(stream)

    def _upload_numbers(self, name: str, values: tuple[float, ...]) -> None:
        """Put numbers on the card, each at the beginning of a row of its own."""
        rows = np.zeros((len(values), ALIGNMENT // 4), np.float32)
        rows[:, 0] = values
        self.engines.stream.upload(self._place(name), rows)

    def _place(self, name: str) -> int:
        return self._buffers[name].pointer

    def _row(self, size: int) -> int:
        """Return the bytes that a row takes, so that each begins where TensorRT may write."""
        return -(-size // ALIGNMENT) * ALIGNMENT
