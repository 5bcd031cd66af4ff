"""The graphs of an artifact as Triton serves them: which artifacts it can load, the files, and their configurations."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.artifact.artifact import Artifact, GraphEntry
from f2p_deploy.artifact.golden import samples_of
from f2p_deploy.artifact.onnx_file import tensors
from f2p_deploy.artifact.parity import FLOORS, Precision
from f2p_deploy.character.schema import Schema
from f2p_deploy.embed.contract import GRAPHS
from f2p_deploy.embed.triton.model_config import Kind, ModelConfig, ServedTensor
from f2p_deploy.runtimes.onnxruntime.batch_axis import why_not_batched, with_batch_axis
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.progress import Progress, silent

#: Largest batch of a model whose batches Triton fills.
MAX_BATCH = 8

#: The suffix of each format that Triton loads, with the name of its file and what runs it.
ONNX, ENGINE = ".onnx", ".engine"
FILES = {ONNX: "model.onnx", ENGINE: "model.plan"}


@dataclass(frozen=True)
class ServedGraph:
    """A graph as Triton serves it.

    Args:
        config: its configuration.
        content: the model's file.
        fixed: why Triton cannot fill its batches; empty if it can.
    """

    config: ModelConfig
    content: bytes
    fixed: str


def require_servable(artifact: Artifact) -> None:
    """Check that Triton can load an artifact's graphs.

    Raises:
        InputError: another format, engines of TensorRT for RTX, a graph that is missing, an older format, or graphs of
            another batch size than 1.
        FloorMissed: its parity failed.
    """
    manifest, folder = artifact.manifest, artifact.folder
    suffixes = {Path(entry.file).suffix for entry in manifest.graphs.values()}
    if not suffixes <= set(FILES):
        raise InputError(
            f"Triton loads ONNX graphs and TensorRT engines, but {folder} is of the target {manifest.target!r}: "
            "name an artifact of f2p-deploy export --target onnx"
        )
    if ENGINE in suffixes and manifest.hardware.get("flavor") != "tensorrt":
        raise InputError(
            f"the engines of {folder} are for TensorRT for RTX, which Triton cannot load: export them with "
            "--flavor tensorrt, or name an artifact of the target onnx"
        )
    for name in GRAPHS:
        if name not in manifest.graphs:
            raise InputError(f"{folder} has no graph {name!r}, which photos need: export the bundle again")
    if all(spec.name != "before" for spec in manifest.graphs["step"].inputs):
        raise InputError(f"the graph step of {folder} has an older format: make it again with {manifest.command}")
    if manifest.batch != 1:
        raise InputError(
            f"{folder} was exported for batches of {manifest.batch}, but Triton fills batches itself: export it "
            "with --batch 1"
        )
    manifest.require_parity()


def served_graphs(artifact: Artifact, schema: Schema, progress: Progress = silent) -> dict[str, ServedGraph]:
    """Return an artifact's graphs by name, with a batch axis where that computes the same.

    Args:
        artifact: as `require_servable` accepts it.
        schema: of the parameters.
        progress: called with what is being done.

    Raises:
        InputError: a graph's file has other tensors than the manifest says, or its golden vectors are missing.
        MissingDependency: the package onnx is not installed.
    """
    served = {}
    golden = None
    for name, entry in artifact.manifest.graphs.items():
        if Path(entry.file).suffix == ENGINE:
            content = artifact.path(name).read_bytes()
            config = _config(name, entry, {"platform": "tensorrt_plan"}, 0)
            served[name] = ServedGraph(config, content, "TensorRT engines have a fixed batch size")
            continue
        require("export", "the target triton")
        progress(f"comparing batches of {name} with single samples")
        golden = artifact.golden() if golden is None else golden
        served[name] = _onnx_graph(artifact, name, entry, golden, schema)
    return served


def _onnx_graph(
    artifact: Artifact, name: str, entry: GraphEntry, golden: Mapping, schema: Schema
) -> ServedGraph:
    import onnx

    single = onnx.load(artifact.path(name))
    declared = {"inputs": entry.inputs, "outputs": entry.outputs}
    for kind, found in tensors(single).items():
        expected = [{"name": spec.name, "dtype": spec.dtype, "shape": list(spec.shape)} for spec in declared[kind]]
        if found != expected:
            raise InputError(f"{artifact.path(name)} has the {kind} {found}, its manifest says {expected}")
    model, reason = single, f"it takes {entry.batch} samples at once"
    if entry.batch == 1:
        batched = with_batch_axis(single, entry)
        if entry.precision_asked not in FLOORS:
            raise InputError(f"no thresholds for the precision {entry.precision_asked!r} of {artifact.path(name)}")
        precision: Precision = entry.precision_asked
        reason = why_not_batched(name, single, batched, entry, samples_of(artifact, golden, name), precision, schema)
        model = single if reason else batched
    config = _config(name, entry, {"backend": "onnxruntime"}, 0 if reason else MAX_BATCH)
    return ServedGraph(config, model.SerializeToString(deterministic=True), reason)


def _config(name: str, entry: GraphEntry, engine: Mapping[str, str], max_batch: int) -> ModelConfig:
    """Return the configuration of a graph; a sample of a graph with a batch axis has no axis of its own."""

    def tensor(name: str, dtype: str, shape: tuple[int, ...]) -> ServedTensor:
        return ServedTensor(name, dtype, shape if not max_batch or name in entry.shared else shape[1:])

    inputs, outputs = (
        tuple(tensor(spec.name, spec.dtype, spec.shape) for spec in specs) for specs in (entry.inputs, entry.outputs)
    )
    kind: Kind = "KIND_GPU" if "platform" in engine else "KIND_AUTO"
    return ModelConfig(name, engine, inputs, outputs, max_batch, gathers=bool(max_batch), kind=kind)
