"""The ONNX targets: one file for each graph and one for the weights, for ONNX Runtime and other readers of ONNX."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.artifact.artifact import GraphEntry
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.character.schema import suggestion
from f2p_deploy.export.int8.convert_int8 import FOR_PROCESSORS, Scheme
from f2p_deploy.export.palette.coding import ONNX_CODING, Coding
from f2p_deploy.export.source import Source
from f2p_deploy.export.targets.target import BuildOptions, Target, Toolchain, any_machine, register_target
from f2p_deploy.model.settings import STORAGES
from f2p_deploy.system.errors import CompilerError, InputError
from f2p_deploy.system.progress import Progress

if TYPE_CHECKING:
    from onnx import ModelProto

logger = logging.getLogger(__name__)


def build_onnx(
    sources: Mapping[str, Source],
    folder: Path,
    options: BuildOptions,
    progress: Progress,
    precision: Precision,
    rest: Precision,
) -> dict[str, GraphEntry]:
    """Write `<graph>.onnx` for each graph, and the weights that they share; see `Build`."""
    import onnx

    from f2p_deploy.artifact.onnx_file import precision_of
    from f2p_deploy.export.onnx.half_weights import keep_halves
    from f2p_deploy.export.onnx.onnx_weights import save_by_precision

    models = {name: source.onnx for name, source in sources.items()}
    if options.weights == "float16":
        progress("weights in float16")
        models = keep_halves(models, {name: source.graph.module for name, source in sources.items()})
    stored = {name: (source.precision, models[name]) for name, source in sources.items()}
    many = {}
    for name, source in sources.items():
        if (batched := _for_many(source, models[name])) is not None:
            many[name] = f"{name}.many"
            stored[many[name]] = (source.precision, batched)
    save_by_precision(stored, folder)
    entries = {}
    for name, source in sources.items():
        path = folder / f"{name}.onnx"
        actual = precision_of(onnx.load(path, load_external_data=False), source.kept_float32)
        asked = source.asked(precision, rest)
        if actual != asked:
            raise CompilerError(f"{path.name} should hold {asked} weights, but {actual} was read back from it")
        entry = source.entry(path.name, actual)
        entries[name] = replace(entry, many=f"{many[name]}.onnx") if name in many else entry
    return entries


def _for_many(source: Source, model: "ModelProto") -> "ModelProto | None":
    """Return a graph for any number of samples; None where that would be no faster, or computes something else."""
    from f2p_deploy.runtimes.onnxruntime.batch_axis import (
        gains_from_batches,
        made_up_samples,
        why_not_batched,
        with_batch_axis,
    )

    entry = source.entry("", source.precision)
    if entry.batch != 1 or not gains_from_batches(model):
        return None
    batched = with_batch_axis(model, entry)
    reason = why_not_batched(source.graph.name, model, batched, entry, made_up_samples(entry), source.precision)
    if reason:
        logger.info("%s has no twin for many samples: %s", source.graph.name, reason)
    return None if reason else batched


def onnx_toolchain(options: BuildOptions) -> Toolchain:
    """Return the toolchain for any machine, after checking `--weights`.

    Raises:
        InputError: an unknown storage of weights.
    """
    asked = options.weights
    if asked is not None and asked not in STORAGES:
        raise InputError(f"--weights takes {', '.join(STORAGES)}, found {asked!r}{suggestion(asked, STORAGES)}")
    return any_machine(options)


def _target(
    name: str, precision: Precision, words: str, scheme: Scheme | None = None, coding: Coding | None = None
) -> Target:
    rest: Precision = "fp32" if scheme else precision
    takes = ("--weights",) if precision == "fp32" else ("--calibration",) if coding else ()
    return Target(
        name=name,
        summary=f"ONNX in {words}, for ONNX Runtime on any machine",
        file="*.onnx",
        precision=precision,
        rest=rest,
        scheme=scheme,
        build_needs="PyTorch, a calibration set" if scheme or coding else "PyTorch",
        options=("--calibration", "--keep-float") if scheme else takes,
        coding=None if coding is None else lambda options: coding,
        toolchain=onnx_toolchain,
        build_extra="export",
        run_needs="onnxruntime",
        runtime="onnxruntime",
        verified="runtime",
        build=partial(build_onnx, precision=precision, rest=rest),
    )


register_target(_target("onnx", "fp32", "float32"))
register_target(_target("onnx-fp16", "fp16", "half precision with float32 inputs and outputs"))
register_target(_target("onnx-int8", "int8", "8 bits, calibrated on your faces", FOR_PROCESSORS))
register_target(_target("onnx-int4", "int4", "float32 with weights of 3 to 12 bits", coding=ONNX_CODING))
