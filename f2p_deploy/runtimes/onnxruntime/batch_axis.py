"""Give a graph of static batch size 1 a batch axis of any length, and prove by running it that nothing else changed.

Inputs that all samples share (the learning rate of `step`) get a batch axis too: a server puts requests of several
users into a batch, and each brings its own. ONNX artifacts keep such a twin of graphs without convolutions
(`GraphEntry.many`), whose batches cost hardly more than a single sample; a batch of convolutions costs a processor as
much as its samples.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.artifact.artifact import GraphEntry
from f2p_deploy.artifact.golden import GoldenSamples
from f2p_deploy.artifact.onnx_file import load_failures
from f2p_deploy.artifact.parity import Precision, compare
from f2p_deploy.character.schema import Schema
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.system.errors import CompilerError

if TYPE_CHECKING:
    from onnx import ModelProto

#: Sizes of the batches that are compared with single samples.
BATCHES = (1, 3, 8)

#: Largest difference of a number in a batch and alone, in float32 and in graphs with half precision or 8 bits. Values
#: and updates are around 1; another order of a sum changes their last bits.
ROUNDING, HALF_ROUNDING = 1e-5, 4e-3

#: Name of the axis in the graph.
AXIS = "batch"

#: ONNX Runtime's log level that shows nothing: a graph that cannot be batched is no error.
_SILENT = 4


def with_batch_axis(model: "ModelProto", entry: GraphEntry) -> "ModelProto":
    """Return a copy of a model whose inputs and outputs begin with a batch axis of any length.

    The shapes that reshapes write down begin with the batch size, so it becomes -1, "the rest". Whether that holds for
    a graph is not proved here but by `why_not_batched`.

    Args:
        model: of batch size 1, every weight inside.
        entry: the graph's entry, which lists the inputs that samples share.
    """
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    del graph.value_info[:]
    for tensor in (*graph.input, *graph.output):
        shape = tensor.type.tensor_type.shape
        sizes = [dimension.dim_value for dimension in shape.dim][0 if tensor.name in entry.shared else 1 :]
        del shape.dim[:]
        shape.dim.add().dim_param = AXIS
        for size in sizes:
            shape.dim.add().dim_value = size
    constants = {weight.name: weight for weight in graph.initializer}
    for node in graph.node:
        if node.op_type != "Reshape" or node.input[1] not in constants:
            continue
        target = onnx.numpy_helper.to_array(constants[node.input[1]]).copy()
        if len(target) and target[0] == 1 and (target > 0).all():
            target[0] = -1
            name = f"{node.name or node.output[0]}.{AXIS}"
            graph.initializer.append(onnx.numpy_helper.from_array(target, name))
            node.input[1] = name
    return copy


def gains_from_batches(model: "ModelProto") -> bool:
    """Return whether a batch costs a processor less than its samples: it has matrix products and no convolutions."""
    kinds = {node.op_type for node in model.graph.node}
    return bool(kinds & {"Gemm", "MatMul"}) and not any("Conv" in kind for kind in kinds)


def made_up_samples(entry: GraphEntry, count: int = 8) -> GoldenSamples:
    """Return samples within the ranges of a graph's inputs, the same each time, to compare graphs with each other."""
    rng = np.random.default_rng(7)
    inputs = {}
    for spec in entry.inputs:
        low, high = 0.0 if spec.low is None else spec.low, 1.0 if spec.high is None else spec.high
        shape = spec.shape if spec.name in entry.shared else (count, *spec.shape[1:])
        inputs[spec.name] = rng.uniform(low, high, shape).astype(spec.dtype)
    return GoldenSamples(tuple(f"made up {i}" for i in range(count)), inputs, {})


def why_not_batched(
    graph: str,
    single: "ModelProto",
    batched: "ModelProto",
    entry: GraphEntry,
    samples: GoldenSamples,
    precision: Precision,
    schema: Schema | None = None,
) -> str:
    """Return why a model with a batch axis does not compute what the single one does; empty if it does.

    Batches of several sizes, whose samples all differ, also in what samples otherwise share, are compared with the
    same samples one by one.

    Args:
        graph: its name, which selects the measures of `f2p_deploy.artifact.parity`.
        single, batched: before and after `with_batch_axis`.
        entry: the graph's entry.
        samples: real inputs.
        precision: selects the thresholds.
        schema: of the parameters; None to compare the numbers as they are, which made-up samples allow, too.
    """
    try:
        sessions = [open_session(model.SerializeToString(), threads=1) for model in (single, batched)]
    except CompilerError:
        return "ONNX Runtime does not load it with a batch axis"
    outputs = [spec.name for spec in entry.outputs]
    for size in BATCHES:
        names = [spec.name for spec in entry.inputs]
        inputs = {name: _stacked(samples.inputs[name], name in entry.shared, size) for name in names}
        try:
            together = _run(sessions[1], inputs, outputs)
        except load_failures():
            return f"ONNX Runtime does not run a batch of {size}: the batch size is written inside"
        one_by_one = [_run(sessions[0], _sample(inputs, entry, row), outputs) for row in range(size)]
        expected = {name: np.concatenate([one[name] for one in one_by_one]) for name in outputs}
        if any(together[name].shape != expected[name].shape for name in outputs):
            return f"a batch of {size} has outputs of another shape"
        if schema is None:
            apart = max(float(np.abs(together[name] - expected[name]).max()) for name in outputs)
            if not apart <= (ROUNDING if precision == "fp32" else HALF_ROUNDING):
                return f"a batch of {size} differs from single samples by {apart:.2g}"
            continue
        rows = tuple(f"row {row}" for row in range(size))
        records = compare(graph, expected, together, rows, precision, schema, inputs)
        missed = [record.sentence() for record in records if not record.passed]
        if missed:
            return f"a batch of {size} differs from single samples: {missed[0]}"
    return ""


def _stacked(values: np.ndarray, shared: bool, size: int) -> np.ndarray:
    """Return (size, ...) samples; of a tensor without samples, (size, ...) variants that all differ."""
    if not shared:
        return np.ascontiguousarray(values[np.arange(size) % len(values)])
    if values.size == 1:
        return np.stack([values * np.float32(1 - 0.05 * row) for row in range(size)])
    locks = [(np.arange(values.size) % (row + 2) == 0).reshape(values.shape) for row in range(size)]
    return np.stack(locks).astype(values.dtype)


def _sample(inputs: Mapping[str, np.ndarray], entry: GraphEntry, row: int) -> dict[str, np.ndarray]:
    return {name: value[row] if name in entry.shared else value[row : row + 1] for name, value in inputs.items()}


def _run(session: Any, inputs: Mapping[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.log_severity_level = _SILENT
    return dict(zip(outputs, session.run(outputs, dict(inputs), options), strict=True))
