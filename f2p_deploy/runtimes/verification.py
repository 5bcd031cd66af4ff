"""Verify that an artifact still computes the same results as PyTorch did, from its folder alone, without PyTorch."""

import logging
import platform
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, Artifact, Manifest, Parity, extra_files, read_artifact
from f2p_deploy.artifact.golden import GoldenSamples, GoldenTrajectory, samples_of, trajectory_of
from f2p_deploy.artifact.parity import ROUNDINGS, Precision, SearchResults, compare, compare_trajectories
from f2p_deploy.character.parameters import smooth
from f2p_deploy.character.schema import Schema
from f2p_deploy.runtimes import RUNTIMES, Runtime, load
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime
from f2p_deploy.runtimes.onnxruntime.rounded import RoundedOnnx
from f2p_deploy.runtimes.step_tensors import SHARED, plain_step
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import package_line
from f2p_deploy.system.progress import Progress, silent

logger = logging.getLogger(__name__)

#: Runs that PyTorch itself cannot repeat within this difference of parameters are not judged.
REPEATABLE = 0.1


@dataclass(frozen=True)
class Verification:
    """The result of a verification.

    Args:
        artifact: with the manifest as exported; no file has changed since.
        measured: the same manifest with the new parity, the runtime that measured it and what that proves (`verified`).
        why_not_run: why the ONNX sources were run instead of the compiled files; empty if the files were run.
        extra_files: files in the folder that are not part of the artifact.
    """

    artifact: Artifact
    measured: Manifest
    why_not_run: str
    extra_files: tuple[str, ...]

    def scope(self) -> str:
        """Return a sentence that says which files were run and which were not."""
        if not self.why_not_run:
            return self.measured.scope
        return (
            "the ONNX of the same precision that the files were compiled from was run. "
            f"The files themselves are unchanged since the export, but were not run: {self.why_not_run}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        exported = self.artifact.manifest
        now = self.measured.to_dict()
        taken = ("target", "bundle", "bundle_fingerprint", "verified", "verified_with", "parity", "parity_records")
        return {
            "artifact": str(self.artifact.folder),
            **{name: now[name] for name in taken},
            "scope": self.scope(),
            "files_checked": len(exported.files) + 1,
            "extra_files": list(self.extra_files),
            "exported": {
                "verified": exported.verified,
                "verified_with": exported.verified_with,
                "parity": exported.parity_status,
            },
        }


def verify(
    folder: str | Path, runtime: str = "auto", threads: int | None = None, progress: Progress = silent
) -> Verification:
    """Check every file of an artifact, run its golden inputs, and compare with PyTorch's outputs as the export did.

    A missed threshold does not raise here; `verification.measured.require_parity()` raises.

    Args:
        folder: the artifact.
        runtime: a key of `RUNTIMES`, or `auto` for a runtime that runs the artifact's files. If there is none (an
            engine without its card), the ONNX sources of the same precision are run with ONNX Runtime, with every
            float16 value rounded if onnx is installed.
        threads: number of threads; None for all cores that this process may use.
        progress: called with a description of each stage.

    Raises:
        InputError: no artifact or a damaged one, no golden vectors, an unknown runtime.
        MissingDependency: the runtime or the hardware is missing, and there are no ONNX sources to run instead.
    """
    progress("files")
    artifact = read_artifact(folder)
    runner, why_not_run = _runtime(artifact, runtime, threads)
    records = measure_golden(runner, progress)
    measured = replace(
        artifact.manifest,
        parity=records,
        verified="graph" if why_not_run else runner.proves,
        verified_with=f"{runner.describe_device()}, {platform.system()} {platform.machine()}",
    )
    return Verification(artifact, measured, why_not_run, extra_files(artifact))


def measure_golden(runner: Runtime, progress: Progress = silent) -> tuple[Parity, ...]:
    """Run an artifact's golden inputs through a runtime and compare with PyTorch's outputs; a miss does not raise.

    Args:
        runner: of the artifact, or of its ONNX sources.
        progress: called with a description of each graph.

    Raises:
        InputError: no golden vectors, or damaged ones.
    """
    artifact = runner.artifact
    schema = Schema.from_dict(artifact.manifest.schema, f"{artifact.folder}: schema")
    golden = artifact.golden()
    records: list[Parity] = []
    for graph, entry in artifact.manifest.graphs.items():
        progress(f"{graph} with {runner.name}")
        samples, precision = samples_of(artifact, golden, graph), _precision(artifact, graph)
        outputs: Arrays = run_in_batches(partial(runner.compute, graph), samples.inputs, entry.batch, entry.shared)
        records += _missed_by_many(runner, graph, samples, precision, schema)
        trajectory = trajectory_of(golden) if graph == "step" else None
        iterated: tuple[Parity, ...] = ()
        if trajectory is not None:
            progress(f"{len(trajectory.learning_rates)} steps with {runner.name}")
            iterated = _compare_run(runner, samples, trajectory, precision, schema)
            samples, outputs = _with_steps_on_the_way(runner, samples, outputs, trajectory)
        records += compare(graph, samples.reference, outputs, samples.names, precision, schema, samples.inputs)
        records += iterated
    return tuple(records)


def _missed_by_many(
    runner: Runtime, graph: str, samples: GoldenSamples, precision: Precision, schema: Schema
) -> list[Parity]:
    """Return the records that a graph's twin for many samples misses; none if the runner takes samples one by one."""
    entry = runner.artifact.manifest.graphs[graph]
    rows = runner.rows(graph, len(samples.names))
    if rows == entry.batch:
        return []
    outputs = run_in_batches(partial(runner.compute, graph), samples.inputs, rows, entry.shared)
    records = compare(graph, samples.reference, outputs, samples.names, precision, schema, samples.inputs)
    return [replace(record, output=f"{record.output}, many at once") for record in records if not record.passed]


def _runtime(artifact: Artifact, name: str, threads: int | None) -> tuple[Runtime, str]:
    """Return a runtime for an artifact, and why it runs the sources instead of the files; empty if it does not."""
    try:
        return load(artifact, name, threads), ""
    except (InputError, MissingDependency) as error:
        named = RUNTIMES.get(name)
        kinds = RUNTIMES.values() if name == "auto" else (named,) if named else ()
        able = any(_suffixes(artifact) <= set(kind.suffixes) for kind in kinds)
        if not kinds or (able and (name != "auto" or isinstance(error, InputError))):
            raise  # the name is unknown, or the runtime that was named cannot run here
        if not all(entry.source for entry in artifact.manifest.graphs.values()):
            if name != "auto":
                raise
            raise MissingDependency(
                f"nothing here runs the artifact, and it keeps no ONNX to check instead: {error}"
            ) from error
        return _of_sources(artifact, name, threads), str(error)


def _of_sources(artifact: Artifact, name: str, threads: int | None) -> Runtime:
    """Return a runtime for the ONNX sources of an artifact, in the precision of its compiled files."""
    sources = artifact.sources()
    whole = all(entry.precision_asked == "fp32" for entry in artifact.manifest.graphs.values())
    if whole or name not in ("auto", OnnxRuntime.name):
        return load(sources, name, threads)
    if find_spec("onnx") is None:
        logger.warning(
            "ONNX Runtime computes much of a float16 graph in float32 on a processor; with onnx installed every "
            "value is rounded as a card would: %s",
            package_line("onnx"),
        )
        return load(sources, name, threads)
    return RoundedOnnx(sources, threads)


def _suffixes(artifact: Artifact) -> set[str]:
    return {Path(entry.file).suffix for entry in artifact.manifest.graphs.values()}


def _precision(artifact: Artifact, graph: str) -> Precision:
    asked = artifact.manifest.graphs[graph].precision_asked
    if asked not in get_args(Precision):
        raise InputError(
            f"no floors for the precision {asked!r} of {graph} in {artifact.folder}. "
            f"Known: {', '.join(get_args(Precision))}"
        )
    return cast(Precision, asked)


def _step(runner: Runtime, samples: GoldenSamples, state: np.ndarray, learning_rate: float) -> Arrays:
    """Take one step from a state (1, n) towards the first golden sample."""
    described = {name: samples.inputs[name][:1] for name in ("identity", "content")}
    inputs = plain_step(state, described, learning_rate, runner.settings.iterative)
    return run_in_batches(runner.take_step, inputs, runner.artifact.manifest.batch, SHARED)


def _with_steps_on_the_way(
    runner: Runtime, samples: GoldenSamples, outputs: Arrays, golden: GoldenTrajectory
) -> tuple[GoldenSamples, Arrays]:
    """Add samples to those of `step`: one step from each later state of the golden trajectory, at its learning rate."""
    states, rates = golden.states, golden.learning_rates
    steps = [_step(runner, samples, states[i : i + 1], rates[i]) for i in range(1, len(rates))]
    references = {"next_state": states[2:], "loss": golden.losses[1:-1]}
    ahead = states[1:-1]
    if "lookahead" in samples.reference:
        references["lookahead"] = ahead
    together = GoldenSamples(
        names=(*samples.names, *(f"{samples.names[0]} after {i} steps" for i in range(1, len(rates)))),
        inputs={"state": np.concatenate([samples.inputs["state"], ahead])},
        reference={name: np.concatenate([samples.reference[name], value]) for name, value in references.items()},
    )
    return together, {name: np.concatenate([outputs[name], *(step[name] for step in steps)]) for name in references}


def _compare_run(
    runner: Runtime, samples: GoldenSamples, golden: GoldenTrajectory, precision: Precision, schema: Schema
) -> tuple[Parity, ...]:
    """Repeat the golden trajectory from its start, as many steps as PyTorch itself could repeat, and compare.

    Iterating amplifies rounding, by a factor of ten per step in some bundles. Once a start that differs by one rounding
    ends elsewhere, a threshold has no meaning. In half precision that happens after the first step.
    """
    beta = float(runner.artifact.manifest.settings["iterative"]["beta"])
    exact, rounded = (smooth(states, schema, beta) for states in (golden.states, golden.rounded_states))
    apart = ROUNDINGS * np.abs(exact - rounded).max(axis=1) > REPEATABLE
    steps = int(apart.argmax()) - 1 if apart.any() else len(golden.learning_rates)
    if precision != "fp32" or steps < 1:
        return ()
    state, losses = golden.states[:1], []
    for learning_rate in (*golden.learning_rates[:steps], 0.0):  # the last step only computes the final state's loss
        outputs = _step(runner, samples, state, learning_rate)
        state = outputs["next_state"]
        losses.append(outputs["loss"])
    return compare_trajectories(
        SearchResults(exact[steps : steps + 1], golden.losses[None, : steps + 1]),
        SearchResults(rounded[steps : steps + 1], golden.rounded_losses[None, : steps + 1]),
        SearchResults(smooth(state, schema, beta), np.concatenate(losses)[None]),
        samples.names[:1],
        precision,
    )
