"""The contract of a web page (`model/contract.json`): the facts about an artifact that its browsers need."""

from collections.abc import Collection, Mapping
from typing import Any

from f2p_deploy.alignment import judgement
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.manifest import FileRecord, GraphEntry
from f2p_deploy.embed.contract import GRAPHS, SHORTCUT_GRAPHS, generation_facts
from f2p_deploy.embed.onnxruntime_web import ONNXRUNTIME_WEB
from f2p_deploy.system.errors import InputError

#: The contract's format version; equal to `FORMAT` of `web/src/networks/contract.ts`.
FORMAT = 1

SUFFIX = ".onnx"

#: The face finder's networks, relative to the contract.
FINDER = {"detector": "finder/detector.onnx", "reader": "finder/reader.onnx"}


def require_web(artifact: Artifact) -> None:
    """Check that an artifact can be embedded in a web page.

    Raises:
        InputError, FloorMissed: as `require_onnx` says.
    """
    require_onnx(artifact, "web", "a page")


def require_onnx(artifact: Artifact, command: str, maker: str, graphs: Collection[str] = GRAPHS) -> None:
    """Check that an artifact of ONNX graphs can be embedded.

    Args:
        artifact: the artifact.
        command: the word after `f2p-deploy embed`.
        maker: what makes the characters, in words.
        graphs: names of the graphs that are needed.

    Raises:
        InputError: the artifact does not hold ONNX graphs, lacks a graph, has an older format, was exported for
            batches, or its parity was not measured.
        FloorMissed: its parity failed.
    """
    manifest = artifact.manifest
    if any(not entry.file.endswith(SUFFIX) for entry in manifest.graphs.values()):
        raise InputError(
            f"embed {command} needs ONNX graphs, but {artifact.folder} is of the target {manifest.target!r}: "
            "run f2p-deploy export --target onnx to make them"
        )
    if any(spec.dtype != "float32" for entry in manifest.graphs.values() for spec in (*entry.inputs, *entry.outputs)):
        raise InputError(f"embed {command} needs graphs with float32 inputs and outputs; {artifact.folder} has others")
    lacking = [name for name in graphs if name not in manifest.graphs]
    if lacking:
        raise InputError(f"{artifact.folder} has no graph {lacking[0]!r}: export the bundle again")
    if "step" in graphs and "before" not in {spec.name for spec in manifest.graphs["step"].inputs}:
        raise InputError(f"{artifact.folder} has an older format: make it again with {manifest.command}")
    if manifest.batch != 1:
        raise InputError(
            f"{artifact.folder} was exported for batches of {manifest.batch}, but {maker} makes one character at a "
            "time: export it with --batch 1"
        )
    if manifest.parity_status == "unmeasured":
        raise InputError(f"the parity of {artifact.folder} was not measured: export the bundle again, which does that")
    manifest.require_parity()


def web_graphs(artifact: Artifact) -> dict[str, GraphEntry]:
    """Return an artifact's graphs that a page uses, by name."""
    graphs = artifact.manifest.graphs
    return {name: graphs[name] for name in (*GRAPHS, *SHORTCUT_GRAPHS) if name in graphs}


def weights_of(artifact: Artifact, graph: GraphEntry) -> list[str]:
    """Return the files beside a graph that hold its weights.

    ONNX stores their names in the graph as they are; the package `onnx` is not needed to find them.
    """
    content = (artifact.folder / graph.file).read_bytes()
    others = (name for name in artifact.manifest.files if not name.endswith(SUFFIX))
    return sorted(name for name in others if name.encode() in content)


#: MediaPipe's model, if there is one.
LANDMARKER = "finder/face_landmarker.task"


def web_contract(artifact: Artifact, files: Mapping[str, FileRecord]) -> dict[str, Any]:
    """Return the contract as plain data for JSON; `web/src/networks/contract.ts` documents every entry.

    Args:
        artifact: the artifact.
        files: every file that a page reads by its name, relative to the contract.

    Raises:
        InputError: the manifest's schema or settings are damaged, or a mode needs another gradient step.
    """
    facts = generation_facts(artifact)
    limits = facts["limits"] | {
        "frontalYaw": judgement.FRONTAL_YAW,
        "frontalPitch": judgement.FRONTAL_PITCH,
        "sharp": judgement.SHARP,
        "largeEyeDistance": judgement.LARGE_EYE_DISTANCE,
    }
    return facts | {
        "format": FORMAT,
        "limits": limits,
        "runtime": f"{ONNXRUNTIME_WEB.name} {ONNXRUNTIME_WEB.version}",
        "finder": FINDER,
        "landmarker": LANDMARKER if LANDMARKER in files else None,
        "unread": list(artifact.manifest.unread or ()),
        "graphs": {name: onnx_graph_facts(artifact, graph) for name, graph in web_graphs(artifact).items()},
        "files": {name: {"size": record.size, "sha256": record.sha256} for name, record in sorted(files.items())},
    }


def onnx_graph_facts(artifact: Artifact, graph: GraphEntry) -> dict[str, Any]:
    """Return a graph's file, the files of its weights, and its tensors, as plain data for clients."""
    return {
        "file": graph.file,
        "weights": weights_of(artifact, graph),
        "inputs": [{"name": spec.name, "shape": list(spec.shape)} for spec in graph.inputs],
        "outputs": [{"name": spec.name, "shape": list(spec.shape)} for spec in graph.outputs],
    }
