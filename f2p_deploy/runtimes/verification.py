"""Does an artifact still compute the same face? Judged from its folder alone, without PyTorch."""

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

#: How far a run may be from PyTorch's, in parameters, for a floor on it to mean something.
REPEATABLE = 0.1


@dataclass(frozen=True)
class Verification:
    """What was found about an artifact.

    Args:
        artifact: with the manifest as it was exported; every file is what it was then.
        measured: the same manifest with the parity measured now, what ran it and what that proves (`verified`).
        why_not_run: why not the artifact's own files were run, but the ONNX they were compiled from; else empty.
        extra_files: files in its folder that are not part of it.
    """

    artifact: Artifact
    measured: Manifest
    why_not_run: str
    extra_files: tuple[str, ...]

    def scope(self) -> str:
        """Return what was run and what was not, as a person would read it."""
        if not self.why_not_run:
            return self.measured.scope
        return (
            "the ONNX of the same precision that the files were compiled from was run. "
            f"The files themselves are as they were written, but were not run: {self.why_not_run}"
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

    A missed floor does not raise here; `verification.measured.require_parity()` raises.

    Args:
        folder: the artifact.
        runtime: a name of `RUNTIMES`. With `auto` the one that runs the artifact's files; where none can (an engine
            without its card) the ONNX of the same precision that they were compiled from, by ONNX Runtime with every
            float16 value rounded, for which onnx must be installed.
        threads: how many threads to use; as many as this process may use cores if None.
        progress: called at each stage.

    Raises:
        InputError: no artifact or a damaged one, no golden vectors, an unknown runtime.
        MissingDependency: the runtime or the hardware is not here, and there is nothing else to run.
    """
    progress("files")
    artifact = read_artifact(folder)
    schema = Schema.from_dict(artifact.manifest.schema, f"{artifact.folder}: schema")
    runner, why_not_run = _runtime(artifact, runtime, threads)
    golden = artifact.golden()
    batch = artifact.manifest.batch
    records: list[Parity] = []
    for graph, entry in artifact.manifest.graphs.items():
        progress(f"{graph} with {runner.name}")
        samples, precision = samples_of(artifact, golden, graph), _precision(artifact, graph)
        outputs: Arrays = run_in_batches(partial(runner.compute, graph), samples.inputs, batch, entry.shared)
        trajectory = trajectory_of(golden) if graph == "step" else None
        iterated: tuple[Parity, ...] = ()
        if trajectory is not None:
            progress(f"{len(trajectory.learning_rates)} steps with {runner.name}")
            iterated = _compare_run(runner, samples, trajectory, precision, schema)
            samples, outputs = _with_steps_on_the_way(runner, samples, outputs, trajectory)
        records += compare(graph, samples.reference, outputs, samples.names, precision, schema, samples.inputs)
        records += iterated
    measured = replace(
        artifact.manifest,
        parity=tuple(records),
        verified="graph" if why_not_run else runner.proves,
        verified_with=f"{runner.describe_device()}, {platform.system()} {platform.machine()}",
    )
    return Verification(artifact, measured, why_not_run, extra_files(artifact))


def _runtime(artifact: Artifact, name: str, threads: int | None) -> tuple[Runtime, str]:
    """Return what runs an artifact, and why it does not run the files themselves; empty if it does."""
    try:
        return load(artifact, name, threads), ""
    except (InputError, MissingDependency) as error:
        named = RUNTIMES.get(name)
        kinds = RUNTIMES.values() if name == "auto" else (named,) if named else ()
        able = any(_suffixes(artifact) <= set(kind.suffixes) for kind in kinds)
        if not kinds or (able and (name != "auto" or isinstance(error, InputError))):
            raise  # an unknown word, or exactly this was asked for and cannot be
        if not all(entry.source for entry in artifact.manifest.graphs.values()):
            if name != "auto":
                raise
            raise MissingDependency(
                f"nothing here runs the artifact, and it keeps no ONNX to check instead: {error}"
            ) from error
        return _of_sources(artifact, name, threads), str(error)


def _of_sources(artifact: Artifact, name: str, threads: int | None) -> Runtime:
    """Return what runs the ONNX that an artifact's files were compiled from, as precisely as the files would be."""
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
    given = plain_step(state, described, learning_rate, runner.settings.iterative)
    return run_in_batches(runner.take_step, given, runner.artifact.manifest.batch, SHARED)


def _with_steps_on_the_way(
    runner: Runtime, samples: GoldenSamples, outputs: Arrays, golden: GoldenTrajectory
) -> tuple[GoldenSamples, Arrays]:
    """Add one step from each later state of the golden trajectory, with that step's learning rate."""
    states, rates = golden.states, golden.learning_rates
    found = [_step(runner, samples, states[i : i + 1], rates[i]) for i in range(1, len(rates))]
    references = {"next_state": states[2:], "loss": golden.losses[1:-1]}
    ahead = states[1:-1]
    if "lookahead" in samples.reference:
        references["lookahead"] = ahead
    together = GoldenSamples(
        names=(*samples.names, *(f"{samples.names[0]} after {i} steps" for i in range(1, len(rates)))),
        inputs={"state": np.concatenate([samples.inputs["state"], ahead])},
        reference={name: np.concatenate([samples.reference[name], value]) for name, value in references.items()},
    )
    return together, {name: np.concatenate([outputs[name], *(step[name] for step in found)]) for name in references}


def _compare_run(
    runner: Runtime, samples: GoldenSamples, golden: GoldenTrajectory, precision: Precision, schema: Schema
) -> tuple[Parity, ...]:
    """Repeat the golden trajectory, each step from where the last one led, for as long as PyTorch could repeat it.

    Iterating amplifies rounding, by a factor of ten a step in some bundles. Where a start one rounding away leads
    elsewhere, a floor would say nothing, and in half precision that is after the first step.
    """
    beta = float(runner.artifact.manifest.settings["iterative"]["beta"])
    exact, rounded = (smooth(states, schema, beta) for states in (golden.states, golden.rounded_states))
    apart = ROUNDINGS * np.abs(exact - rounded).max(axis=1) > REPEATABLE
    steps = int(apart.argmax()) - 1 if apart.any() else len(golden.learning_rates)
    if precision != "fp32" or steps < 1:
        return ()
    state, losses = golden.states[:1], []
    for learning_rate in (*golden.learning_rates[:steps], 0.0):  # a step of rate 0 only gives the last state's loss
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
