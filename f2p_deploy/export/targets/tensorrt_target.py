"""The TensorRT targets: an engine for each graph, by TensorRT or TensorRT for RTX, beside its ONNX source."""

import logging
import platform
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from f2p_deploy.artifact.artifact import GraphEntry
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.export.int8.convert_int8 import FOR_TENSORRT, Scheme
from f2p_deploy.export.onnx.onnx_weights import save_by_precision
from f2p_deploy.export.source import Source
from f2p_deploy.export.targets.target import BuildOptions, Target, Toolchain, register_target
from f2p_deploy.export.tensorrt.compiler_process import run_in_child
from f2p_deploy.export.tensorrt.tensorrt_build import EngineJob, EngineReport, build_engine
from f2p_deploy.export.tensorrt.tensorrt_flavors import (
    Builder,
    choose_flavor,
    compute_capabilities,
    installed_version,
    read_builder,
    why_no_card_runs,
)
from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.errors import MissingDependency
from f2p_deploy.system.progress import Progress

logger = logging.getLogger(__name__)

#: A remark on 8-bit engines until a card has run them: TensorRT for RTX documents 8 bits only for matrix products.
UNPROVEN = "; unproven, no card has run it yet"

#: The folder inside the artifact with the ONNX sources of the engines.
SOURCES = "onnx"


def tensorrt_toolchain(options: BuildOptions) -> Toolchain:
    """Return the compiler and the cards that it builds for; see `Target.toolchain`."""
    flavor = choose_flavor(options.flavor)
    builder: Builder = run_in_child(read_builder, (flavor.module,), doing=f"loading {flavor.title}")
    cards = compute_capabilities(flavor, builder, options.compute_capabilities)
    built_for = "NVIDIA cards of compute capability " + ", ".join(cards)
    hardware = {"built_for": built_for, "flavor": flavor.name, "compute_capability": ", ".join(cards)}
    if flavor.needs_gpu:
        hardware |= {"card": cuda_devices()[0].name, "machine": platform.machine()}
    hardware["os"] = flavor.os or platform.system()
    return Toolchain(f"{flavor.title} {builder.version}", hardware, {flavor.distribution: builder.version})


def build_tensorrt(
    sources: Mapping[str, Source],
    folder: Path,
    options: BuildOptions,
    progress: Progress,
    precision: Precision,
    rest: Precision,
) -> dict[str, GraphEntry]:
    """Write `<graph>.engine` and `onnx/<graph>.onnx` for each graph; see `Build`."""
    flavor = choose_flavor(options.flavor)
    (folder / SOURCES).mkdir()
    save_by_precision({name: (source.precision, source.onnx) for name, source in sources.items()}, folder / SOURCES)
    entries = {}
    for name, source in sources.items():
        file = folder / SOURCES / f"{name}.onnx"
        job = EngineJob(
            graph=name,
            source=file,
            engine=folder / f"{name}.engine",
            flavor=flavor,
            compute_capabilities=options.compute_capabilities,
            precision=source.asked(precision, rest),
            kept_float32=source.kept_float32,
            quantised=source.quantised,
        )
        doing = f"building the engine of {name} with {flavor.title} {installed_version(flavor)}".rstrip()
        report: EngineReport = run_in_child(build_engine, (job,), progress, doing)
        _log(name, report)
        entries[name] = source.entry(job.engine.name, report.precision, f"{SOURCES}/{file.name}")
    return entries


def _log(graph: str, report: EngineReport) -> None:
    workers = ", ".join(f"{count} {precision}" for precision, count in report.workers.items())
    logger.info(
        "%s: engine of %.1f MB in %.1f s, peak memory %.0f MB; convolutions and matrix products: %s",
        graph,
        report.engine_bytes / 1e6,
        report.seconds,
        report.peak_memory / 1e6,
        workers,
    )


def _compiler_missing() -> str:
    try:
        choose_flavor()
    except MissingDependency as error:
        return str(error)
    return ""


def _hardware_missing() -> str:
    return why_no_card_runs(cuda_devices())


def _target(precision: Precision, words: str, scheme: Scheme | None = None) -> Target:
    rest: Precision = "fp16" if scheme else precision
    return Target(
        name=f"trt-{precision}",
        summary=f"TensorRT engines in {words}, for NVIDIA cards",
        file="*.engine",
        precision=precision,
        build_extra="export",
        run_needs="a card that it was built for, the same TensorRT" + (UNPROVEN if scheme else ""),
        runtime="onnxruntime",
        verified="graph",
        build=partial(build_tensorrt, precision=precision, rest=rest),
        rest=rest,
        scheme=scheme,
        build_needs="PyTorch and tensorrt-rtx, or tensorrt on the card itself"
        + ("; a calibration set" if scheme else ""),
        options=("--flavor", "--compute-capability", *(("--calibration", "--keep-float") if scheme else ())),
        toolchain=tensorrt_toolchain,
        compiler_missing=_compiler_missing,
        hardware_missing=_hardware_missing,
    )


register_target(_target("fp16", "half precision"))
register_target(_target("fp32", "float32"))
register_target(_target("int8", "8 bits, calibrated on your faces", FOR_TENSORRT))
