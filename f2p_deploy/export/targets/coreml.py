"""The Core ML target: one package a graph, made on any machine, for iPhones, iPads and Macs."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from f2p_deploy.artifact import GraphEntry
from f2p_deploy.errors import CompilerError, InputError
from f2p_deploy.export.parity import Precision
from f2p_deploy.export.targets.target import BuildOptions, Progress, Source, Target, Toolchain, register
from f2p_deploy.runtimes.coreml import on_a_mac

#: The releases of iOS that packages can be made for, and the one without a word.
IOS = ("16", "17", "18", "26")
DEFAULT_IOS = "17"


def toolchain(options: BuildOptions) -> Toolchain:
    """Return what will convert, and for which systems; see `Target.toolchain`."""
    from importlib.metadata import version

    ios = options.ios or DEFAULT_IOS
    if ios not in IOS:
        raise InputError(f"--ios takes {', '.join(IOS)}, found {ios!r}")
    found = version("coremltools")
    return Toolchain(f"coremltools {found}", {"built_for": f"iOS {ios} and later"}, {"coremltools": found})


def build(
    sources: Mapping[str, Source],
    folder: Path,
    options: BuildOptions,
    progress: Progress,
    precision: Precision,
    rest: Precision,
) -> dict[str, GraphEntry]:
    """Write `<graph>.mlpackage` for each graph; see `Build`."""
    from f2p_deploy.coreml_file import precision_of
    from f2p_deploy.export.coreml import to_coreml

    entries = {}
    for name, source in sources.items():
        progress(f"{name}: Core ML")
        path = folder / f"{name}.mlpackage"
        facts = {"parameters": json.dumps(source.parameter_names)}
        ios = options.ios or DEFAULT_IOS
        asked = source.asked(precision, rest)
        to_coreml(source.graph, source.example, path, asked, ios, source.loss_scale, facts)
        found, kept = precision_of(path)
        if found != asked:
            raise CompilerError(f"{path.name} should hold {asked} weights, but {found} was read back from it")
        entries[name] = source.entry(path.name, found, kept=kept)
    return entries


def _hardware_missing() -> str:
    return "" if on_a_mac() else "Core ML needs a Mac; here the reference interpreter computes packages, to check them"


def _target(name: str, precision: Precision, words: str) -> Target:
    return Target(
        name=name,
        summary=f"Core ML packages {words}, for iPhone, iPad and Mac",
        file="*.mlpackage",
        precision=precision,
        build_extra="coreml",
        run_needs="iOS 17 (--ios) or macOS 14, or later",
        runtime="coreml",
        verified="reference",
        build=partial(build, precision=precision, rest="fp16"),
        rest="fp16",
        build_needs="PyTorch and coremltools",
        options=("--ios",),
        toolchain=toolchain,
        hardware_missing=_hardware_missing,
        from_modules=True,
    )


register(_target("coreml", "fp16", "in half precision"))
register(_target("coreml-int8", "int8", "in half precision with 8-bit weights"))
