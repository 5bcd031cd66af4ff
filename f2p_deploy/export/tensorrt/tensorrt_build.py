"""One ONNX graph to one engine, with either flavor of TensorRT; runs in a process of its own."""

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

#: The layers that do the work, and so decide what precision a network has.
WORKERS = ("CONVOLUTION", "DECONVOLUTION", "MATRIX_MULTIPLY")

#: Our names of data types, as the network's tensors, its weights and an engine's own plan call them.
PRECISIONS = {
    **{"FLOAT": "fp32", "float32": "fp32", "float": "fp32"},
    **{"HALF": "fp16", "float16": "fp16", "half": "fp16"},
    **{"INT8": "int8", "int8": "int8"},
}

#: Of the weights that a network has in a precision, an engine must hold this share in it: equal ones are stored once,
#: small ones (in bytes) are folded into others.
KEPT_SHARE = 0.8
SMALL = 65_536

#: An engine of TensorRT for RTX holds its plan in words, each constant with its size and type.
_CONSTANT = re.compile(rb"const_payload_size=(\d+) [^\n]*? type=(\w+)")

#: Nodes that a parser could not read of which an error names so many.
NAMED = 3


@dataclass(frozen=True)
class EngineJob:
    """What to build.

    Args:
        graph: its name.
        source: the ONNX file; weights that lie in another file are found beside it.
        engine: the file to write.
        flavor: which compiler.
        compute_capabilities: the cards to build for; empty for all that the flavor builds for by itself.
        precision: that the workers of the graph must have; of `int8` those that are named in `quantised`.
        kept_float32: names of ONNX nodes that stayed float32 on purpose.
        quantised: names of ONNX nodes whose weights are 8-bit.
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
    """What was built.

    Args:
        precision: of the workers that were not kept in float32, read back.
        workers: how many layers that do the work there are of each precision.
        weights: bytes of the parsed network's weights of each precision.
        constants: bytes of the constants of each precision that the engine says it holds; empty if it does not say.
        engine_bytes: of the file.
        seconds: from reading the ONNX to the written file.
        peak_memory: of the process, in bytes; 0 where the system does not say.
    """

    precision: str
    workers: dict[str, int]
    weights: dict[str, int]
    constants: dict[str, int]
    engine_bytes: int
    seconds: float
    peak_memory: int


def build_engine(progress: Progress, job: EngineJob) -> EngineReport:
    """Build one engine: strongly typed, so that every tensor has the type that the ONNX gives it.

    Raises:
        CompilerError: the library cannot read the graph or build it, or what it made has another precision.
    """
    with _no_collection():
        return _build(progress, job)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from collecting garbage.

    The library logs, through our logger, while it holds a lock that the end of an older builder takes, too: a
    collection in the logger that finds one would wait for ever.
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
    config.clear_flag(trt.BuilderFlag.TF32)  # float32 means float32
    monitor = _monitor_of(trt, progress, job.graph)
    config.progress_monitor = monitor
    if job.flavor.needs_gpu:
        config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # else the inspector shows no types
    if job.compute_capabilities:
        config.num_compute_capabilities = len(job.compute_capabilities)
        for index, capability in enumerate(job.compute_capabilities):
            config.set_compute_capability(member(trt, capability), index)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise CompilerError(
            f"{job.flavor.title} {trt.__version__} made no engine of {job.graph}; {SAID}"
        )
    constants = constants_of(memoryview(plan))
    require_kept(job, weights, constants)
    if job.flavor.needs_gpu:
        _require_inspected(trt, log, plan, job)
    job.engine.write_bytes(memoryview(plan))
    seconds = round(time.monotonic() - start, 2)
    return EngineReport(precision, workers, weights, constants, plan.nbytes, seconds, _peak_memory())


def _read_back(network: Any, job: EngineJob) -> tuple[dict[str, int], str]:
    """Count the workers of each precision in the parsed network; raise unless they have the one asked for."""
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
        found = "INT8" if rounded else layer.get_output(0).dtype.name
        found = PRECISIONS.get(found, found.lower())
        counts[found] += 1
        nodes = _nodes_of(layer)
        # Beside 8 bits only what was chosen is judged: the others may be in any float.
        chosen = nodes & set(job.quantised) if job.precision == "int8" else not nodes & set(job.kept_float32)
        if chosen:
            judged.setdefault(found, []).append(layer.name)
    wrong = {found: names for found, names in judged.items() if found != job.precision}
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
    """Return the names of the ONNX nodes that a layer was made from; the parser leaves them in its metadata."""
    return {layer.name, *re.findall(r"\[ONNX Layer: ([^\]]*)\]", layer.metadata)}


def _weights(trt: Any, network: Any) -> dict[str, int]:
    """Return the bytes of weights of each precision that the network's layers hold, each layer's counted."""
    kinds = {"CONVOLUTION": trt.IConvolutionLayer, "DECONVOLUTION": trt.IDeconvolutionLayer}
    found: Counter[str] = Counter()
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        if layer.type.name in kinds:
            layer.__class__ = kinds[layer.type.name]  # how the Python API gives access to a layer's own attributes
            held = [layer.kernel, layer.bias]
        elif layer.type.name == "CONSTANT":
            layer.__class__ = trt.IConstantLayer
            held = [layer.weights]
        else:
            continue
        for weight in held:
            found[PRECISIONS.get(str(weight.dtype), "other")] += weight.nbytes
    return {precision: count for precision, count in found.items() if precision != "other"}


def constants_of(engine: bytes | memoryview) -> dict[str, int]:
    """Return the bytes of constants of each precision that an engine says it holds; empty if it does not say.

    What TensorRT for RTX 1.7 writes; it is not documented, so an engine that says nothing is no error.
    """
    found: Counter[str] = Counter()
    for size, kind in _CONSTANT.findall(engine):
        precision = PRECISIONS.get(kind.decode())
        if precision:
            found[precision] += int(size)
    return dict(found)


def require_kept(job: EngineJob, weights: Mapping[str, int], constants: Mapping[str, int]) -> None:
    """Raise if an engine's constants have other types than the weights of the network that it was built from.

    It happens, strong typing or not: TensorRT for RTX 1.7 makes a float16 convolution, float16 weights included, of one
    in float32 that stands alone between float16 ones. Two in a row stay float32.

    Args:
        job: what was built.
        weights: bytes of the network's weights of each precision.
        constants: of the engine's, as `constants_of` found them; empty: nothing is compared.
    """
    if not constants:
        return
    for precision, given in weights.items():
        found = constants.get(precision, 0)
        if given > SMALL and found < KEPT_SHARE * given:
            hint = " (keep the neighbours of what was kept in float32, too)" if precision != job.precision else ""
            raise CompilerError(
                f"{job.graph} has {given / 1e6:.2f} MB of {precision} weights, its engine {found / 1e6:.2f} MB: "
                f"{job.flavor.title} changed their precision{hint}"
            )


def _require_inspected(trt: Any, log: Any, plan: Any, job: EngineJob) -> None:
    """Open the engine on the card that it was built on, and look for the precision among its layers' types."""
    engine = trt.Runtime(log).deserialize_cuda_engine(plan)
    if engine is None:
        raise CompilerError(f"{job.flavor.title} cannot open its own engine of {job.graph}; {SAID}")
    layers = engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON)
    words = {"fp32": "float|fp32", "fp16": "half|fp16", "int8": "int8"}[job.precision]
    lower = re.search("half|fp16|int8", layers, re.IGNORECASE) and job.precision == "fp32"
    if lower or not re.search(words, layers, re.IGNORECASE):
        raise CompilerError(f"{job.graph} was asked for in {job.precision}; the engine's layers have other types")


