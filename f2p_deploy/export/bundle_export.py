"""Bundle -> artifact: builds every graph for a target, runs what was built, and writes down how near it computes."""

import platform
import shlex
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy import __version__
from f2p_deploy.artifact import Arrays, Artifact, Draft, GraphEntry, Manifest, Parity, read_artifact, write_artifact
from f2p_deploy.bundle import Bundle, demo_bundle_path
from f2p_deploy.character.parameters import random_batch
from f2p_deploy.dependencies import require
from f2p_deploy.errors import InputError
from f2p_deploy.export.faces import Faces, default_faces
from f2p_deploy.export.parity import compare
from f2p_deploy.export.targets import Target, find_target
from f2p_deploy.export.targets.target import Progress
from f2p_deploy.runtimes import load

if TYPE_CHECKING:
    from f2p_deploy.export.graphs import Graph

#: Samples of each graph that the artifact keeps as golden vectors.
GOLDEN_SAMPLES = 2
#: Random characters that `render` is measured on besides those of the faces.
RANDOM_CHARACTERS = 8

#: Packages whose versions decide what an exported file looks like.
TOOLS = ("torch", "onnx", "onnxscript", "onnxsim", "onnxruntime", "numpy")


@dataclass(frozen=True)
class Samples:
    """What one graph is measured on: inputs and PyTorch's outputs by tensor name, samples along the first axis."""

    names: tuple[str, ...]
    inputs: Arrays
    reference: Arrays


def export_bundle(
    bundle: Bundle,
    target: str,
    out: Path | None = None,
    batch: int = 1,
    faces: Faces | None = None,
    progress: Progress = lambda stage: None,
) -> Artifact:
    """Export `one_shot`, `describe` and `render` of a bundle and measure them against PyTorch in float32.

    A missed floor does not raise here: the artifact is kept and marked; `artifact.manifest.require_parity()` raises.

    Args:
        bundle: a complete one.
        target: a name of `f2p_deploy.export.targets.TARGETS`.
        out: the artifact's folder; `build/<bundle>/<target>` in the working directory if not given.
        batch: the static batch size of every graph.
        faces: held-out real aligned faces of the bundle's size; the sample photo and variations of it if not given.
        progress: told each stage.

    Raises:
        InputError: an unknown target, faces of another size, a place that cannot be written to.
        MissingDependency: the target's packages are not installed.
        CompilerError: a compiler failed; nothing is left behind.
    """
    chosen = find_target(target)
    require(chosen.build_extra, f"the target {target!r}")
    from f2p_deploy.export.graphs import bundle_graphs

    folder = out if out is not None else Path("build") / bundle.name / target
    # Opened before the slow work, so that a place that cannot be written to is known at once.
    with write_artifact(folder) as draft:
        progress("networks")
        graphs = bundle_graphs(bundle, batch)
        progress("reference outputs of PyTorch")
        samples = _samples(bundle, graphs, faces if faces is not None else default_faces(bundle))
        entries = {
            graph.name: chosen.build(graph, _first_batch(samples[graph.name].inputs, batch), draft.folder, progress)
            for graph in graphs
        }
        _write_golden(draft, samples)
        manifest = _manifest(bundle, chosen, entries, batch, _command(bundle, target, folder, batch))
        progress(f"parity with {chosen.runtime}")
        parity, verified_with = _measure(Artifact(draft.folder, manifest), chosen, samples, bundle)
        draft.manifest = replace(manifest, parity=parity, verified=chosen.verified, verified_with=verified_with)
    return read_artifact(folder)


def _samples(bundle: Bundle, graphs: tuple["Graph", ...], faces: Faces) -> dict[str, Samples]:
    """Return what each graph is measured on; `render` draws the faces' own characters and random ones."""
    from f2p_deploy.export.graphs import run_in_batches

    size = bundle.settings.architecture.image_size
    if faces.images.shape[-1] != size:
        raise InputError(f"the bundle {bundle.name} takes faces of {size} pixels, found {faces.images.shape[-1]}")
    samples = {}
    parameters = random_batch(bundle.schema, RANDOM_CHARACTERS, seed=0)
    characters = tuple(f"random character {i}" for i in range(RANDOM_CHARACTERS))
    for graph in graphs:
        if graph.name == "render":
            names, inputs = characters, {"parameters": parameters}
        else:
            names, inputs = faces.names, {"face": faces.images}
        reference = run_in_batches(graph.compute, inputs, graph.batch)
        samples[graph.name] = Samples(names, inputs, reference)
        if graph.name == "one_shot":
            parameters = np.concatenate([reference["parameters"], parameters])
            characters = (*faces.names, *characters)
    return samples


def _first_batch(inputs: Arrays, batch: int) -> dict[str, np.ndarray]:
    """Return one real batch, samples repeated if there are too few."""
    return {name: np.ascontiguousarray(value[np.arange(batch) % len(value)]) for name, value in inputs.items()}


def _write_golden(draft: Draft, samples: dict[str, Samples]) -> None:
    arrays: dict[str, np.ndarray] = {}
    for graph, sample in samples.items():
        arrays[f"{graph}.samples"] = np.array(sample.names[:GOLDEN_SAMPLES])
        tensors = {**sample.inputs, **sample.reference}
        arrays |= {f"{graph}.{name}": value[:GOLDEN_SAMPLES] for name, value in tensors.items()}
    draft.write_golden(arrays)


def _measure(
    artifact: Artifact, target: Target, samples: dict[str, Samples], bundle: Bundle
) -> tuple[tuple[Parity, ...], str]:
    """Run the built files on every sample; return the records and what ran them."""
    from f2p_deploy.export.graphs import run_in_batches

    runtime = load(artifact, target.runtime)
    records: list[Parity] = []
    for graph, sample in samples.items():
        outputs = run_in_batches(partial(runtime.compute, graph), sample.inputs, artifact.manifest.batch)
        records += compare(graph, sample.reference, outputs, sample.names, target.precision, bundle.schema)
    return tuple(records), f"{runtime.describe_device()}, {platform.system()} {platform.machine()}"


def _manifest(bundle: Bundle, target: Target, entries: dict[str, GraphEntry], batch: int, command: str) -> Manifest:
    return Manifest(
        target=target.name,
        bundle=bundle.name,
        bundle_fingerprint=bundle.fingerprint,
        schema=bundle.schema.to_dict(),
        image_size=bundle.settings.architecture.image_size,
        batch=batch,
        graphs=entries,
        tools={"f2p-deploy": __version__, "python": platform.python_version()}
        | {name: version(name) for name in TOOLS},
        hardware={"built_for": "any", "built_on": f"{platform.system()} {platform.machine()}"},
        command=command,
    )


def _command(bundle: Bundle, target: str, folder: Path, batch: int) -> str:
    """Return the command line that makes the artifact again."""
    words = ["f2p-deploy", "export", "--target", target, "-o", str(folder)]
    if bundle.path.resolve() != demo_bundle_path().resolve():
        words += ["--bundle", str(bundle.path)]
    if batch != 1:
        words += ["--batch", str(batch)]
    return shlex.join(words)
