"""Build an engine from an ONNX graph, with either flavor of TensorRT; runs in a child process."""

import gc
import logging
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from f2p_deploy.artifact.parity import Precision
from f2p_deploy.export.tensorrt.tensorrt_flavors import Flavor, member
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.progress import Progress

logger = logging.getLogger(__name__)

#: The layers that multiply, whose precision counts as the network's.
WORKERS = ("CONVOLUTION", "DECONVOLUTION", "MATRIX_MULTIPLY")

#: Our names of data types, by their names in the network's tensors, in its weights and in an engine's plan.
PRECISIONS = {
    **{"FLOAT": "fp32", "float32": "fp32", "float": "fp32"},
    **{"HALF": "fp16", "float16": "fp16", "half": "fp16"},
    **{"INT8": "int8", "int8": "int8"},
}

#: Smallest share of a network's weights in a precision that an engine must hold in that precision (equal weights are
#: stored once), and the size in bytes up to which weights are not compared (they may be folded into others).
KEPT_SHARE = 0.8
SMALL = 65_536

#: A constant's size and type in the plan of an engine of TensorRT for RTX, which is text.
_CONSTANT = re.compile(rb"const_payload_size=(\d+) [^\n]*? type=(\w+)")

#: Largest number of unreadable nodes that an error message names.
NAMED = 3


@dataclass(frozen=True)
class EngineJob:
    """The description of an engine to build.

    Args:
        graph: the graph's name.
        source: the ONNX file; external weights are found beside it.
        engine: the file to write.
        flavor: the compiler.
        compute_capabilities: the cards to build for; empty for the flavor's default.
        precision: the precision that the workers must have; for `int8`, only those named in `quantised`.
        kept_float32: names of ONNX nodes that stayed float32 on purpose.
        quantised: names of ONNX nodes with 8-bit weights.
    """

    graph: str
    source: Path
    engine: Path
    flavor: Flavor
    compute_capabilities: tuple[str, ...]
    precision: Precision
    kept_float32: tuple[str, ...] = ()
    quantised: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineReport:
    """The report on an engine that was built.

    Args:
        precision: the precision of the workers that were not kept in float32, read back from the network.
        workers: number of multiplying layers by precision.
        weights: bytes of the parsed network's weights by precision.
        constants: bytes of the engine's constants by precision, as its plan lists them; empty if it lists none.
        engine_bytes: size of the file.
        seconds: from reading the ONNX to writing the file.
        peak_memory: of the process, in bytes; 0 if the system does not report it.
    """

    precision: str
    workers: dict[str, int]
    weights: dict[str, int]
    constants: dict[str, int]
    engine_bytes: int
    seconds: float
    peak_memory: int


def build_engine(progress: Progress, job: EngineJob) -> EngineReport:
    """Build one engine, strongly typed, so that every tensor has its type in the ONNX.

    Raises:
        CompilerError: the library cannot read or build the graph, or the engine has another precision.
    """
    with _no_collection():
        return _build(progress, job)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Disable Python's garbage collection; a context manager.

    The library calls our logger while it holds a lock. The destructor of a builder takes the same lock, so a garbage
    collection inside the logger that destroys an older builder would deadlock.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _build(progress: Progress, job: EngineJob) -> EngineReport:
    start = time.monotonic()
    trt = import_module(job.flavor.module)
    log = _log_of(trt)
    progress(f"{job.graph}: read by {job.flavor.title}")
    builder = trt.Builder(log)
    # Ignored from TensorRT 11 on, where every network is strongly typed.
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse_from_file(str(job.source)):
        raise CompilerError(f"{job.flavor.title} {trt.__version__} cannot read {job.graph}{_refused(parser)}; {SAID}")
    workers, precision = _read_back(network, job)
    weights = _weights(trt, network)

    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)  # TF32 would round float32
    monitor = _monitor_of(trt, progress, job.graph)
    config.progress_monitor = monitor
    if job.flavor.needs_gpu:
        config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # without it, the inspector shows no types
    if job.flavor.lean:
        config.set_flag(trt.BuilderFlag.VERSION_COMPATIBLE)
        config.set_flag(trt.BuilderFlag.EXCLUDE_LEAN_RUNTIME)  # else each engine holds 100 MB of it
    if job.compute_capabilities:
        config.num_compute_capabilities = len(job.compute_capabilities)
        for index, capability in enumerate(job.compute_capabilities):
            config.set_compute_capability(member(trt, capability), index)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise CompilerError(f"{job.flavor.title} {trt.__version__} could not build an engine of {job.graph}; {SAID}")
    constants = constants_of(memoryview(plan))
    require_kept(job, weights, constants)
    if job.flavor.needs_gpu and not job.flavor.lean:  # TensorRT itself opens no engine without its lean runtime
        _require_inspected(trt, log, plan, job)
    job.engine.write_bytes(memoryview(plan))
    seconds = round(time.monotonic() - start, 2)
    return EngineReport(precision, workers, weights, constants, plan.nbytes, seconds, _peak_memory())


