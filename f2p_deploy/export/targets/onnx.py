"""The target `onnx`: one float32 file a graph, for ONNX Runtime and everything else that reads ONNX."""

from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.artifact import Arrays, GraphEntry
from f2p_deploy.export.targets.target import Progress, Target, register

if TYPE_CHECKING:
    from f2p_deploy.export.graphs import Graph


def build(graph: "Graph", inputs: Arrays, folder: Path, progress: Progress) -> GraphEntry:
    """Write `<graph>.onnx`; see `Build`."""
    import onnx

    from f2p_deploy.export.onnx import precision_of, to_onnx

    progress(f"{graph.name}: trace and simplify")
    path = folder / f"{graph.name}.onnx"
    onnx.save(to_onnx(graph, inputs), path)
    found = precision_of(onnx.load(path))
    return GraphEntry(path.name, graph.inputs, graph.outputs, precision_asked="fp32", precision_found=found)


register(
    Target(
        name="onnx",
        summary="ONNX in float32, for ONNX Runtime on any machine",
        file="*.onnx",
        precision="fp32",
        build_extra="export",
        run_needs="onnxruntime",
        runtime="onnxruntime",
        verified="runtime",
        build=build,
    )
)
