"""The ExecuTorch target: one `.pte` file with a method for each graph, for Android, iOS and boards."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from f2p_deploy.artifact.artifact import GraphEntry
from f2p_deploy.export.converters.converter_process import Converter, python_of, run_converter, versions_of
from f2p_deploy.export.source import Source
from f2p_deploy.export.targets.converted import scratch_beside
from f2p_deploy.export.targets.target import BuildOptions, Target, Toolchain, register_target
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.progress import Progress

logger = logging.getLogger(__name__)

#: The file of all graphs.
FILE = "graphs.pte"

CONVERTER = Converter(
    title="executorch",
    module="executorch",
    script=Path(__file__).parents[1] / "converters" / "executorch_script.py",
    packages="executorch",
)


def executorch_toolchain(options: BuildOptions) -> Toolchain:
    """Return ExecuTorch with its version; see `Target.toolchain`."""
    version = versions_of(CONVERTER, python_of(CONVERTER, None))["executorch"]
    return Toolchain(f"executorch {version}", {"built_for": "any"}, {"executorch": version})


def build_executorch(
    sources: Mapping[str, Source], folder: Path, options: BuildOptions, progress: Progress
) -> dict[str, GraphEntry]:
    """Write `graphs.pte`, whose methods share their weights; see `Build`."""
    from f2p_deploy.export.converters.program_files import write_program

    with scratch_beside(folder) as scratch:
        words = ["convert", str(folder / FILE)]
        for name, source in sources.items():
            progress(f"{name}: torch.export")
            program = scratch / f"{name}.pt2"
            write_program(source, program)
            words.append(f"{name}={program}")
        found = run_converter(CONVERTER, python_of(CONVERTER, None), words, progress, "executorch: converting")
    if not (folder / FILE).is_file():
        raise CompilerError("executorch wrote no file")
    for name, parts in found.items():
        _log(name, parts)
    return {name: source.entry(FILE, source.precision) for name, source in sources.items()}


def _log(graph: str, parts: Mapping[str, Any]) -> None:
    portable = ", ".join(parts["portable"]) or "none"
    logger.info("%s: %s parts by XNNPACK; by portable kernels: %s", graph, parts["delegated"], portable)


register_target(
    Target(
        name="executorch",
        summary="ExecuTorch in float32, for Android, iOS and boards",
        file="*.pte",
        file_of=lambda graph, options: FILE,
        precision="fp32",
        build_extra="executorch",
        run_needs="ExecuTorch with XNNPACK and portable kernels",
        runtime="executorch",
        verified="runtime",
        build=build_executorch,
        rest="fp32",
        build_needs="PyTorch and executorch",
        toolchain=executorch_toolchain,
        from_modules=True,
    )
)