def _read_back(network: Any, job: EngineJob) -> tuple[dict[str, int], str]:
    """Count the workers of each precision in the parsed network; raise unless they have the job's precision."""
    counts: Counter[str] = Counter()
    judged: dict[str, list[str]] = {}
    makers = {
        layer.get_output(0).name: layer.type.name
        for layer in map(network.get_layer, range(network.num_layers))
        if layer.num_outputs
    }
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        if layer.type.name not in WORKERS:
            continue
        weights = layer.get_input(1) if layer.num_inputs > 1 else None
        rounded = weights is not None and makers.get(weights.name) == "DEQUANTIZE"
        kind = "INT8" if rounded else layer.get_output(0).dtype.name
        precision = PRECISIONS.get(kind, kind.lower())
        counts[precision] += 1
        nodes = _nodes_of(layer)
        # In an 8-bit graph only the quantised layers are judged: the others may have any float type.
        chosen = nodes & set(job.quantised) if job.precision == "int8" else not nodes & set(job.kept_float32)
        if chosen:
            judged.setdefault(precision, []).append(layer.name)
    wrong = {precision: names for precision, names in judged.items() if precision != job.precision}
    if wrong or not judged:
        number = sum(len(names) for names in wrong.values())
        first = next(iter(wrong.values()))[0] if wrong else "none"
        raise CompilerError(
            f"{job.graph} was asked for in {job.precision}, but of its {sum(counts.values())} convolutions and matrix "
            f"products {number} are {' and '.join(wrong) or 'missing'} in the network that {job.flavor.title} read "
            f"(the first: {first})"
        )
    return dict(counts), job.precision


def _nodes_of(layer: Any) -> set[str]:
    """Return the names of the ONNX nodes of a layer, which the parser stores in its metadata."""
    return {layer.name, *re.findall(r"\[ONNX Layer: ([^\]]*)\]", layer.metadata)}


def _weights(trt: Any, network: Any) -> dict[str, int]:
    """Return the bytes of weights by precision, summed over the network's layers."""
    kinds = {"CONVOLUTION": trt.IConvolutionLayer, "DECONVOLUTION": trt.IDeconvolutionLayer}
    sizes: Counter[str] = Counter()
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        if layer.type.name in kinds:
            # `get_layer` returns an `ILayer`; the Python API shows a layer's own attributes once its class is set.
            layer.__class__ = kinds[layer.type.name]
            arrays = [layer.kernel, layer.bias]
        elif layer.type.name == "CONSTANT":
            layer.__class__ = trt.IConstantLayer
            arrays = [layer.weights]
        else:
            continue
        for weight in arrays:
            sizes[PRECISIONS.get(str(weight.dtype), "other")] += weight.nbytes
    return {precision: size for precision, size in sizes.items() if precision != "other"}


def constants_of(engine: bytes | memoryview) -> dict[str, int]:
    """Return the bytes of an engine's constants by precision, as its plan lists them; empty if it lists none.

    The format is that of TensorRT for RTX 1.7. It is not documented, so an engine without a list is no error.
    """
    sizes: Counter[str] = Counter()
    for size, kind in _CONSTANT.findall(engine):
        precision = PRECISIONS.get(kind.decode())
        if precision:
            sizes[precision] += int(size)
    return dict(sizes)


