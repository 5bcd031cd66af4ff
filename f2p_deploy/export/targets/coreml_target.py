"""The Core ML targets: one package for each graph, built on any machine, for iPhones, iPads and Macs."""

import json
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from f2p_deploy.artifact.artifact import GraphEntry
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.export.palette.coding import CORE_ML_17, CORE_ML_18, Coding
from f2p_deploy.export.source import Source
from f2p_deploy.export.targets.target import BuildOptions, Target, Toolchain, register_target
from f2p_deploy.runtimes.coreml.coreml_runtime import on_a_mac
from f2p_deploy.system.errors import CompilerError, InputError
from f2p_deploy.system.progress import Progress

#: The releases of iOS that packages can be built for, and the default.
IOS = ("16", "17", "18", "26")
DEFAULT_IOS = "17"

#: The releases whose packages can have several functions, and the name of the package of all graphs.
IOS_OF_FUNCTIONS = ("18", "26")
JOINED = "graphs.mlpackage"

SUFFIX = ".mlpackage"

logger = logging.getLogger(__name__)


def coreml_toolchain(options: BuildOptions) -> Toolchain:
    """Return coremltools with its version, and the oldest iOS release; see `Target.toolchain`."""
    from importlib.metadata import version

    ios = options.ios or DEFAULT_IOS
    if ios not in IOS:
        raise InputError(f"--ios takes {', '.join(IOS)}, found {ios!r}")
    installed = version("coremltools")
    return Toolchain(f"coremltools {installed}", {"built_for": f"iOS {ios} and later"}, {"coremltools": installed})


def build_coreml(
    sources: Mapping[str, Source],
    folder: Path,
    options: BuildOptions,
    progress: Progress,
    precision: Precision,
    rest: Precision,
) -> dict[str, GraphEntry]:
    """Write `<graph>.mlpackage` for each graph, or one package with a function for each; see `Build`."""
    from f2p_deploy.artifact.coreml_file import package_precision
    from f2p_deploy.export.coreml.convert_coreml import to_coreml
    from f2p_deploy.export.coreml.coreml_functions import join

    ios = options.ios or DEFAULT_IOS
    packages = {name: folder / f"{name}{SUFFIX}" for name in sources}
    for name, source in sources.items():
        progress(f"{name}: Core ML")
        facts = {"parameters": json.dumps(source.parameter_names)}
        asked = source.asked(precision, rest)
        scale, layers = source.loss_scale, source.layers
        tried = to_coreml(source.graph, source.example, packages[name], asked, ios, scale, facts, layers)
        if tried:
            logger.info("%s: weights in 8 bits, %s", name, " rather than ".join(way.sentence() for way in tried))
    if package_of("", options) == JOINED and len(packages) > 1:
        progress("one package of all graphs")
        join(packages, folder / JOINED)
    entries = {}
    for name, source in sources.items():
        file = package_of(name, options) if len(packages) > 1 else packages[name].name
        asked = source.asked(precision, rest)
        actual, float32 = package_precision(folder / file, name)
        if actual != asked:
            raise CompilerError(f"{file} should hold {asked} weights of {name}, but {actual} was read back from it")
        entries[name] = source.entry(file, actual, kept=float32)
    return entries


def package_of(graph: str, options: BuildOptions) -> str:
    """Return the name of the package that holds a graph."""
    return JOINED if (options.ios or DEFAULT_IOS) in IOS_OF_FUNCTIONS else f"{graph}{SUFFIX}"


def _coding(options: BuildOptions) -> Coding:
    """Return how weights of few bits are stored: a palette for each channel needs iOS 18."""
    return CORE_ML_18 if (options.ios or DEFAULT_IOS) in IOS_OF_FUNCTIONS else CORE_ML_17


def _hardware_missing() -> str:
    return "" if on_a_mac() else "Core ML needs a Mac; here the reference interpreter computes packages, to check them"


def _target(name: str, precision: Precision, words: str, few_bits: bool = False) -> Target:
    return Target(
        name=name,
        summary=f"Core ML packages {words}, for iPhone, iPad and Mac",
        file=f"*{SUFFIX}",
        file_of=package_of,
        precision=precision,
        build_extra="coreml",
        run_needs="iOS 17 (--ios) or macOS 14, or later",
        runtime="coreml",
        verified="reference",
        build=partial(build_coreml, precision=precision, rest="fp16"),
        rest="fp16",
        build_needs="PyTorch, coremltools and a calibration set" if few_bits else "PyTorch and coremltools",
        options=("--ios", "--calibration") if few_bits else ("--ios",),
        coding=_coding if few_bits else None,
        toolchain=coreml_toolchain,
        hardware_missing=_hardware_missing,
        from_modules=True,
    )


register_target(_target("coreml", "fp16", "in half precision"))
register_target(_target("coreml-int8", "int8", "in half precision with 8-bit weights"))
register_target(_target("coreml-int4", "int4", "in half precision with weights of 3 to 8 bits", few_bits=True))
