"""One ONNX graph to one engine, with either flavor of TensorRT; runs in a process of its own."""

import logging
import re
import time
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from f2p_deploy.errors import CompilerError
from f2p_deploy.export.parity import Precision
from f2p_deploy.export.targets.target import Progress
from f2p_deploy.export.targets.tensorrt_flavors import Flavor, member

logger = logging.getLogger(__name__)

#: The layers that do the work, and so decide what precision a network has.
WORKERS = ("CONVOLUTION", "DECONVOLUTION", "MATRIX_MULTIPLY")

#: The library's data types by our names; those without one keep theirs.
PRECISIONS = {"FLOAT": "fp32", "HALF": "fp16"}

#: An engine that holds its weights as they were weighs at most this much more than they do, and `PLAN_BYTES` besides.
#: Weights widened from float16 to float32 would weigh twice as much.
WIDENED = 1.5
PLAN_BYTES = 4_000_000

#: Messages of a failed compiler that are quoted.
QUOTED = 3


@dataclass(frozen=True)
class EngineJob:
    """What to build.

    Args:
        graph: its name.
        source: the ONNX file; weights that lie in another file are found beside it.
        engine: the file to write.
        flavor: which compiler.
        compute_capabilities: the cards to build for; empty for all that the flavor builds for by itself.
        precision: that the workers of the graph must have.
        kept_float32: names of ONNX nodes that stayed float32 on purpose.
    """

    graph: str
    source: Path
    engine: Path
    flavor: Flavor
    compute_capabilities: tuple[str, ...]
    precision: Precision
    kept_float32: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineReport:
    """What was built.

    Args:
        precision: of the workers that were not kept in float32, read back.
        workers: how many layers that do the work there are of each precision.
        weight_bytes: of the parsed network.
        engine_bytes: of the file.
        seconds: from reading the ONNX to the written file.
        peak_memory: of the process, in bytes; 0 where the system does not say.
    """

    precision: str
    workers: dict[str, int]
    weight_bytes: int
    engine_bytes: int
    seconds: float
    peak_memory: int


def build_engine(progress: Progress, job: EngineJob) -> EngineReport:
    """Build one engine: strongly typed, so that every tensor has the type that the ONNX gives it.

    Raises:
        CompilerError: the library cannot read the graph or build it, or what it made has another precision.
    """
    start = time.monotonic()
    trt = import_module(job.flavor.module)
    log = _log_of(trt)
    progress(f"{job.graph}: read by {job.flavor.title}")
    builder = trt.Builder(log)
    # Ignored from TensorRT 11 on, where every network is strongly typed.
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse_from_file(str(job.source)):
        raise CompilerError(f"{job.flavor.title} {trt.__version__} cannot read {job.graph}: {_parser_errors(parser)}")
    workers, precision = _read_back(network, job)
    weight_bytes = _weight_bytes(trt, network)

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
            f"{job.flavor.title} {trt.__version__} made no engine of {job.graph}: "
            f"{'; '.join(log.errors[:QUOTED]) or 'it did not say why'}"
        )
    if job.flavor.needs_gpu:
        _require_inspected(trt, log, plan, job)
    else:
        require_unwidened(job, plan.nbytes, weight_bytes)
    job.engine.write_bytes(memoryview(plan))
    return EngineReport(
        precision, workers, weight_bytes, plan.nbytes, round(time.monotonic() - start, 2), _peak_memory()
    )


def _read_back(network: Any, job: EngineJob) -> tuple[dict[str, int], str]:
    """Count the workers of each precision in the parsed network; raise unless they have the one asked for."""
    counts: Counter[str] = Counter()
    judged: dict[str, list[str]] = {}
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        if layer.type.name not in WORKERS:
            continue
        found = layer.get_output(0).dtype.name
        found = PRECISIONS.get(found, found.lower())
        counts[found] += 1
        if not _nodes_of(layer) & set(job.kept_float32):
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


def _weight_bytes(trt: Any, network: Any) -> int:
    """Return how many bytes of weights the network's layers hold, each layer's counted."""
    kinds = {"CONVOLUTION": trt.IConvolutionLayer, "DECONVOLUTION": trt.IDeconvolutionLayer}
    total = 0
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        kind = layer.type.name
        if kind in kinds:
            layer.__class__ = kinds[kind]  # how the Python API gives access to a layer's own attributes
            total += layer.kernel.nbytes + layer.bias.nbytes
        elif kind == "CONSTANT":
            layer.__class__ = trt.IConstantLayer
            total += layer.weights.nbytes
    return total


def require_unwidened(job: EngineJob, engine_bytes: int, weight_bytes: int) -> None:
    """Raise if an engine, which cannot be opened without its card, is too heavy to hold its weights as they were.

    Args:
        job: what was built.
        engine_bytes: of the engine.
        weight_bytes: of the weights in the parsed network, in their own types.
    """
    if engine_bytes > WIDENED * weight_bytes + PLAN_BYTES:
        raise CompilerError(
            f"the engine of {job.graph} weighs {engine_bytes / 1e6:.1f} MB, its {job.precision} weights only "
            f"{weight_bytes / 1e6:.1f} MB: {job.flavor.title} did not keep them in {job.precision}"
        )


def _require_inspected(trt: Any, log: Any, plan: Any, job: EngineJob) -> None:
    """Open the engine on the card that it was built on, and look for the precision among its layers' types."""
    engine = trt.Runtime(log).deserialize_cuda_engine(plan)
    if engine is None:
        raise CompilerError(f"{job.flavor.title} cannot open its own engine of {job.graph}: {'; '.join(log.errors)}")
    layers = engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON)
    if bool(re.search("half|fp16", layers, re.IGNORECASE)) != (job.precision == "fp16"):
        raise CompilerError(f"{job.graph} was asked for in {job.precision}; the engine's layers have other types")


def _parser_errors(parser: Any) -> str:
    """Return what the ONNX parser found wrong, with the nodes."""
    found = []
    for index in range(min(parser.num_errors, QUOTED)):
        error = parser.get_error(index)
        node = f" (node {error.node_name()}, {error.node_operator()})" if error.node_name() else ""
        found.append(f"{' '.join(error.desc().split())}{node}")
    return "; ".join(found) or "it did not say why"


def _log_of(trt: Any) -> Any:
    """Return a logger for the library: errors are kept and logged, warnings logged."""

    class Log(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.ERROR:
                self.errors.append(" ".join(message.split()))
                logger.error("%s", message)
            elif severity == trt.ILogger.WARNING:
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
    try:
        import resource
    except ImportError:  # Windows
        return 0
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
