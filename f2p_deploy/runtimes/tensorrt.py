"""TensorRT and TensorRT for RTX: engines on NVIDIA cards, with static buffers and streams, without PyTorch."""

import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.artifact import Artifact, TensorSpec
from f2p_deploy.cuda_devices import cuda_devices
from f2p_deploy.errors import CompilerError, InputError, MissingDependency
from f2p_deploy.runtimes.base import Runtime, register
from f2p_deploy.runtimes.captured_loop import CapturedLoop, Plan
from f2p_deploy.runtimes.cuda import Buffer, DeviceArray, Stream, free_memory, pointer_of, use_device
from f2p_deploy.runtimes.tensorrt_libraries import LIBRARIES, keep, library_for

logger = logging.getLogger(__name__)


@dataclass
class Engine:
    """One engine in one thread: its context, and a buffer for each tensor.

    Args:
        name: of the graph.
        context: TensorRT's.
        buffers: by tensor name.
        inputs, outputs: their specs.
        cache: what TensorRT for RTX compiles; None elsewhere.
    """

    name: str
    context: Any
    buffers: dict[str, Buffer]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    cache: Any = None
    addresses: dict[str, int] = field(default_factory=dict)

    def bind(self, addresses: Mapping[str, int]) -> None:
        """Say where tensors lie for the next `enqueue`; others stay where they were.

        Raises:
            CompilerError: TensorRT takes no such tensor.
        """
        for tensor, address in addresses.items():
            if self.addresses.get(tensor) != address:
                if not self.context.set_tensor_address(tensor, address):
                    raise CompilerError(f"the engine of {self.name} has no tensor {tensor!r}, or not at that address")
                self.addresses[tensor] = address

    def can_be_captured(self, stream: Stream) -> bool:
        """Say whether TensorRT lets a stream that this engine runs on be captured; one that cannot tell does."""
        ask = getattr(self.context, "is_stream_capturable", None)
        return ask is None or bool(ask(int(stream.handle)))

    def enqueue(self, stream: Stream) -> None:
        """Begin to compute.

        Raises:
            CompilerError: TensorRT refuses.
        """
        if not self.context.execute_async_v3(int(stream.handle)):
            raise CompilerError(f"TensorRT cannot run the engine of {self.name}; its log says why")


