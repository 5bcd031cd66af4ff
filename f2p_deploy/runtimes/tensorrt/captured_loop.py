"""A whole search on a card as one CUDA graph: `describe` once, then `step` or `step_fast` for every step.

Each batch of photos needs one launch. The arithmetic is that of `f2p_deploy.runtimes.search.iterate`, all of it inside
the engines.
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
    """The engines and the stream of a search; all belong to one thread.

    Args:
        describe: engine with its buffers.
        step: that of `step` or `step_fast`.
        stream: the stream on which they are enqueued.
        context: the CUDA context that holds everything.
        keep_cache: called with an engine after its first run.
        require_finite: called with (graph, tensor, values); raises unless the values are finite.
    """

    describe: LoadedEngine
    step: LoadedEngine
    stream: Stream
    context: Context
    keep_cache: Callable[[LoadedEngine], None]
    require_finite: Callable[[str, str, np.ndarray], None]


class CapturedLoop:
    """A search for one batch of faces.

    The first run enqueues every step, then captures them in a CUDA graph. Later runs launch that graph.

    Args:
        engines: the engines to run.
        plan: the settings of the search.
        strict: raise if the search cannot be captured, instead of enqueuing every step in each run.

    Raises:
        MissingDependency: the card has too little memory.
    """

    def __init__(self, engines: SearchEngines, plan: Plan, strict: bool = False) -> None:
        self.engines, self.plan, self.strict = engines, plan, strict
        self.why_not_captured = ""
        self.batch, self.n = engines.step.inputs[0].shape
        self._count, steps = self.batch * self.n, len(plan.learning_rates) + 1
        # Row 0 of `reached` is the start, and row i + 1 the result of step i. Row i of `ahead` is the state at which
        # step i computed its loss.
        states = self._row(4 * self._count)
        sizes = {"reached": (steps + 1) * states, "ahead": steps * states, "losses": steps * self._row(4 * self.batch)}
        sizes |= {"rates": steps * ALIGNMENT, "momenta": steps * ALIGNMENT, "locked": 4 * self.n}
        sizes |= {"beta": ALIGNMENT, "discrete_rate": ALIGNMENT}
        self._buffers = {name: Buffer(size, f"{name} of a search") for name, size in sizes.items()}
        # One more step, without momentum and with learning rate 0, computes the loss of the final state.
        self._upload_numbers("rates", (*plan.learning_rates, 0.0))
        self._upload_numbers("momenta", (*[plan.momentum] * (steps - 1), 0.0))
        self._upload_numbers("beta", (plan.beta,))
        self._upload_numbers("discrete_rate", (plan.discrete_rate,))
        self._graph: CudaGraph | None = None
        self._tried = False

    @property
    def captured(self) -> bool:
        """True if runs launch a CUDA graph."""
        return self._graph is not None

    def run(self, faces: np.ndarray, start: np.ndarray, locked: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Search for the parameters of one batch of faces.

        Args:
            faces: (N, 3, S, S) float32, where N is the engines' batch size.
            start: (N, n) float32 states.
            locked: (n,) bool, entries that never change; None for none.

        Returns:
            (steps + 1, N, n) the states at which losses were computed, and (steps + 1, N) the losses.

        Raises:
            InputError: arrays of another shape or dtype, photos out of their range, NaN.
            CompilerError: with `strict`, the search cannot be captured.
            FloorMissed: the search computed NaN.
        """
        # Both are copied to the card, so unlike the inputs of `on_device` they must be NumPy arrays.
        faces = check_input("describe", self.engines.describe.inputs[0], faces)
        start = check_input(self.plan.graph, self.engines.step.inputs[0], start)
        with self.engines.context:
            states, losses = self._run(faces, start, np.zeros(self.n, bool) if locked is None else locked)
        self.engines.require_finite(self.plan.graph, "lookahead", states)
        self.engines.require_finite(self.plan.graph, "loss", losses)
        return states, losses

    def _run(self, faces: np.ndarray, start: np.ndarray, locked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        stream, place = self.engines.stream, self._place
        stream.upload(self.engines.describe.buffers["face"].pointer, faces)
        stream.upload(place("reached"), start)
        stream.upload(place("locked"), locked.astype(np.float32))
        if not self._tried:
            # TensorRT allocates and compiles in its first run, which is not allowed during a capture.
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
                    raise CompilerError(f"TensorRT reports that the engine of {engine.name} cannot be captured")
            self._graph = stream.capture(self._enqueue)
        except F2PError as error:
            self.why_not_captured = str(error)
            if self.strict:
                raise CompilerError(f"the search cannot be captured in a CUDA graph: {error}") from error
            logger.warning("the search runs step by step, a CUDA graph cannot be captured: %s", error)

    def _enqueue(self) -> None:
        """Enqueue a whole search on the stream, to capture it or to run it without a capture."""
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
        """Copy numbers to the card, each to the beginning of a separate row of `ALIGNMENT` bytes."""
        rows = np.zeros((len(values), ALIGNMENT // 4), np.float32)
        rows[:, 0] = values
        self.engines.stream.upload(self._place(name), rows)

    def _place(self, name: str) -> int:
        return self._buffers[name].pointer

    def _row(self, size: int) -> int:
        """Return a row's size in bytes, rounded up so that each row begins at an aligned address."""
        return -(-size // ALIGNMENT) * ALIGNMENT
