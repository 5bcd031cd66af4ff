"""The LiteRT targets: one `.tflite` file for each graph, for Android, iOS and boards."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from f2p_deploy.artifact.artifact import GraphEntry
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.export.converters.converter_process import (
    Converter,
    python_of,
    run_converter,
    versions_of,
    why_not_installed,
)
from f2p_deploy.export.converters.litert_layers import weight_facts
from f2p_deploy.export.source import Source
from f2p_deploy.export.targets.converted import require_same_torch, scratch_beside
from f2p_deploy.export.targets.target import BuildOptions, Target, Toolchain, register_target
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.progress import Progress

SUFFIX = ".tflite"

CONVERTER = Converter(
    title="litert-torch",
    module="litert_torch",
    script=Path(__file__).parents[1] / "converters" / "litert_script.py",
    packages="litert-torch==0.10.0 ai-edge-litert==2.3.0 litert-converter==0.5.0",
)


def litert_toolchain(options: BuildOptions) -> Toolchain:
    """Return litert-torch with its version; see `Target.toolchain`."""
    versions = versions_of(CONVERTER, python_of(CONVERTER, options.converter_python))
    require_same_torch(CONVERTER, versions)
    packages = {name: version for name, version in versions.items() if name != "torch"}
    return Toolchain(f"litert-torch {versions['litert-torch']}", {"built_for": "any"}, packages)


def build_litert(
    sources: Mapping[str, Source],
    folder: Path,
    options: BuildOptions,
    progress: Progress,
    precision: Precision,
) -> dict[str, GraphEntry]:
    """Write `<graph>.tflite` for each graph; see `Build`."""
    from f2p_deploy.export.converters.program_files import write_program

    python = python_of(CONVERTER, options.converter_python)
    entries = {}
    for name, source in sources.items():
        progress(f"{name}: torch.export")
        file, asked = folder / f"{name}{SUFFIX}", source.asked(precision, "fp32")
        with scratch_beside(folder) as scratch:
            program = scratch / f"{name}.pt2"
            write_program(source, program)
            convert = partial(run_converter, CONVERTER, python, progress=progress)
            words = ["convert", str(program), str(file), *(["--int8"] if asked == "int8" else [])]
            bytes_of = convert(words=words, doing=f"litert-torch: converting {name}")
            if not file.is_file():
                raise CompilerError(f"litert-torch wrote no file for {name}")
            if asked == "int4":
                words = _words_for_4_bits(source, file, scratch, progress)
                bytes_of = convert(words=words, doing=f"ai-edge-quantizer: rounding {name}")
        few = bytes_of["int4"] + bytes_of["int8"] > bytes_of["float32"]
        actual = asked if few else "fp32"
        if few != (asked in ("int4", "int8")):
            raise CompilerError(f"{file.name} should hold {asked} weights, but {actual} was read back from it")
        entries[name] = source.entry(file.name, actual)
    return entries


def _words_for_4_bits(source: Source, file: Path, scratch: Path, progress: Progress) -> list[str]:
    """Return the converter's words that store a float32 file's weights in 4 bits where the floors allow, else in 8.

    Layers of a gradient take 8, and compute in float32.
    """
    from f2p_deploy.export.palette.litert_bits import outputs_in_4_bits

    floats, listed = scratch / file.name, scratch / "outputs.json"
    file.rename(floats)
    trial = source.trial
    outputs = [] if trial is None else outputs_in_4_bits(floats, source.graph, trial, progress)
    listed.write_text(json.dumps(outputs), encoding="utf-8")
    arithmetic = ["--float-arithmetic"] if trial is None else []
    return ["convert", str(floats), str(file), "--int4", str(listed), *arithmetic]


def _target(name: str, precision: Precision, words: str, few_bits: bool = False) -> Target:
    return Target(
        name=name,
        summary=f"LiteRT (TensorFlow Lite) in {words}, for Android and boards",
        file=f"*{SUFFIX}",
        precision=precision,
        build_extra="litert",
        run_needs="LiteRT with XNNPACK; here ai-edge-litert",
        runtime="litert",
        verified="runtime",
        build=partial(build_litert, precision=precision),
        rest="int4" if few_bits else "fp32",
        build_needs="PyTorch and litert-torch, also of another Python" + (", a calibration set" if few_bits else ""),
        options=("--converter-python", *(("--calibration",) if few_bits else ())),
        weight_facts=weight_facts if few_bits else None,
        toolchain=litert_toolchain,
        compiler_missing=partial(why_not_installed, CONVERTER),
        from_modules=True,
        copies={},
    )


register_target(_target("litert", "fp32", "float32"))
register_target(_target("litert-int8", "int8", "float32 with 8-bit weights"))
register_target(_target("litert-int4", "int4", "float32 with weights of 4 and 8 bits", few_bits=True))
