"""OpenVINO: a CPU runtime for Intel, AMD and ARM, as two runtimes: float32 and bfloat16."""

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

#: Maximum number of parallel calls of one graph. Each needs separate memory, whether it is used or not (57 MB for
#: `step` of the demo bundle, without weights).
MOST_CALLS = 4

#: Held while OpenVINO compiles. Its Python layer fills tables at the first use, and holds a C++ lock while it waits for
#: the interpreter's lock: two threads that make their first calls at the same time deadlock (2026.4.1).
_compiling = Lock()

#: Held while the process's `openvino.Core` is created.
_making = Lock()

#: OpenVINO's two names of a precision: as an option, and in the processor's capabilities.
CAPABILITIES = {"f32": "FP32", "bf16": "BF16"}

#: OpenVINO's names of the precisions of layers that multiply 8-bit numbers.
EIGHT_BITS = ("i8", "u8")

#: Layers that multiply: only their precision counts as the graph's (casts and copies do no arithmetic).
MULTIPLYING_LAYERS = ("Convolution", "Deconvolution", "FullyConnected", "MatMul")


@register_runtime
class OpenVino(Runtime):
    """OpenVINO on the CPU in float32. A graph is compiled when it is first used.

    If one call uses only some of the cores (`threads`), several calls of a graph run in parallel: as many as there are
    cores for, at most `MOST_CALLS`. Further calls wait. Calls that use all cores run one after another.

    The precision is set explicitly and read back, because by default OpenVINO computes in bfloat16 wherever the
    processor supports it. A graph exported in half precision is also computed in float32, from its rounded weights.
    """

    name = "openvino"
    summary = "OpenVINO on the processor, float32"
    suffixes = (".onnx",)
    module = "openvino"
    extra = "openvino"
    precision: ClassVar[str] = "f32"

    @classmethod
    def why_not_here(cls) -> str:
        """Return why this machine cannot run it: OpenVINO is missing, or the processor lacks the precision."""
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

        Compiles the artifact's first graph if no graph has been compiled.
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


@register_runtime
class OpenVinoBf16(OpenVino):
    """OpenVINO on the CPU in bfloat16, with float32 inputs and outputs: faster, and rounded to 8 bits of mantissa."""

    name = "openvino-bf16"
    summary = "OpenVINO on the processor, bfloat16"
    precision = "bf16"


class Requests:
    """A compiled graph with as many inference requests as it has streams; a call uses one request exclusively.

    Args:
        compiled: an `openvino.CompiledModel`. Calling it directly is not thread-safe: it has one hidden request.
    """

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self._free: LifoQueue[Any] = LifoQueue()
        for _ in range(compiled.get_property("NUM_STREAMS")):
            self._free.put(compiled.create_infer_request())

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Wait for a free request and compute.

        Args:
            inputs: by tensor name.

        Returns:
            float32 outputs by tensor name, copied: they belong to the caller.
        """
        request = self._free.get()
        try:
            results = request.infer(inputs, share_inputs=True, share_outputs=True)
            # Copied before the request is free again: the next call overwrites its arrays.
            return {output.get_any_name(): np.array(results[output], np.float32) for output in self.compiled.outputs}
        finally:
            self._free.put(request)


def shared_core() -> Any:
    """Return the only `openvino.Core` of this process, which is never released.

    The CPU plugin installs a stack for signal handlers in the thread that creates a `Core`. If the `Core` is released
    in another thread, or before a later one, that thread keeps the freed stack, and the next Ctrl-C kills the process
    (2026.4.1).
    """
    with _making:
        return _make_core()


@cache
def _make_core() -> Any:
    import openvino

    return openvino.Core()


def compile_graph(path: Path, precision: str, threads: int | None = None) -> Any:
    """Compile an `.onnx` file in a precision, for several parallel calls: see `streams_for`.

    In bfloat16, OpenVINO keeps layers without a bfloat16 kernel in float32; `precisions_of` counts them.

    Args:
        path: the file; OpenVINO finds external weights beside it.
        precision: a key of `CAPABILITIES`.
        threads: number of threads for one call; None for `default_threads`, and without that OpenVINO's own number.

    Returns:
        An `openvino.CompiledModel`.

    Raises:
        CompilerError: OpenVINO cannot read or compile the file.
        MissingDependency: OpenVINO compiled the graph in another precision.
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
        # With pinning, all graphs of one thread would share the first core, even those of other processes.
        options["ENABLE_CPU_PINNING"] = False
    core = shared_core()
    with _compiling:
        openvino.Tensor(np.zeros(1, np.float32)).data.copy()  # fills the tables of both directions
        try:
            model = core.read_model(require_utf8(str(path), "OpenVINO"))
            _widen_weights(model)
            _unpack_weights(model)
            _unshare_weights(model)
            _write_out_broadcasts(model)
            compiled = core.compile_model(model, DEVICE, options)
        except RuntimeError as error:
            raise CompilerError(f"openvino {openvino.__version__} cannot load {path}; {SAID}") from error
    actual = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    layers = precisions_of(compiled)
    # A graph with explicit quantisation computes in 8 bits whatever the option says: its precision is part of the file.
    allowed = {"f32", *(EIGHT_BITS if _has_quantisation(model) else ())}
    if actual != precision or (precision == "f32" and set(layers) - allowed):
        raise MissingDependency(
            f"asked OpenVINO for {path.name} in {precision}, it compiled {actual} ({_counted(layers)}) here"
        )
    return compiled


