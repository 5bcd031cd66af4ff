"""OpenVINO: the CPU runtime for Intel, AMD and ARM processors, in float32 or bfloat16 by the name that is asked for."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from queue import LifoQueue
from threading import Lock
from typing import Any, ClassVar

import numpy as np

from f2p_deploy.runtimes.base import Runtime, register_runtime
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError, MissingDependency
from f2p_deploy.system.names import require_utf8
from f2p_deploy.system.threads import default_threads, usable_cores

DEVICE = "CPU"

#: How many calls of a graph run side by side at most: each needs memory of its own, called or not (57 MB for `step` of
#: the demo bundle, weights not counted).
MOST_CALLS = 4

#: Held while OpenVINO compiles. Its Python layer fills tables when it is first used, behind a lock of C++ that it keeps
#: while it waits for the interpreter's: threads whose first calls meet there wait for each other for ever (2026.4.1).
_compiling = Lock()

#: Held while the process's `openvino.Core` is made.
_making = Lock()

#: OpenVINO's words for a precision: in the option, among the processor's capabilities.
CAPABILITIES = {"f32": "FP32", "bf16": "BF16"}

#: What OpenVINO calls the precisions of layers that multiply 8-bit numbers.
EIGHT_BITS = ("i8", "u8")

#: Layers whose precision is the graph's: the multiplications. (What casts and copies computes in nothing.)
MULTIPLYING_LAYERS = ("Convolution", "Deconvolution", "FullyConnected", "MatMul")


@register_runtime("openvino", "OpenVINO on the processor, float32", (".onnx",), module="openvino", extra="openvino")
class OpenVino(Runtime):
    """OpenVINO on the CPU in float32. A graph is compiled when it is first used.

    Where `threads` leaves cores free, calls of a graph run side by side, as many as there are cores for and
    `MOST_CALLS` at most; others wait for one of them. A call that has all cores has them to itself.

    The precision is asked for by name and read back: left to itself OpenVINO computes in bfloat16 wherever the
    processor can. A graph exported in half precision is computed in float32, too, from its rounded weights.
    """

    precision: ClassVar[str] = "f32"

    @classmethod
    def why_not_here(cls) -> str:
        """Return why this machine cannot run it: not installed, or a processor without the precision."""
        reason = super().why_not_here()
        if reason:
            return reason
        core = shared_core()
        if CAPABILITIES[cls.precision] in core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES"):
            return ""
        processor = core.get_property(DEVICE, "FULL_DEVICE_NAME")
        return f"{processor} does not compute in {cls.precision}: the runtime {OpenVino.name!r} computes in f32"

    def describe_device(self) -> str:
        """Return the version, the processor, and the precision that the compiled graphs report.

        Compiles the artifact's first graph if none is yet.
        """
        import openvino

        if not self._ready:
            self.prepare(self.graphs[:1])
        compiled = [pool.compiled for pool in tuple(self._ready.values())]
        layers = sum(map(precisions_of, compiled), Counter[str]())
        version = openvino.__version__.partition("-")[0]
        processor = shared_core().get_property(DEVICE, "FULL_DEVICE_NAME")
        return f"openvino {version}, {processor}, {_counted(layers)}"

    def _load(self, graph: str) -> "Requests":
        return Requests(compile_graph(self.artifact.path(graph), self.precision, self.threads))

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return self._loaded(graph).run(inputs)


@register_runtime(
    "openvino-bf16", "OpenVINO on the processor, bfloat16", suffixes=(".onnx",), module="openvino", extra="openvino"
)
class OpenVinoBf16(OpenVino):
    """OpenVINO on the CPU in bfloat16, with float32 inputs and outputs: faster, and rounded to 8 bits of mantissa."""

    precision = "bf16"


class Requests:
    """A compiled graph with as many requests as it can run side by side; one belongs to one call at a time.

    Args:
        compiled: an `openvino.CompiledModel`. Its own call is not for several threads: all share one hidden request.
    """

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self._free: LifoQueue[Any] = LifoQueue()
        for _ in range(compiled.get_property("NUM_STREAMS")):
            self._free.put(compiled.create_infer_request())

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Compute once a request is free; inputs and outputs by tensor name, the latter float32 and the caller's."""
        request = self._free.get()
        try:
            results = request.infer(inputs, share_inputs=True, share_outputs=True)
            # Copied before anybody else may have the request: its arrays are written over.
            return {output.get_any_name(): np.array(results[output], np.float32) for output in self.compiled.outputs}
        finally:
            self._free.put(request)


def shared_core() -> Any:
    """Return the one `openvino.Core` of this process, which is never let go.

    The processor's plugin gives the thread that makes a `Core` a stack for signal handlers. The thread keeps it, freed,
    where the `Core` ends on another thread, or before one that was made later; the next Ctrl-C then ends the process
    (2026.4.1).
    """
    with _making:
        return _make_core()


@cache
def _make_core() -> Any:
    import openvino

    return openvino.Core()


