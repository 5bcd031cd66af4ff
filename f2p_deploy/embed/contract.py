"""What F2PKit must know about an artifact: `contract.json`, beside the models in the Swift package."""

import hashlib
from typing import Any

from f2p_deploy.alignment import aligned_face
from f2p_deploy.alignment.landmarks import OUTER_OVER_CENTRES, YAW_PER_OFFSET
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.result import DEFAULT_MARGIN
from f2p_deploy.model.settings import BundleSettings, IterativeSettings, from_data
from f2p_deploy.runtimes.search import require_step
from f2p_deploy.system.errors import InputError

#: F2PKit's `Contract.format`.
FORMAT = 2

#: What F2PKit needs, and their files' suffix.
GRAPHS = ("one_shot", "describe", "render", "step")
SUFFIX = ".mlpackage"


def require_embeddable(artifact: Artifact) -> None:
    """Raise unless an artifact can be embedded in an iOS build.

    Raises:
        InputError: it holds no Core ML packages, lacks a graph, or was exported for batches.
        FloorMissed: its parity failed.
    """
    manifest = artifact.manifest
    if any(not entry.file.endswith(SUFFIX) for entry in manifest.graphs.values()):
        raise InputError(
            f"embed ios takes Core ML packages, and {artifact.folder} is of the target {manifest.target!r}: "
            "f2p-deploy export --target coreml makes them"
        )
    lacking = [name for name in GRAPHS if name not in manifest.graphs]
    if lacking:
        raise InputError(f"{artifact.folder} has no graph {lacking[0]!r}: export the bundle again")
    if "before" not in {spec.name for spec in manifest.graphs["step"].inputs}:
        raise InputError(
            f"{artifact.folder} is of an earlier format, whose step leaves momentum and locks to the loop; "
            f"F2PKit's loop does not do them. Make it again: {manifest.command}"
        )
    if manifest.batch != 1:
        raise InputError(
            f"{artifact.folder} was exported for batches of {manifest.batch}, and a game makes one character at a "
            "time: export it with --batch 1"
        )
    manifest.require_parity()


def packages_of(artifact: Artifact) -> tuple[str, ...]:
    """Return the names of an artifact's packages; several graphs may be functions of one."""
    return tuple(dict.fromkeys(artifact.manifest.graphs[name].file for name in GRAPHS))


def contract_of(artifact: Artifact) -> dict[str, Any]:
    """Return the contract as plain data for JSON; F2PKit's `Contract` documents every entry.

    Raises:
        InputError: the manifest's schema or settings are damaged, or a mode needs another gradient step.
    """
    manifest = artifact.manifest
    where = f"{artifact.folder}: settings"
    settings: BundleSettings = from_data(BundleSettings, manifest.settings, where)
    schema = Schema.from_dict(manifest.schema, f"{artifact.folder}: schema")
    return {
        "format": FORMAT,
        "bundle": manifest.bundle,
        "bundleFingerprint": manifest.bundle_fingerprint,
        "target": manifest.target,
        "schema": _schema(schema),
        "imageSize": manifest.image_size,
        "firstState": list(manifest.first_state),
        "iterative": _search(artifact, settings.iterative, settings, schema),
        "hybrid": _search(artifact, settings.hybrid, settings, schema),
        "chooseOptions": settings.choose_options,
        "standardMargin": DEFAULT_MARGIN,
        "standardLead": settings.default_lead,
        "contentReduction": settings.similarity.reduction,
        "template": [list(settings.alignment.landmarks[name]) for name in LANDMARKS],
        "limits": {
            "smallestEyeDistance": aligned_face.SMALLEST_EYE_DISTANCE,
            "smallEyeDistance": aligned_face.SMALL_EYE_DISTANCE,
            "largestYaw": aligned_face.LARGEST_YAW,
            "largeYaw": aligned_face.LARGE_YAW,
            "largestResidual": aligned_face.LARGEST_RESIDUAL,
            "largeOutside": aligned_face.LARGE_OUTSIDE,
            "yawPerOffset": YAW_PER_OFFSET,
            "outerOverCentres": OUTER_OVER_CENTRES,
        },
        "graphs": {name: _graph(artifact, name) for name in GRAPHS},
    }


def _schema(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "fingerprint": schema.fingerprint,
        "controllers": [
            {"name": c.name, "group": c.group, "standard": c.default, "low": c.low, "high": c.high}
            for c in schema.controllers
        ],
        "discrete": [
            {"name": g.name, "options": list(g.options), "standard": g.default} for g in schema.discrete_groups
        ],
    }


def _search(artifact: Artifact, wanted: IterativeSettings, settings: BundleSettings, schema: Schema) -> dict[str, Any]:
    require_step(artifact, settings.iterative, wanted, schema)
    return {
        "learningRates": list(wanted.learning_rates()),
        "beta": wanted.beta,
        "discreteRate": wanted.discrete_rate,
        "momentum": wanted.momentum,
        "keepBest": wanted.keep_best,
    }


def _graph(artifact: Artifact, name: str) -> dict[str, Any]:
    """Return where a graph lies; in a package of several graphs it is the function of its name."""
    file = artifact.manifest.graphs[name].file
    shared = [other for other, entry in artifact.manifest.graphs.items() if entry.file == file]
    digest = hashlib.sha256()
    for path, record in sorted(artifact.manifest.files.items()):
        if path.startswith(f"{file}/"):
            digest.update(f"{path} {record.sha256}\n".encode())
    function = name if len(shared) > 1 else None
    return {"package": file.removesuffix(SUFFIX), "function": function, "digest": digest.hexdigest()}