def streams_for(threads: int | None) -> int:
    """Return how many calls of a graph can run in parallel with `threads` threads each; 1 with all cores (None)."""
    return 1 if threads is None else max(1, min(MOST_CALLS, usable_cores() // threads))


def _has_quantisation(model: Any) -> bool:
    return any(operator.get_type_name() == "FakeQuantize" for operator in model.get_ops())


def _widen_weights(model: Any) -> None:
    """Replace float16 weights by float32 constants: fold their conversions and products of these with a constant.

    OpenVINO does this as well, but too late for `_unshare_weights`, which looks for constants that layers share.
    """
    from openvino import op

    for operator in model.get_ordered_ops():
        sources = [given.get_source_output().get_node() for given in operator.inputs()]
        if not sources or any(source.get_type_name() != "Constant" for source in sources):
            continue
        values = [np.array(source.data) for source in sources]
        kind = operator.get_type_name()
        if kind == "Convert" and values[0].dtype == np.float16 and operator.get_element_type().to_dtype() == np.float32:
            folded = values[0].astype(np.float32)
        elif kind == "Multiply" and all(value.dtype == np.float32 for value in values):
            folded = values[0] * values[1]
        else:
            continue
        constant = op.Constant(np.asarray(folded)).output(0)
        for target in operator.output(0).get_target_inputs():
            target.replace_source_output(constant)


@cache
def adds_bytes_exactly() -> bool:
    """Return whether OpenVINO's sums of 8-bit products are right on this processor.

    Processors without 8-bit dot products (VNNI; AMD before Zen 4, Intel before 2019) add two products in 16 bits, which
    overflows: the largest sums come out half as large (OpenVINO 2026.4.1). Computes one such sum to find out.
    """
    import openvino
    from openvino import opset13 as ops

    channels, most, weight = 64, 255.0, 127
    given = ops.parameter([1, channels, 1, 1], np.float32)
    levels = ops.fake_quantize(given, *(np.float32(limit) for limit in (0.0, most, 0.0, most)), 256)
    weights = ops.convert(ops.constant(np.full((8, channels, 1, 1), weight, np.int8)), np.float32)
    scaled = ops.multiply(weights, np.ones((8, 1, 1, 1), np.float32))
    total = ops.convolution(levels, scaled, [1, 1], [0, 0], [0, 0], [1, 1])
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = shared_core().compile_model(openvino.Model([total], [given]), DEVICE, options)
    found = compiled([np.full((1, channels, 1, 1), most, np.float32)])[0]
    return bool((np.abs(found - most * weight * channels) < most).all())


def _unpack_weights(model: Any) -> None:
    """Compute weights that are packed into bytes: `_unshare_weights` looks for constants, and OpenVINO folds later.

    Graphs with explicit quantisation stay as they are, in 8 bits, unless this processor's sums of these overflow:
    folded, the weights are float32, and so is the computation with them.
    """
    from openvino.passes import ConstantFolding, Manager

    packed = {"u8"}
    if _has_quantisation(model):
        packed = set() if adds_bytes_exactly() else set(EIGHT_BITS)
    conversions = (operator for operator in model.get_ops() if operator.get_type_name() == "Convert")
    if any(operator.input(0).get_element_type().get_type_name() in packed for operator in conversions):
        manager = Manager()
        manager.register_pass(ConstantFolding())
        manager.run_passes(model)


def _unshare_weights(model: Any) -> None:
    """Copy shared weights, so that every transposed convolution and matrix product has a separate constant.

    OpenVINO 2026.4 computes wrong gradients from shared weights (cosine 0.70): where a convolution of the forward pass
    and a transposed one of the backward pass use the same constant, it stores the constant in the layout of one and
    reads it in the layout of the other. The same happens to products with a square matrix and with its transpose.
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
    """Write out a broadcast from one channel to several before a grouped transposed convolution, as a concatenation.

    The gradient of a grey-scale conversion has this form. OpenVINO 2026.4 folds the multiplication into the kernels,
    loses the additional channels, and then refuses the graph (`MultiplyGroupConvolutionBackpropDataFusion`).
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
    """Return the number of multiplying layers of a compiled model by the precision they report (`f32`, `bf16`)."""
    layers = [operator.get_rt_info() for operator in compiled.get_runtime_model().get_ops()]
    return Counter(
        layer["runtimePrecision"].astype(str)
        for layer in layers
        if layer["layerType"].astype(str) in MULTIPLYING_LAYERS
    )


def _counted(layers: Mapping[str, int]) -> str:
    """Return layer counts as text: `f32` if all are the same, else each precision with its count."""
    if len(layers) < 2:
        return next(iter(layers), "no multiplications")
    return ", ".join(f"{precision} in {count}" for precision, count in layers.items()) + " layers"