def compile_graph(path: Path, precision: str, threads: int | None = None) -> Any:
    """Compile an `.onnx` file in the precision that was asked for, for several calls side by side: see `streams_for`.

    In bfloat16 OpenVINO keeps layers in float32 that it has no bfloat16 kernel for; `precisions_of` counts them.

    Args:
        path: the file; weights kept beside it are found by OpenVINO.
        precision: a key of `CAPABILITIES`.
        threads: how many threads one call uses; `default_threads` if None, and without that OpenVINO's own number.

    Returns:
        An `openvino.CompiledModel`.

    Raises:
        CompilerError: OpenVINO cannot read or compile the file.
        MissingDependency: it compiled the graph in another precision.
    """
    import openvino

    threads = threads if threads is not None else default_threads()
    streams = streams_for(threads)
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": streams,
    }
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = streams * threads
        # Pinned, graphs of one thread each would all have the first core, in other processes, too.
        options["ENABLE_CPU_PINNING"] = False
    core = shared_core()
    with _compiling:
        openvino.Tensor(np.zeros(1, np.float32)).data.copy()  # there and back: fills the tables of both ways
        try:
            model = core.read_model(require_utf8(str(path), "OpenVINO"))
            _widen_weights(model)
            _unshare_weights(model)
            _write_out_broadcasts(model)
            compiled = core.compile_model(model, DEVICE, options)
        except RuntimeError as error:
            raise CompilerError(f"openvino {openvino.__version__} cannot load {path}; {SAID}") from error
    found = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    layers = precisions_of(compiled)
    # A graph with explicit quantisation computes in 8 bits whatever was asked for: that is the graph's own precision.
    allowed = {"f32", *(EIGHT_BITS if _has_quantisation(model) else ())}
    if found != precision or (precision == "f32" and set(layers) - allowed):
        raise MissingDependency(
            f"asked OpenVINO for {path.name} in {precision}, it compiled {found} ({_counted(layers)}) here"
        )
    return compiled


def streams_for(threads: int | None) -> int:
    """Return how many calls of a graph can run side by side, each with so many threads; 1 with all cores (None)."""
    return 1 if threads is None else max(1, min(MOST_CALLS, usable_cores() // threads))


def _has_quantisation(model: Any) -> bool:
    return any(operator.get_type_name() == "FakeQuantize" for operator in model.get_ops())


def _widen_weights(model: Any) -> None:
    """Make constants of weights that are stored in float16: of their conversions, and of these times a constant.

    OpenVINO does so itself, but after `_unshare_weights` has looked for constants that several layers share.
    """
    from openvino import op

    for operator in model.get_ordered_ops():
        sources = [given.get_source_output().get_node() for given in operator.inputs()]
        if not sources or any(source.get_type_name() != "Constant" for source in sources):
            continue
        values = [np.array(source.data) for source in sources]
        kind = operator.get_type_name()
        if kind == "Convert" and values[0].dtype == np.float16 and operator.get_element_type().to_dtype() == np.float32:
            made = values[0].astype(np.float32)
        elif kind == "Multiply" and all(value.dtype == np.float32 for value in values):
            made = values[0] * values[1]
        else:
            continue
        constant = op.Constant(np.asarray(made)).output(0)
        for target in operator.output(0).get_target_inputs():
            target.replace_source_output(constant)


def _unshare_weights(model: Any) -> None:
    """Give every transposed convolution and every matrix product weights of its own.

    Where a convolution and a transposed one have the same weights, as forward and backward pass do, OpenVINO 2026.4
    lays them out for the one and reads them with the other: the gradient was another one altogether (cosine 0.70).
    Products with a square matrix and with its transpose, likewise.
    """
    from openvino import op

    for operator in model.get_ops():
        if not any(kind in operator.get_type_name() for kind in ("ConvolutionBackprop", "MatMul")):
            continue
        weights = operator.input(1).get_source_output()
        source = weights.get_node()
        if source.get_type_name() == "Constant" and len(weights.get_target_inputs()) > 1:
            operator.input(1).replace_source_output(op.Constant(np.array(source.data)).output(0))


def _write_out_broadcasts(model: Any) -> None:
    """Repeat the channel of a picture that is multiplied into several channels before a grouped transposed convolution.

    OpenVINO 2026.4 folds the multiplication into the kernels without the channels that it makes, and then refuses the
    graph (`MultiplyGroupConvolutionBackpropDataFusion`). It is what lays the gradient of a grey picture back to RGB.
    """
    from openvino import opset13

    for operator in model.get_ops():
        if operator.get_type_name() != "GroupConvolutionBackpropData":
            continue
        product = operator.input_value(0).get_node()
        if product.get_type_name() != "Multiply":
            continue
        channels = product.output(0).shape[1]
        for given in product.inputs():
            value = given.get_source_output()
            if value.get_node().get_type_name() == "Broadcast":
                value = value.get_node().input_value(0)
            if value.get_node().get_type_name() != "Constant" and value.shape[1] == 1 < channels:
                given.replace_source_output(opset13.concat([value] * channels, 1).output(0))


def precisions_of(compiled: Any) -> Counter[str]:
    """Return how many layers of a compiled model multiply in each precision (`f32`, `bf16`), as they report it."""
    layers = [operator.get_rt_info() for operator in compiled.get_runtime_model().get_ops()]
    return Counter(
        layer["runtimePrecision"].astype(str)
        for layer in layers
        if layer["layerType"].astype(str) in MULTIPLYING_LAYERS
    )


def _counted(layers: Mapping[str, int]) -> str:
    """Return precisions as words: the one of most layers, and what the others have."""
    if len(layers) < 2:
        return next(iter(layers), "no multiplications")
    return ", ".join(f"{precision} in {count}" for precision, count in layers.items()) + " layers"
