"""The contract (`contract.json`): the facts about an artifact that F2PKit needs, beside the models in its package."""

import hashlib
from collections.abc import Collection
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

#: The contract's format version; equal to `Contract.format` of F2PKit.
FORMAT = 3

#: The graphs that F2PKit needs for all modes, those that it uses if there is a shortcut, and the suffix of their files.
GRAPHS = ("one_shot", "describe", "render", "step")
SHORTCUT_GRAPHS = ("step_fast", "compare_fast")
SUFFIX = ".mlpackage"


def require_embeddable(artifact: Artifact, graphs: Collection[str] = GRAPHS) -> None:
    """Check that an artifact can be embedded in an iOS build.

    Args:
        artifact: the artifact.
        graphs: names of the graphs that are needed.

    Raises:
        InputError: the artifact holds no Core ML packages, lacks a graph, has an older format, or was exported for
            batches.
        FloorMissed: its parity failed.
    """
    manifest = artifact.manifest
    if any(not entry.file.endswith(SUFFIX) for entry in manifest.graphs.values()):
        raise InputError(
            f"embed ios needs Core ML packages, but {artifact.folder} is of the target {manifest.target!r}: "
            "run f2p-deploy export --target coreml to make them"
        )
    lacking = [name for name in graphs if name not in manifest.graphs]
    if lacking:
        raise InputError(f"{artifact.folder} has no graph {lacking[0]!r}: export the bundle again")
    if "step" in graphs and "before" not in {spec.name for spec in manifest.graphs["step"].inputs}:
        raise InputError(
            f"{artifact.folder} has an older format, in which momentum and locks are not part of the graph step, and "
            f"F2PKit needs them there. Make it again: {manifest.command}"
        )
    if manifest.batch != 1:
        raise InputError(
            f"{artifact.folder} was exported for batches of {manifest.batch}, but a game makes one character at a "
            "time: export it with --batch 1"
        )
    manifest.require_parity()


def embedded_graphs(artifact: Artifact) -> tuple[str, ...]:
    """Return the names of an artifact's graphs that F2PKit uses."""
    return tuple(name for name in (*GRAPHS, *SHORTCUT_GRAPHS) if name in artifact.manifest.graphs)


def packages_of(artifact: Artifact) -> tuple[str, ...]:
    """Return the names of an artifact's packages; one package may hold several graphs as functions."""
    return tuple(dict.fromkeys(artifact.manifest.graphs[name].file for name in embedded_graphs(artifact)))


def contract_of(artifact: Artifact) -> dict[str, Any]:
    """Return the contract as plain data for JSON; F2PKit's `Contract` documents every entry.

    Raises:
        InputError: the manifest's schema or settings are damaged, or a mode needs another gradient step.
    """
    return generation_facts(artifact) | {
        "format": FORMAT,
        "graphs": {name: _graph(artifact, name) for name in embedded_graphs(artifact)},
    }


def generation_facts(artifact: Artifact) -> dict[str, Any]:
    """Return the part of a contract that every client needs: schema, searches, losses, template and limits.

    Raises:
        InputError: as `contract_of` says.
    """
    manifest = artifact.manifest
    settings: BundleSettings = from_data(BundleSettings, manifest.settings, f"{artifact.folder}: settings")
    schema = Schema.from_dict(manifest.schema, f"{artifact.folder}: schema")
    return {
        "bundle": manifest.bundle,
        "bundleFingerprint": manifest.bundle_fingerprint,
        "target": manifest.target,
        "schema": schema_facts(schema),
        "imageSize": manifest.image_size,
        "firstState": list(manifest.first_state),
        "iterative": _search(artifact, settings.iterative, settings, schema),
        "hybrid": _search(artifact, settings.hybrid, settings, schema),
        "chooseOptions": settings.choose_options,
        "standardMargin": DEFAULT_MARGIN,
        "standardLead": settings.default_lead,
        "contentReduction": settings.similarity.reduction,
        "lossWeights": {
            "identity": settings.similarity.identity_weight * settings.similarity.search_identity,
            "content": settings.similarity.content_weight,
        },
        "fast": settings.fast and "step_fast" in manifest.graphs,
        "comparedAtOnce": manifest.graphs["compare_fast"].batch if "compare_fast" in manifest.graphs else None,
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
    }


def schema_facts(schema: Schema) -> dict[str, Any]:
    """Return a schema as plain data for clients, with its fingerprint."""
    return {
        "name": schema.name,
        "fingerprint": schema.fingerprint,
        "controllers": [
            {"name": c.name, "group": c.group, "standard": c.default, "low": c.low, "high": c.high}
            | ({"mirror": c.mirror} if c.mirror else {})
            | ({"asymmetric": True} if c.asymmetric else {})
            for c in schema.controllers
        ],
        "discrete": [
            {"name": g.name, "options": list(g.options), "standard": g.default} for g in schema.discrete_groups
        ],
    }


def _search(artifact: Artifact, search: IterativeSettings, settings: BundleSettings, schema: Schema) -> dict[str, Any]:
    require_step(artifact, settings.iterative, search, schema)
    return {
        "learningRates": list(search.learning_rates()),
        "beta": search.beta,
        "discreteRate": search.discrete_rate,
        "momentum": search.momentum,
        "keepBest": search.keep_best,
    }


def _graph(artifact: Artifact, name: str) -> dict[str, Any]:
    """Return a graph's package, its function (the graph's name, or None if the package has one graph), and a digest."""
    file = artifact.manifest.graphs[name].file
    shared = [other for other, entry in artifact.manifest.graphs.items() if entry.file == file]
    digest = hashlib.sha256()
    for path, record in sorted(artifact.manifest.files.items()):
        if path.startswith(f"{file}/"):
            digest.update(f"{path} {record.sha256}\n".encode())
    function = name if len(shared) > 1 else None
    return {"package": file.removesuffix(SUFFIX), "function": function, "digest": digest.hexdigest()}
