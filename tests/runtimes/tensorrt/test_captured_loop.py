"""The captured search on a NumPy stand-in for a card: `describe` and `step` run in ONNX Runtime on bound addresses.

The stand-in checks the layout: every access lies inside one buffer and begins at an aligned address, and a launch reads
nothing but buffers. Only tests/gpu/test_tensorrt_runtime.py can show that CUDA captures the engines, and that TensorRT
computes the same.
"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact, TensorSpec, read_artifact
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime
from f2p_deploy.runtimes.search import iterate
from f2p_deploy.runtimes.search_plan import Plan
from f2p_deploy.runtimes.tensorrt import captured_loop
from f2p_deploy.runtimes.tensorrt.captured_loop import CapturedLoop, SearchEngines
from f2p_deploy.runtimes.tensorrt.cuda import ALIGNMENT
from f2p_deploy.system.errors import CompilerError, FloorMissed, InputError

if TYPE_CHECKING:
    from f2p_deploy.export import Faces

SETTINGS = IterativeSettings(
    iterations=5, learning_rate=0.5, momentum=0.6, decay_every=2, beta=4.0, discrete_rate=0.5, keep_best=True
)

Work = Callable[[], None]


class Memory:
    """A card's memory: buffers at aligned addresses, with gaps that nothing may touch."""

    def __init__(self) -> None:
        self.blocks: dict[int, np.ndarray] = {}

    def allocate(self, size: int, purpose: str) -> SimpleNamespace:
        pointer = ALIGNMENT * (1 + sum(2 + block.size // ALIGNMENT for block in self.blocks.values()))
        self.blocks[pointer] = np.full(size, 0xFF, np.uint8)
        return SimpleNamespace(pointer=pointer, size=size)

    def view(self, pointer: int, size: int) -> np.ndarray:
        """Return the bytes at an address."""
        assert pointer % ALIGNMENT == 0, "TensorRT needs aligned addresses"
        begin = max(start for start in self.blocks if start <= pointer)
        assert pointer + size <= begin + self.blocks[begin].size, "outside of the buffer"
        return self.blocks[begin][pointer - begin : pointer - begin + size]


class CardStream:
    """A stream that runs work at once, or records it during a capture."""

    def __init__(self, memory: Memory, can_capture: bool = True) -> None:
        self.memory, self.can_capture = memory, can_capture
        self.recording: list[Work] | None = None
        self.launches = 0

    def upload(self, pointer: int, values: np.ndarray) -> None:
        assert self.recording is None, "an upload cannot be captured"
        self.memory.view(pointer, values.nbytes)[:] = np.ascontiguousarray(values).view(np.uint8).ravel()

    def download(self, values: np.ndarray, pointer: int) -> None:
        values[...] = self.memory.view(pointer, values.nbytes).view(values.dtype).reshape(values.shape)

    def wait(self) -> None:
        assert self.recording is None, "nothing may wait during a capture"

    def run(self, work: Work) -> None:
        """Run work now, or record it."""
        if self.recording is None:
            work()
        else:
            self.recording.append(work)

    def capture(self, enqueue: Work) -> SimpleNamespace:
        if not self.can_capture:
            raise CompilerError("the stand-in captures nothing")
        work: list[Work] = []
        self.recording = work
        enqueue()
        self.recording = None

        def launch(stream: CardStream) -> None:
            stream.launches += 1
            for one in work:
                one()

        return SimpleNamespace(launch=launch)


class CardEngine:
    """One graph of a runtime, which reads its inputs from bound addresses and writes its outputs to them."""

    def __init__(self, runtime: OnnxRuntime, name: str, memory: Memory) -> None:
        entry = runtime.artifact.manifest.graphs[name]
        self.runtime, self.name, self.memory = runtime, name, memory
        self.inputs, self.outputs = entry.inputs, entry.outputs
        self.buffers = {s.name: memory.allocate(_bytes_of(s), s.name) for s in (*entry.inputs, *entry.outputs)}
        self.bound: dict[str, int] = {}

    def bind(self, addresses: dict[str, int]) -> None:
        assert addresses.keys() <= self.buffers.keys()
        self.bound.update(addresses)

    def can_be_captured(self, stream: CardStream) -> bool:
        return True

    def enqueue(self, stream: CardStream) -> None:
        at = dict(self.bound)
        assert at.keys() == self.buffers.keys(), "every tensor has an address"

        def compute() -> None:
            given = {spec.name: self._at(at[spec.name], spec).copy() for spec in self.inputs}
            for name, value in self.runtime._compute(self.name, self.runtime.checked(self.name, given)).items():
                self._at(at[name], next(spec for spec in self.outputs if spec.name == name))[...] = value

        stream.run(compute)

    def _at(self, pointer: int, spec: TensorSpec) -> np.ndarray:
        return self.memory.view(pointer, _bytes_of(spec)).view(np.float32).reshape(spec.shape)


def _bytes_of(spec: TensorSpec) -> int:
    return 4 * int(np.prod(spec.shape))


class CardRuntime(OnnxRuntime):
    """ONNX Runtime with searches that run as one launch on the stand-in."""

    loop: CapturedLoop

    def capture(self, plan: Plan, strict: bool = False) -> CapturedLoop:
        assert plan == self.loop.plan
        return self.loop


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()
    monkeypatch.setattr(captured_loop, "Buffer", memory.allocate)
    return memory


@pytest.fixture
def artifact(small_artifact: Path) -> Artifact:
    return read_artifact(small_artifact)


@pytest.fixture
def card(artifact: Artifact, memory: Memory) -> Callable[..., CardRuntime]:
    """Makes a runtime whose searches run on the stand-in."""

    def make(
        settings: IterativeSettings = SETTINGS,
        strict: bool = True,
        artifact: Artifact = artifact,
        graph: str = "step",
        **options: bool,
    ) -> CardRuntime:
        runtime = CardRuntime(artifact, threads=1)
        engines = {name: CardEngine(runtime, name, memory) for name in ("describe", graph)}
        runtime.first_runs: list[str] = []  # type: ignore[attr-defined, misc]
        whole = SearchEngines(
            cast(Any, engines["describe"]),
            cast(Any, engines[graph]),
            cast(Any, CardStream(memory, **options)),
            cast(Any, _Current()),
            lambda engine: runtime.first_runs.append(engine.name),  # type: ignore[attr-defined]
            runtime.require_finite,
        )
        runtime.loop = CapturedLoop(whole, Plan.of(settings, graph), strict)
        return runtime

    return make


class _Current:
    """A context that is always current."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *raised: object) -> None:
        return None


def stream_of(runtime: CardRuntime) -> CardStream:
    return cast(CardStream, runtime.loop.engines.stream)


def test_a_launch_computes_the_search_of_the_same_runtime(
    artifact: Artifact, card: Callable[..., CardRuntime], small_faces: "Faces"
) -> None:
    runtime, plain = card(), OnnxRuntime(artifact, threads=1)
    locked = np.zeros(runtime.schema.n, bool)
    locked[[1, -1]] = True
    for row, locks in ((0, None), (1, locked), (0, None)):
        faces = small_faces.images[row : row + 1]
        found, expected = (iterate(which, faces, SETTINGS, locked=locks) for which in (runtime, plain))
        assert np.array_equal(found.losses, expected.losses) and found.losses.shape == (6, 1)
        assert np.array_equal(found.parameters, expected.parameters)
    assert runtime.loop.captured and stream_of(runtime).launches == 3
    assert runtime.first_runs == ["describe", "step"], "caches are kept once"  # type: ignore[attr-defined]


def test_a_launch_computes_the_search_through_the_shortcut(
    fast_artifact: Artifact, card: Callable[..., CardRuntime], small_faces: "Faces"
) -> None:
    runtime, plain = card(artifact=fast_artifact, graph="step_fast"), OnnxRuntime(fast_artifact, threads=1)
    faces = small_faces.images[:1]
    found, expected = (iterate(which, faces, SETTINGS, fast=True) for which in (runtime, plain))
    assert np.array_equal(found.losses, expected.losses) and stream_of(runtime).launches == 1
    assert np.array_equal(found.parameters, expected.parameters)


def test_without_a_capture_every_step_is_enqueued(
    artifact: Artifact, card: Callable[..., CardRuntime], small_faces: "Faces", caplog: pytest.LogCaptureFixture
) -> None:
    runtime, faces = card(strict=False, can_capture=False), small_faces.images[:1]
    expected = iterate(OnnxRuntime(artifact, threads=1), faces, SETTINGS)
    for _ in range(2):
        assert np.array_equal(iterate(runtime, faces, SETTINGS).losses, expected.losses)
    assert not runtime.loop.captured and runtime.loop.why_not_captured == "the stand-in captures nothing"
    assert caplog.text.count("the search runs step by step") == 1


def test_with_strict_a_search_that_cannot_be_captured_is_an_error(
    card: Callable[..., CardRuntime], small_faces: "Faces"
) -> None:
    with pytest.raises(CompilerError, match="the search cannot be captured in a CUDA graph: the stand-in"):
        iterate(card(can_capture=False), small_faces.images[:1], SETTINGS)


def test_inputs_are_checked_and_nan_is_refused(
    card: Callable[..., CardRuntime], small_faces: "Faces", monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, face = card(), small_faces.images[:1]
    start = np.array([runtime.artifact.manifest.first_state], np.float32)
    with pytest.raises(InputError, match=r"'face' must lie in \[0, 1\]"):
        runtime.loop.run(face * 255, start, None)
    with pytest.raises(InputError, match="'state' holds NaN"):
        runtime.loop.run(face, start * np.float32(np.nan), None)
    compute = runtime._compute

    def overflow(graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = compute(graph, inputs)
        return outputs if graph == "describe" else {**outputs, "loss": outputs["loss"] * np.float32(np.inf)}

    monkeypatch.setattr(runtime, "_compute", overflow)
    with pytest.raises(FloorMissed, match="step computed NaN or infinite values in loss"):
        runtime.loop.run(face, start, None)
