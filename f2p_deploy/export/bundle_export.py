"""Export a bundle to an artifact: build every graph for a target, run the built files, and record their parity."""

import platform
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from f2p_deploy import __version__
from f2p_deploy.alignment.sample_faces import Faces, default_faces
from f2p_deploy.artifact.artifact import (
    Artifact,
    Draft,
    GraphEntry,
    Manifest,
    Parity,
    Verified,
    read_artifact,
    write_artifact,
)
from f2p_deploy.artifact.golden import GOLDEN_ITERATIONS, GoldenTrajectory
from f2p_deploy.artifact.manifest import STEPS
from f2p_deploy.artifact.parity import Precision, compare, compare_trajectories
from f2p_deploy.export.int8.convert_int8 import Scheme
from f2p_deploy.export.int8.int8_page import calibration_facts, write_report
from f2p_deploy.export.int8.verdict import judge
from f2p_deploy.export.plan import (
    INT8_GRAPHS,
    artifact_folder,
    calibration_set,
    check_request_of,
    command_line,
    repeatable,
    require_halves,
    require_space,
)
from f2p_deploy.export.samples import Samples, sample_graphs
from f2p_deploy.export.targets import Target
from f2p_deploy.export.targets.target import DEFAULT_OPTIONS, BuildOptions, Toolchain
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.runtimes import Runtime, load
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.runtimes.onnxruntime.rounded import RoundedOnnx
from f2p_deploy.system.progress import Progress, silent

if TYPE_CHECKING:
    from f2p_deploy.export.calibration.calibration_set import CalibrationSet
    from f2p_deploy.export.precision import Int8Settings
    from f2p_deploy.export.trajectory import Compute, Reference

#: Samples of each graph that the artifact keeps as golden vectors.
GOLDEN_SAMPLES = 2

#: Packages whose versions determine the content of an exported file.
TOOLS = ("torch", "onnx", "onnxscript", "onnxsim", "onnxruntime", "numpy")