def require_kept(job: EngineJob, weights: Mapping[str, int], constants: Mapping[str, int]) -> None:
    """Raise if an engine's constants have other types than the weights of its network.

    This happens in spite of strong typing: TensorRT for RTX 1.7 converts a single float32 convolution between float16
    ones, with its weights, to float16. Two float32 convolutions in a row stay float32.

    Args:
        job: the description of the engine.
        weights: bytes of the network's weights by precision.
        constants: bytes of the engine's constants, from `constants_of`; if empty, nothing is compared.

    Raises:
        CompilerError: the engine holds less than `KEPT_SHARE` of the weights of a precision.
    """
    if not constants:
        return
    for precision, expected in weights.items():
        actual = constants.get(precision, 0)
        if expected > SMALL and actual < KEPT_SHARE * expected:
            hint = " (keep the neighbours of float32 layers in float32 as well)" if precision != job.precision else ""
            raise CompilerError(
                f"{job.graph} has {expected / 1e6:.2f} MB of {precision} weights, its engine {actual / 1e6:.2f} MB: "
                f"{job.flavor.title} changed their precision{hint}"
            )


def _require_inspected(trt: Any, log: Any, plan: Any, job: EngineJob) -> None:
    """Open the engine on the card that built it, and check that its layers have the job's precision."""
    engine = trt.Runtime(log).deserialize_cuda_engine(plan)
    if engine is None:
        raise CompilerError(f"{job.flavor.title} cannot open its own engine of {job.graph}; {SAID}")
    layers = engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON)
    words = {"fp32": "float|fp32", "fp16": "half|fp16", "int8": "int8"}[job.precision]
    lower = re.search("half|fp16|int8", layers, re.IGNORECASE) and job.precision == "fp32"
    if lower or not re.search(words, layers, re.IGNORECASE):
        raise CompilerError(f"{job.graph} was asked for in {job.precision}; the engine's layers have other types")


def _refused(parser: Any) -> str:
    """Log the errors of the ONNX parser, and return the nodes that it could not read as the end of a sentence."""
    nodes = []
    for index in range(parser.num_errors):
        error = parser.get_error(index)
        logger.info("%s", error.desc())
        if error.node_name():
            nodes.append(f"{error.node_name()}, {error.node_operator()}")
    return f": it refuses the node {'; '.join(dict.fromkeys(nodes[:NAMED]))}" if nodes else ""


def _log_of(trt: Any) -> Any:
    """Return a logger object for the library that passes errors and warnings to our logger, each warning once."""

    class Log(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.warned: set[str] = set()

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.ERROR:
                logger.error("%s", message)
            elif severity == trt.ILogger.WARNING and message not in self.warned:
                self.warned.add(message)  # the library repeats warnings for every layer
                logger.warning("%s", message)

    return Log()


class Phases:
    """The progress of a build, from the nested phases that the library reports."""

    def __init__(self) -> None:
        self._lock = Lock()  # the library calls from several threads
        self._steps: dict[str, tuple[int, int]] = {}  # (steps done, steps in total), outermost phase first
        self._farthest = 0.0

    def begin(self, name: str, steps: int) -> None:
        """Enter a phase."""
        with self._lock:
            self._steps[name] = (0, max(steps, 1))

    def step(self, name: str) -> None:
        """Finish a step of a phase."""
        with self._lock:
            done, steps = self._steps.get(name, (0, 1))
            self._steps[name] = (min(done + 1, steps), steps)

    def end(self, name: str) -> None:
        """Leave a phase."""
        with self._lock:
            self._steps.pop(name, None)

    def fraction(self) -> float:
        """Return the completed share of the build, in [0, 1]; each phase is part of one step of the phase around it.

        The result never decreases, although the library may end a phase before it counts the step around it.
        """
        with self._lock:
            fraction = 0.0
            for done, steps in reversed(self._steps.values()):
                fraction = min(done + fraction, steps) / steps
            self._farthest = max(self._farthest, fraction)
            return self._farthest


def _monitor_of(trt: Any, progress: Progress, graph: str) -> Any:
    """Return a progress monitor for the library that calls `progress`."""
    phases = Phases()

    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            phases.begin(phase_name, num_steps)
            progress(f"{graph}: {phase_name}", phases.fraction(), 1.0)

        def step_complete(self, phase_name: str, step: int) -> bool:
            before = phases.fraction()
            phases.step(phase_name)
            if phases.fraction() - before >= 0.01:
                progress(f"{graph}: {phase_name}", phases.fraction(), 1.0)
            return True

        def phase_finish(self, phase_name: str) -> None:
            phases.end(phase_name)

    return Monitor()


def _peak_memory() -> int:
    """Return the peak memory of this process in bytes; 0 if the system does not report it."""
    status = Path("/proc/self/status")  # on Linux getrusage includes the parent's memory
    if status.exists():
        return 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
