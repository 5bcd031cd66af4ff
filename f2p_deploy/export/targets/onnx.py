"""The ONNX targets: one file a graph, for ONNX Runtime and everything else that reads ONNX."""

from collections.abc import Mapping
from pathlib import Path

from f2p_deploy.artifact import GraphEntry
from f2p_deploy.export.targets.target import BuildOptions, Progress, Source, Target, register


def build(
    sources: Mapping[str, Source], folder: Path, options: BuildOptions, progress: Progress
) -> dict[str, GraphEntry]:
    """Write `<graph>.onnx` for each graph; see `Build`."""
    import onnx

    from f2p_deploy.export.onnx import precision_of

    entries = {}
    for name, source in sources.items():
        path = folder / f"{name}.onnx"
        onnx.save(source.model, path)
        entries[name] = source.entry(path.name, asked="fp32", found=precision_of(onnx.load(path)))
    return entries


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