@register("tensorrt", "TensorRT's engines, on an NVIDIA card", (".engine",), "cuda", "trt")
class TensorRt(Runtime):
    """Engines of TensorRT or TensorRT for RTX; the manifest says which. An engine is loaded when it is first used.

    Safe to call from several threads: each has contexts, buffers and a stream of its own. A CUDA context that is
    current when it is called (PyCUDA's, say) is used and kept.

    Args:
        artifact: of engines.
        threads: has no meaning on a card.
        device: the card's number.

    Raises:
        MissingDependency: no driver, no such card, one of another kind, or another version of TensorRT than built it.
    """

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads)
        self.device = device
        manifest = artifact.manifest
        self.library = library_for(manifest)
        self.library.require_version(manifest, artifact.folder)
        self._require_card()
        self._trt = self.library.load()
        use_device(device)
        self._logger = self._trt.Logger(self._trt.Logger.ERROR)
        self._runtime = self._trt.Runtime(self._logger)
        self._engines: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._local = threading.local()

    @classmethod
    def why_not_here(cls) -> str:
        """Return why no engine can run here: neither library, no cuda-python, or no card."""
        if find_spec("cuda") is None or all(find_spec(library.module) is None for library in LIBRARIES.values()):
            reasons = (f"{library.title}: {library.why_not_here()}" for library in LIBRARIES.values())
            return "; ".join(reasons)
        return "" if cuda_devices() else "no NVIDIA card is visible here"

    def describe_device(self) -> str:
        """Return the library's version and the card."""
        return f"{self.library.title} {self._trt.__version__}, {cuda_devices()[self.device].name}"

    def prepare(self, graphs: Collection[str]) -> None:
        """Load engines, and make this thread's contexts and buffers."""
        for graph in graphs:
            self.engine(graph)

    @property
    def stream(self) -> Stream:
        """This thread's stream."""
        if not hasattr(self._local, "stream"):
            use_device(self.device)
            self._local.stream = Stream()
        return self._local.stream

    def on_device(self, graph: str, inputs: Mapping[str, Any], alias: bool = False) -> dict[str, DeviceArray]:
        """Run one graph with arrays on the card in and out, without a copy.

        Args:
            graph: a name of `graphs`.
            inputs: by tensor name: arrays on this card (DLPack or the CUDA array interface), or NumPy's.
            alias: give the static buffers themselves, which the next call of this thread writes over; else memory of
                their own.

        Returns:
            The outputs by tensor name; the stream was waited for.

        Raises:
            InputError: no such graph, or a tensor of another shape, dtype or card.
        """
        engine, stream = self.engine(graph), self.stream
        kept = self._bind_inputs(engine, inputs, stream)
        found = {spec.name: engine.buffers[spec.name] for spec in engine.outputs}
        if not alias:
            found = {name: Buffer(buffer.size, f"an output of {graph}") for name, buffer in found.items()}
        engine.bind({name: buffer.pointer for name, buffer in found.items()})
        engine.enqueue(stream)
        stream.wait()
        del kept
        self.keep_cache(engine)
        return {s.name: DeviceArray(s.shape, found[s.name].pointer, self.device, found[s.name]) for s in engine.outputs}

    def engine(self, graph: str) -> Engine:
        """Return a graph's engine with this thread's context and buffers."""
        path = self.artifact.path(graph)
        use_device(self.device)
        mine: dict[str, Engine] = self._local.__dict__.setdefault("engines", {})
        if graph not in mine:
            mine[graph] = self._in_this_thread(graph, path)
        return mine[graph]

    def capture(self, plan: Plan, strict: bool = False) -> CapturedLoop | None:
        """Return a whole search as one launch, see `CapturedLoop`; the same plan is captured once a thread.

        None where the kernels of a search cannot be compiled: then the plain loop runs, and a line says so.
        """
        loops: dict[Plan, CapturedLoop | None] = self._local.__dict__.setdefault("loops", {})
        if loops.get(plan) is None and (strict or plan not in loops):
            loops.clear()
            try:
                loops[plan] = CapturedLoop(self, plan, strict)
            except (MissingDependency, CompilerError) as error:
                if strict:
                    raise
                logger.warning("the search runs step by step: %s", error)
                loops[plan] = None
        found = loops[plan]
        if strict and found is not None and found.why_not_captured:
            raise CompilerError(f"the search cannot be captured in a CUDA graph: {found.why_not_captured}")
        return found

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        engine, stream = self.engine(graph), self.stream
        kept = self._bind_inputs(engine, inputs, stream)
        engine.bind({spec.name: engine.buffers[spec.name].pointer for spec in engine.outputs})
        engine.enqueue(stream)
        found = {}
        for spec in engine.outputs:
            found[spec.name] = np.empty(spec.shape, np.float32)
            stream.download(found[spec.name], engine.buffers[spec.name].pointer)
        del kept
        self.keep_cache(engine)
        return found

    def keep_cache(self, engine: Engine) -> None:
        """Write what TensorRT for RTX compiled in an engine's first run beside it."""
        if engine.cache is not None:
            keep(engine.cache, self.artifact.path(engine.name))
            engine.cache = None

    def _bind_inputs(self, engine: Engine, inputs: Mapping[str, Any], stream: Stream) -> list[Any]:
        """Bind inputs where they lie, or copy them to the card; returns what must live until they were read."""
        lacking = [spec.name for spec in engine.inputs if spec.name not in inputs]
        if lacking:
            names = ", ".join(spec.name for spec in engine.inputs)
            raise InputError(f"{engine.name} takes the tensors {names}; {lacking[0]!r} is missing")
        kept = []
        for spec in engine.inputs:
            value = inputs[spec.name]
            if isinstance(value, np.ndarray):
                if value.shape != spec.shape or value.dtype != np.float32:
                    raise InputError(f"the tensor {spec.name!r} must be float32 {spec.shape}, found {value.shape}")
                stream.upload(engine.buffers[spec.name].pointer, value)
                engine.bind({spec.name: engine.buffers[spec.name].pointer})
            else:
                pointer, owner = pointer_of(value, spec.shape, spec.name, self.device, int(stream.handle))
                engine.bind({spec.name: pointer})
                kept.append(owner)
        return kept

    def _in_this_thread(self, graph: str, path: Path) -> Engine:
        entry = self.artifact.manifest.graphs[graph]
        with self._lock:
            if graph not in self._engines:
                self._engines[graph] = self._deserialise(path)
            context, cache = self.library.context(self._trt, self._engines[graph], path)
        if context is None:
            free, total = free_memory()
            needed = getattr(self._engines[graph], "device_memory_size_v2", 0)
            raise MissingDependency(
                f"{path.name} needs {needed / 2**20:.0f} MiB on the card beside its weights, and {free / 2**20:.0f} of "
                f"{total / 2**20:.0f} MiB are free: export a smaller batch, or close what else uses the card"
            )
        specs = (*entry.inputs, *entry.outputs)
        sizes = {spec.name: 4 * int(np.prod(spec.shape)) for spec in specs}
        buffers = {name: Buffer(size, f"{name} of {graph}") for name, size in sizes.items()}
        return Engine(graph, context, buffers, entry.inputs, entry.outputs, cache)

    def _deserialise(self, path: Path) -> Any:
        engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if engine is None:
            raise CompilerError(
                f"{self.library.title} {self._trt.__version__} cannot read {path}, though the manifest says that it "
                f"should run here. Build it again: {self.artifact.manifest.command}"
            )
        return engine

    def _require_card(self) -> None:
        """Raise unless the card is one that the engines were built for."""
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