def export_bundle(
    bundle: Bundle,
    target: str,
    out: Path | None = None,
    batch: int = 1,
    faces: Faces | None = None,
    progress: Progress = silent,
    trajectories: int = 1,
    options: BuildOptions = DEFAULT_OPTIONS,
) -> Artifact:
    """Export the graphs of a bundle and measure them against PyTorch in float32.

    A missed threshold does not raise here: the artifact is kept and marked; `artifact.manifest.require_parity()`
    raises.

    Args:
        bundle: a complete bundle.
        target: a key of `f2p_deploy.export.targets.TARGETS`.
        out: the artifact's folder; None for `build/<bundle>/<target>` in the working directory.
        batch: the static batch size of every graph.
        faces: held-out real aligned faces of the bundle's size; None for the sample photo and variations of it.
        progress: called with a description of each stage.
        trajectories: number of faces, from the first, on which a whole iterative generation is compared: in PyTorch
            (twice) and with the built files. With 0, `step` is only measured on the first step towards each face.
        options: further options of the target.

    Raises:
        InputError: an unknown target, options that the target does not take, faces of another size, a negative number
            of trajectories, or a folder that cannot be written or has too little space.
        MissingDependency: the target's packages, compiler or hardware are missing.
        CompilerError: a compiler failed; the message has the command line that repeats the export. No files are left.
    """
    chosen, toolchain = check_request_of(target, batch, trajectories, options)
    require_halves(bundle, options)
    calibration = calibration_set(chosen, options, bundle)
    from f2p_deploy.export.export_graphs import exportable_graphs
    from f2p_deploy.export.palette.few_bits import with_few_bits, with_trials
    from f2p_deploy.export.precision import make_sources
    from f2p_deploy.export.trajectory import reference_runs, with_iterations

    folder = artifact_folder(bundle, target, out)
    command = command_line(bundle, target, folder, batch, trajectories, options)
    # Opened before the slow work, so that a folder that cannot be written raises at once.
    with repeatable(command, folder), write_artifact(folder) as draft:
        progress("networks")
        graphs = tuple(graph for graph in exportable_graphs(bundle, batch) if chosen.holds(graph.name))
        require_space(folder, graphs, chosen, options)
        progress("reference outputs of PyTorch")
        faces = faces if faces is not None else default_faces(bundle)
        if calibration is not None:
            faces = _with_held_out(faces, calibration)
        samples = sample_graphs(bundle, graphs, faces)
        runs: tuple[Reference, ...] = ()
        for graph in graphs:
            if graph.name == "step":
                runs = reference_runs(bundle, graph, samples["step"], faces.images, trajectories)
                samples["step"] = with_iterations(samples["step"], graph, runs)
        int8 = None
        if calibration is not None and chosen.scheme is not None:
            int8 = _int8_settings(bundle, chosen, options, calibration, progress)
        coding = chosen.coding(options) if chosen.coding is not None else None
        before: Precision = "fp32" if coding is not None and not chosen.from_modules else chosen.precision
        sources = make_sources(
            graphs, samples, before, progress, bundle.schema, int8, chosen.from_modules, chosen.rest
        )
        few_bits: dict[str, Any] = {}
        if calibration is not None and coding is not None:
            sources, few_bits = with_few_bits(bundle, sources, samples, coding, calibration, progress)
        elif calibration is not None and chosen.weight_facts is not None:
            sources = with_trials(bundle, sources, calibration, progress)
        entries = chosen.build(sources, draft.folder, options, progress)
        if chosen.weight_facts is not None:
            few_bits = {name: chosen.weight_facts(draft.folder / entry.file) for name, entry in entries.items()}
        _write_golden(draft, samples, runs, bundle)
        manifest = _manifest(bundle, chosen, toolchain, entries, batch, command)
        progress(f"parity with {chosen.runtime}")
        parity, verified, verified_with = _measure(Artifact(draft.folder, manifest), chosen, samples, runs, bundle)
        manifest = replace(manifest, parity=parity, verified=verified, verified_with=verified_with)
        if calibration is not None and few_bits:
            facts = calibration_facts(calibration, (), ())
            manifest = replace(manifest, calibration={**facts, "graphs": few_bits})
        elif calibration is not None:
            progress("benefit of 8 bits")
            first = {name: sample.first_batch(batch) for name, sample in samples.items()}
            verdicts = judge(sources, first, parity, chosen.rest, chosen.verified == "runtime")
            reports = tuple(source.report for source in sources.values() if source.report is not None)
            write_report(draft.folder, reports, verdicts)
            manifest = replace(manifest, calibration=calibration_facts(calibration, reports, verdicts))
        draft.manifest = manifest
    return read_artifact(folder)


def _with_held_out(faces: Faces, calibration: "CalibrationSet") -> Faces:
    """Return faces followed by the held-out faces of a calibration set: 99 % agreement needs more than six faces."""
    from f2p_deploy.export.calibration.inputs import judged_rows

    held_out = calibration.chosen_faces([int(row) for row in judged_rows(calibration.count)])
    return Faces(np.concatenate([faces.images, held_out.images]), (*faces.names, *held_out.names))


def _int8_settings(
    bundle: Bundle, target: Target, options: BuildOptions, calibration: "CalibrationSet", progress: Progress
) -> "Int8Settings":
    """Return the settings of 8 bits, with calibration inputs of every graph except `step` and those that stay float."""
    from f2p_deploy.export.calibration.inputs import calibration_inputs
    from f2p_deploy.export.precision import Int8Settings

    progress("calibration inputs")
    images = calibration.images()
    names = [name for name in INT8_GRAPHS if name not in options.keep_float]
    inputs = {name: calibration_inputs(bundle, images, name) for name in names}
    return Int8Settings(cast(Scheme, target.scheme), target.rest, inputs)


