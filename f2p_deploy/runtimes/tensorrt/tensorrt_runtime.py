"""TensorRT and TensorRT for RTX: engines on NVIDIA cards, with static buffers and streams, without PyTorch."""

import logging
import threading
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Artifact, TensorSpec
from f2p_deploy.runtimes.base import Runtime, register_runtime
from f2p_deploy.runtimes.search_plan import Plan
from f2p_deploy.runtimes.tensorrt.captured_loop import CapturedLoop, SearchEngines
from f2p_deploy.runtimes.tensorrt.cuda import Buffer, Context, DeviceArray, Stream, context_on, free_memory, release_in
from f2p_deploy.runtimes.tensorrt.tensorrt_engine import LoadedEngine
from f2p_deploy.runtimes.tensorrt.tensorrt_libraries import LIBRARIES, keep, library_for
from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.errors import CompilerError, MissingDependency

logger = logging.getLogger(__name__)


@register_runtime
class TensorRt(Runtime):
    """Engines of TensorRT or TensorRT for RTX; the manifest says which. An engine is loaded when it is first used.

    Every method that takes NumPy arrays also takes arrays on the card. `on_device` returns arrays on the card as well.

    Thread-safe: each thread has separate execution contexts, buffers and a stream. All memory belongs to the CUDA
    context that is current when the runtime is created (for example PyCUDA's), or else to the card's primary context.
    The current contexts of the calling threads do not change.

    Args:
        artifact: holds engines.
        threads: not used on a card.
        device: the card's number.

    Raises:
        MissingDependency: no driver, no such card, a card of another compute capability, or another version of
            TensorRT than the one that built the engines.
    """

    name = "tensorrt"
    summary = "TensorRT's engines, on an NVIDIA card"
    suffixes = (".engine",)
    module = "cuda"
    extra = "trt"
    on_card = True

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads, device)
        manifest = artifact.manifest
        self.library = library_for(manifest)
        self.library.require_version(manifest, artifact.folder)
        self._require_card()
        self._trt = self.library.load()
        self.library.require_version(manifest, artifact.folder, self._trt.__version__)
        self.context: Context = context_on(device)
        self._logger = self._trt.Logger(self._trt.Logger.ERROR)
        with self.context:
            self._runtime = self._trt.Runtime(self._logger)
        self._engines: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._local = threading.local()

    def __del__(self) -> None:
        if "_engines" in self.__dict__:  # otherwise __init__ raised, and there is nothing to free
            release_in(self.context.handle, dict.clear, self._engines)

    @classmethod
    def why_not_here(cls) -> str:
        """Return why no engine can run here: both libraries missing, no cuda-python, or no card."""
        if find_spec("cuda") is None or all(find_spec(library.module) is None for library in LIBRARIES.values()):
            reasons = (f"{library.title}: {library.why_not_here()}" for library in LIBRARIES.values())
            return "; ".join(reasons)
        return "" if cuda_devices() else "no NVIDIA card is visible here"

    def describe_device(self) -> str:
        """Return the library's version and the card."""
        return f"{self.library.title} {self._trt.__version__}, {cuda_devices()[self.device].name}"

    def prepare(self, graphs: Collection[str]) -> None:
        """Load engines, and create this thread's execution contexts and buffers."""
        for graph in graphs:
            self.engine(graph)

    @property
    def stream(self) -> Stream:
        """The CUDA stream of the calling thread."""
        if not hasattr(self._local, "stream"):
            with self.context:
                self._local.stream = Stream()
        return self._local.stream

    def on_device(self, graph: str, inputs: Mapping[str, Any], alias: bool = False) -> dict[str, DeviceArray]:
        """Run one graph with inputs and outputs on the card, without copies.

        Args:
            graph: one of `graphs`.
            inputs: by tensor name: arrays on this card (DLPack or the CUDA array interface) or NumPy arrays. The values
                of arrays on the card are not checked; those not aligned to 256 bytes are copied.
            alias: return the static buffers themselves, which the next call in this thread overwrites; else the outputs
                are in new buffers.

        Returns:
            The outputs by tensor name, complete: the call waits for the stream.

        Raises:
            InputError: no such graph, a missing or unknown tensor, or one of another shape, dtype, card or context.
        """
        checked = self.checked(graph, inputs)
        with self.context:
            engine = self.engine(graph)
            buffers = {spec.name: engine.buffers[spec.name] for spec in engine.outputs}
            if not alias:
                buffers = {name: Buffer(buffer.size, f"an output of {graph}") for name, buffer in buffers.items()}
            self._run(engine, checked, {name: buffer.pointer for name, buffer in buffers.items()})
        return {
            spec.name: DeviceArray(spec.shape, buffers[spec.name].pointer, self.device, buffers[spec.name])
            for spec in engine.outputs
        }

    def engine(self, graph: str) -> LoadedEngine:
        """Return a graph's engine with this thread's execution context and buffers."""
        path = self.artifact.path(graph)
        engines: dict[str, LoadedEngine] = self._local.__dict__.setdefault("engines", {})
        if graph not in engines:
            with self.context:
                engines[graph] = self._in_this_thread(graph, path)
        return engines[graph]

    def capture(self, plan: Plan, strict: bool = False) -> CapturedLoop | None:
        """Return a search that runs as a single launch, see `CapturedLoop`; a plan is captured once per thread.

        Returns None, with a warning, if memory is short or the artifact has format version 2, whose step lacks momentum
        and locks. Then the search runs step by step.
        """
        loops: dict[Plan, CapturedLoop | None] = self._local.__dict__.setdefault("loops", {})
        if loops.get(plan) is None and (strict or plan not in loops):
            loops.clear()
            try:
                with self.context:
                    loops[plan] = CapturedLoop(self._search_engines(plan.graph), plan, strict)
            except (MissingDependency, CompilerError) as error:
                if strict:
                    raise
                logger.warning("the search runs step by step: %s", error)
                loops[plan] = None
        loop = loops[plan]
        if strict and loop is not None and loop.why_not_captured:
            raise CompilerError(f"the search cannot be captured in a CUDA graph: {loop.why_not_captured}")
        return loop

    def _search_engines(self, graph: str) -> SearchEngines:
        """Return this thread's engines for a search whose steps a graph takes.

        Raises:
            CompilerError: the artifact's step has no inputs for momentum and locks.
        """
        step = self.engine(graph)
        if "before" not in {spec.name for spec in step.inputs}:
            raise CompilerError(
                f"the artifact {self.artifact.folder} has an earlier format, whose step has no inputs for momentum and "
                f"locks. Make it again: {self.artifact.manifest.command}"
            )
        engines = self.engine("describe"), step
        return SearchEngines(*engines, self.stream, self.context, self.keep_cache, self.require_finite)

    def keep_cache(self, engine: LoadedEngine) -> None:
        """Write the kernels that TensorRT for RTX compiled in an engine's first run beside the engine."""
        if not engine.cache_written:
            keep(engine.execution.cache, self.artifact.path(engine.name))
            engine.cache_written = True

    def checked_input(self, graph: str, spec: TensorSpec, value: Any) -> Any:
        """Check a NumPy input; arrays on the card are returned unchanged and checked later by `pointer_of`."""
        if not isinstance(value, np.ndarray) and (
            hasattr(value, "__dlpack__") or hasattr(value, "__cuda_array_interface__")
        ):
            return value
        return super().checked_input(graph, spec, value)

    def _compute(self, graph: str, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
        with self.context:
            engine = self.engine(graph)
            places = {spec.name: engine.buffers[spec.name].pointer for spec in engine.outputs}
            self._run(engine, inputs, places)
            outputs = {spec.name: np.empty(spec.shape, np.float32) for spec in engine.outputs}
            for name, value in outputs.items():
                self.stream.download(value, places[name])
        return outputs

    def _run(self, engine: LoadedEngine, inputs: dict[str, Any], outputs: Mapping[str, int]) -> None:
        """Run an engine and wait until it has finished."""
        stream = self.stream
        owners = engine.bind_inputs(inputs, stream)
        engine.bind(outputs)
        engine.enqueue(stream)
        stream.wait()
        del owners
        self.keep_cache(engine)

    def _in_this_thread(self, graph: str, path: Path) -> LoadedEngine:
        entry = self.artifact.manifest.graphs[graph]
        with self._lock:
            if graph not in self._engines:
                self._engines[graph] = self._deserialise(path)
            execution = self.library.context(self._trt, self._engines[graph], path)
        if execution.context is None:
            free, total = free_memory()
            needed = getattr(self._engines[graph], "device_memory_size_v2", 0)
            raise MissingDependency(
                f"{path.name} needs {needed / 2**20:.0f} MiB on the card besides its weights, and "
                f"{free / 2**20:.0f} of {total / 2**20:.0f} MiB are free: "
                "export a smaller batch, or close what else uses the card"
            )
        specs = (*entry.inputs, *entry.outputs)
        sizes = {spec.name: 4 * int(np.prod(spec.shape)) for spec in specs}
        buffers = {name: Buffer(size, f"{name} of {graph}") for name, size in sizes.items()}
        return LoadedEngine(graph, self.context, execution, buffers, entry.inputs, entry.outputs)

    def _deserialise(self, path: Path) -> Any:
        engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if engine is None:
            free, total = free_memory()
            if free < path.stat().st_size:
                raise MissingDependency(
                    f"{path.name} needs at least {path.stat().st_size / 2**20:.0f} MiB on the card, and "
                    f"{free / 2**20:.0f} of {total / 2**20:.0f} MiB are free: close what else uses the card"
                )
            raise CompilerError(
                f"{self.library.title} {self._trt.__version__} cannot read {path}, although the manifest says that it "
                f"was built for this version and card. Build it again: {self.artifact.manifest.command}"
            )
        return engine

    def _require_card(self) -> None:
        """Raise unless the engines were built for this card."""
        cards, manifest = cuda_devices(), self.artifact.manifest
        if not cards:
            raise MissingDependency(f"the engines in {self.artifact.folder} need an NVIDIA card; none is visible here")
        if self.device >= len(cards):
            raise MissingDependency(f"the card {self.device} was asked for, and there are {len(cards)} here, from 0")
        card = cards[self.device]
        built = [one.strip() for one in manifest.hardware.get("compute_capability", "").split(",") if one.strip()]
        if built and card.compute_capability not in built:
            raise MissingDependency(
                f"the engines in {self.artifact.folder} were built for compute capability {', '.join(built)}, the card "
                f"{card.name} has {card.compute_capability}. Build them again for it: {manifest.command}"
            )

