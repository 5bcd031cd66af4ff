"""The inputs of a benchmark: faces for every batch size, the named artifacts, and an ONNX artifact for each batch."""

from pathlib import Path

import numpy as np

from f2p_deploy import __version__
from f2p_deploy.alignment.sample_faces import Faces, default_faces
from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.evaluation.speed.request import Request
from f2p_deploy.export import export_bundle
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import F2PError, InputError, MissingDependency
from f2p_deploy.system.progress import Progress

#: Number of characters that are drawn if the sample photo is missing.
DRAWN = 6


def faces_of(bundle: Bundle, batch: int) -> Faces:
    """Return a batch of the sample photo and its variations; a larger batch repeats them.

    Without scikit-image, which contains the photo, characters drawn by the bundle's imitator are used, and named so.
    """
    try:
        faces = default_faces(bundle)
    except MissingDependency:
        faces = _drawn(bundle)
    chosen = np.arange(batch) % len(faces.names)
    return Faces(np.ascontiguousarray(faces.images[chosen]), tuple(faces.names[i] for i in chosen))


def _drawn(bundle: Bundle) -> Faces:
    import torch

    from f2p_deploy.character.parameters import random_batch

    with torch.inference_mode():
        images = bundle.imitator(torch.from_numpy(random_batch(bundle.schema, DRAWN, seed=0))).clamp(0.0, 1.0)
    return Faces(images.float().numpy(), tuple(f"drawn character {number}" for number in range(DRAWN)))


def named_artifacts(request: Request, bundle: Bundle) -> tuple[Artifact, ...]:
    """Read the artifacts that a request names.

    Raises:
        InputError: a missing or damaged artifact, or one of another bundle or of a batch size that is not measured.
    """
    artifacts = []
    for folder in request.artifacts:
        artifact = read_artifact(folder)
        manifest = artifact.manifest
        if manifest.bundle_fingerprint != bundle.fingerprint:
            raise InputError(
                f"{folder} was made from another bundle ({manifest.bundle}) than {bundle.path}: name that with --bundle"
            )
        if manifest.batch not in request.batches:
            asked = ", ".join(map(str, request.batches))
            raise InputError(
                f"{folder} was exported for batches of {manifest.batch}, and batches of {asked} are to be measured: "
                f"--batch {manifest.batch} measures it, f2p-deploy export --batch {request.batches[0]} makes another"
            )
        artifacts.append(artifact)
    return tuple(artifacts)


def onnx_artifact(bundle: Bundle, batch: int, progress: Progress) -> Artifact:
    """Return the bundle's ONNX artifact of a batch size: an existing one in `build`, or a new one.

    Raises:
        InputError: `build` cannot be written to.
        MissingDependency: a requirement of the export is not installed.
        CompilerError: the export failed.
    """
    build = Path("build") / bundle.name
    own = build / "bench" / f"onnx-batch-{batch}"
    for folder in (build / "onnx", own):
        if (folder / "manifest.json").exists() and _fits(folder, bundle, batch):
            return read_artifact(folder)
    progress(f"exporting the bundle to ONNX for batches of {batch}, once, to {own}")
    return export_bundle(bundle, "onnx", own, batch, trajectories=0)


def _fits(folder: Path, bundle: Bundle, batch: int) -> bool:
    try:
        manifest = read_artifact(folder).manifest
    except F2PError:
        return False
    made_here = manifest.tools.get("f2p-deploy") == __version__
    return made_here and manifest.bundle_fingerprint == bundle.fingerprint and manifest.batch == batch
