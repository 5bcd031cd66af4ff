"""The ncnn target: the graphs without a gradient, for Android, iOS and boards."""

from collections.abc import Mapping
from pathlib import Path

from f2p_deploy.artifact.artifact import GraphEntry
from f2p_deploy.artifact.ncnn_file import PARAM, ncnn_weights
from f2p_deploy.export.converters.converter_process import Converter, python_of, run_converter, versions_of
from f2p_deploy.export.source import Source
from f2p_deploy.export.targets.converted import scratch_beside
from f2p_deploy.export.targets.target import BuildOptions, Target, Toolchain, register_target
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.progress import Progress

#: The graphs that are exported: ncnn has no comparison of tensors, which a gradient needs.
GRAPHS = ("one_shot", "describe", "render", "segment")

CONVERTER = Converter(
    title="pnnx",
    module="pnnx",
    script=Path(__file__).parents[1] / "converters" / "ncnn_script.py",
    packages="pnnx",
)


def ncnn_toolchain(options: BuildOptions) -> Toolchain:
    """Return pnnx with its version; see `Target.toolchain`."""
    version = versions_of(CONVERTER, python_of(CONVERTER, None))["pnnx"]
    return Toolchain(f"pnnx {version}", {"built_for": "any"}, {"pnnx": version})


def build_ncnn(
    sources: Mapping[str, Source], folder: Path, options: BuildOptions, progress: Progress
) -> dict[str, GraphEntry]:
    """Write `<graph>.ncnn.param` and `<graph>.ncnn.bin` for each graph; see `Build`."""
    from f2p_deploy.export.converters.program_files import write_traced

    entries = {}
    for name, source in sources.items():
        file = folder / f"{name}{PARAM}"
        with scratch_beside(folder) as scratch:
            progress(f"{name}: trace")
            traced = scratch / f"{name}.pt"
            write_traced(source, traced)
            shapes = [",".join(map(str, spec.shape)) for spec in source.graph.inputs]
            words = ["convert", str(traced), str(file), str(ncnn_weights(file)), *shapes]
            found = run_converter(CONVERTER, python_of(CONVERTER, None), words, progress, f"pnnx: converting {name}")
        if found["unknown"]:
            raise CompilerError(f"ncnn has no operation for {', '.join(found['unknown'])}, which {name} needs")
        entries[name] = source.entry(file.name, source.precision)
    return entries


register_target(
    Target(
        name="ncnn",
        summary="ncnn in float32 without gradients, for Android, iOS and boards",
        file=f"*{PARAM}",
        file_of=lambda graph, options: f"{graph}{PARAM}",
        precision="fp32",
        build_extra="ncnn",
        run_needs="ncnn",
        runtime="ncnn",
        verified="runtime",
        build=build_ncnn,
        rest="fp32",
        build_needs="PyTorch and pnnx",
        toolchain=ncnn_toolchain,
        from_modules=True,
        graphs=GRAPHS,
        batches=False,
        copies={"one_shot": 2},
    )
)
