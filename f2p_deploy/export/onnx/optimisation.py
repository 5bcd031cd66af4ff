"""Check that ONNX Runtime's graph optimisation, which rewrites every graph that it loads, does not change results.

Some of its fusions are wrong: up to 1.31.1, it fuses a padding with zeros into the max pool after it, which pads with
minus infinity. Two ordinary sessions would make the same mistake, so one session here runs without optimisation.
"""

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.artifact.parity import FLOORS, Precision
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime, open_session, opened, session_options
from f2p_deploy.system.errors import CompilerError

if TYPE_CHECKING:
    from onnx import ModelProto

    from f2p_deploy.export.export_graphs import ExportGraph

logger = logging.getLogger(__name__)

#: Largest difference, relative to the output's maximum, that a different order of float32 operations can explain.
SAME = 1e-5


def computed_as_written(graph: "ExportGraph", model: "ModelProto", inputs: Arrays) -> dict[str, np.ndarray]:
    """Return a model's outputs, by tensor name, from ONNX Runtime with graph optimisation disabled.

    Args:
        graph: names of the tensors.
        model: of that graph.
        inputs: one batch, by tensor name.
    """
    import onnxruntime

    options = session_options(None)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    provider = OnnxRuntime.provider
    return _outputs(graph, opened(model.SerializeToString(), options, provider, [provider]), inputs)


def require_unharmed(graph: "ExportGraph", model: "ModelProto", inputs: Arrays, precision: Precision) -> None:
    """Raise unless ONNX Runtime computes the same with graph optimisation, its default, and without.

    Args:
        graph: names of the tensors.
        model: of that graph.
        inputs: one real batch, by tensor name.
        precision: outputs in float32 may differ by `SAME`. In lower precisions, where values may round differently,
            they may differ by the precision's threshold of a relative L1 difference; a gradient step is judged by its
            update.

    Raises:
        CompilerError: an output differs by more.
    """
    import onnxruntime

    written = computed_as_written(graph, model, inputs)
    optimised = _outputs(graph, open_session(model.SerializeToString()), inputs)
    what = f"the graph optimisation of onnxruntime {onnxruntime.__version__} changed"
    if precision == "fp32":
        require_same(graph.name, written, optimised, what)
        return
    for name, expected in written.items():
        start = written["lookahead"] if name == "next_state" else 0.0
        size = max(float(np.abs(expected - start).sum(dtype=np.float64)), 1e-12)
        difference = float(np.abs(optimised[name] - expected).sum(dtype=np.float64)) / size
        logger.debug("%s: %s %s by %.2g", graph.name, what, name, difference)
        if not difference <= FLOORS[precision].content:
            raise CompilerError(f"{what} {name} of {graph.name} by {difference:.3g} of its sum")


def require_same(graph: str, before: Arrays, after: Arrays, what: str) -> None:
    """Raise unless float32 outputs are the same up to rounding.

    Args:
        graph: the graph's name, for the error message.
        before, after: outputs by tensor name.
        what: the operation that may have changed them; the beginning of the error message.

    Raises:
        CompilerError: an output has another shape, or differs by more than `SAME` of its largest value.
    """
    for name, expected in before.items():
        value = after[name]
        if value.shape != expected.shape:
            raise CompilerError(f"{what} the shape of {name} of {graph} from {expected.shape} to {value.shape}")
        difference = float(np.abs(value - expected).max()) / max(float(np.abs(expected).max()), 1e-12)
        logger.debug("%s: %s %s by %.2g", graph, what, name, difference)
        if not difference <= SAME:
            raise CompilerError(f"{what} {name} of {graph} by {difference:.3g} of its largest value")


def _outputs(graph: "ExportGraph", session: Any, inputs: Arrays) -> dict[str, np.ndarray]:
    names = [spec.name for spec in graph.outputs]
    feed = {spec.name: inputs[spec.name] for spec in graph.inputs}
    return dict(zip(names, session.run(names, feed), strict=True))