def _write_golden(draft: Draft, samples: dict[str, Samples], runs: tuple["Reference", ...], bundle: Bundle) -> None:
    arrays: dict[str, np.ndarray] = {}
    for graph, sample in samples.items():
        part = sample.first(GOLDEN_SAMPLES) if graph not in STEPS else sample.rows(_golden_steps(len(sample.names)))
        arrays[f"{graph}.samples"] = np.array(part.names)
        arrays |= {f"{graph}.{name}": value for name, value in {**part.inputs, **part.reference}.items()}
    if runs:
        exact, rounded = runs[0].exact, runs[0].rounded
        rates = np.array(bundle.settings.iterative.learning_rates()[:GOLDEN_ITERATIONS], np.float32)
        upto = len(rates) + 1
        trajectory = GoldenTrajectory(
            rates, exact.states[:upto], exact.losses[:upto], rounded.states[:upto], rounded.losses[:upto]
        )
        arrays |= trajectory.arrays()
    draft.write_golden(arrays)


def _golden_steps(count: int) -> list[int]:
    """Return the rows of the samples of `step` that are kept: the first ones, and the last one, which has momentum."""
    return [*range(min(count, GOLDEN_SAMPLES)), *([count - 1] if count > GOLDEN_SAMPLES else [])]


def _measure(
    artifact: Artifact, target: Target, samples: dict[str, Samples], runs: tuple["Reference", ...], bundle: Bundle
) -> tuple[tuple[Parity, ...], Verified, str]:
    """Measure the built files on every sample, and in whole iterative generations.

    Returns:
        The records, what they prove (`Manifest.verified`), and the runtime and machine that measured them.
    """
    if target.verified == "graph" and target.rest == "fp16":
        # ONNX Runtime on a processor would compute part of the graph in float32.
        runtime: Runtime = RoundedOnnx(artifact.sources())
    else:
        runtime = load(artifact.sources() if target.verified == "graph" else artifact, target.runtime)
    batch, schema = artifact.manifest.batch, bundle.schema
    precisions = {name: cast(Precision, entry.precision_asked) for name, entry in artifact.manifest.graphs.items()}
    records: list[Parity] = []
    for graph, sample in samples.items():
        size = artifact.manifest.graphs[graph].batch
        outputs = run_in_batches(partial(runtime.compute, graph), sample.inputs, size, sample.shared)
        records += compare(graph, sample.reference, outputs, sample.names, precisions[graph], schema, sample.inputs)
    if runs:
        records += _measure_iterative(partial(runtime.compute, "step"), batch, precisions["step"], runs, bundle)
    proves: Verified = "graph" if target.verified == "graph" else runtime.proves
    return tuple(records), proves, f"{runtime.describe_device()}, {platform.system()} {platform.machine()}"


def _measure_iterative(
    compute: "Compute", batch: int, precision: Precision, runs: tuple["Reference", ...], bundle: Bundle
) -> tuple[Parity, ...]:
    """Compare iterative generation of each face with the built files."""
    from f2p_deploy.export.trajectory import ends, follow

    built = [follow(compute, batch, bundle, run.exact.states[:1], run.identity, run.content) for run in runs]
    return compare_trajectories(
        ends(bundle, [run.exact for run in runs]),
        ends(bundle, [run.rounded for run in runs]),
        ends(bundle, built),
        tuple(run.name for run in runs),
        precision,
    )


def _manifest(
    bundle: Bundle, target: Target, toolchain: Toolchain, entries: dict[str, GraphEntry], batch: int, command: str
) -> Manifest:
    from f2p_deploy.model.graphs import bundle_facts

    return Manifest(
        target=target.name,
        **bundle_facts(bundle),
        batch=batch,
        graphs=entries,
        tools={"f2p-deploy": __version__, "python": platform.python_version()}
        | {name: version(name) for name in TOOLS}
        | dict(toolchain.packages),
        hardware={**toolchain.hardware, "built_on": f"{platform.system()} {platform.machine()}"},
        command=command,
    )