def _refused(parser: Any) -> str:
    """Return the nodes that the ONNX parser could not read, as the end of a sentence, and log what it says of them."""
    nodes = []
    for index in range(parser.num_errors):
        error = parser.get_error(index)
        logger.info("%s", error.desc())
        if error.node_name():
            nodes.append(f"{error.node_name()}, {error.node_operator()}")
    return f": it refuses the node {'; '.join(dict.fromkeys(nodes[:NAMED]))}" if nodes else ""


def _log_of(trt: Any) -> Any:
    """Return a logger for the library: errors are kept and logged, warnings logged."""

    class Log(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.warned: set[str] = set()

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.ERROR:
                logger.error("%s", message)
            elif severity == trt.ILogger.WARNING and message not in self.warned:
                self.warned.add(message)  # it repeats itself for every layer
                logger.warning("%s", message)

    return Log()


class Phases:
    """How far a build is, from the phases inside phases that the library tells of."""

    def __init__(self) -> None:
        self._lock = Lock()  # the library calls from several threads
        self._steps: dict[str, tuple[int, int]] = {}  # done and all, outermost phase first
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
        """Return the share that is done, in [0, 1]: each phase is part of one step of the one around it.

        It never falls, though the library may end a phase before it counts the step around it.
        """
        with self._lock:
            fraction = 0.0
            for done, steps in reversed(self._steps.values()):
                fraction = min(done + fraction, steps) / steps
            self._farthest = max(self._farthest, fraction)
            return self._farthest


def _monitor_of(trt: Any, progress: Progress, graph: str) -> Any:
    """Return a progress monitor for the library that tells `progress`."""
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
    """Return the most memory that this process has had, in bytes; 0 where the system does not say."""
    status = Path("/proc/self/status")  # on Linux getrusage begins with what the parent had
    if status.exists():
        return 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
