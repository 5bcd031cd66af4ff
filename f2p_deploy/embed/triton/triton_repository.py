"""Write an artifact as a model repository for NVIDIA Triton Inference Server."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from f2p_deploy import __version__
from f2p_deploy.artifact.artifact import MANIFEST_FILE, Artifact
from f2p_deploy.character.schema import Schema
from f2p_deploy.embed.contract import schema_facts
from f2p_deploy.embed.triton.model_config import EnsembleStep, ModelConfig, ServedTensor, require_resolved
from f2p_deploy.embed.triton.served_graphs import FILES, ServedGraph, require_servable, served_graphs
from f2p_deploy.embed.triton.served_models import BATCHED
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import require_place, write_folder
from f2p_deploy.system.progress import Progress, silent

#: The file that identifies a repository written here; Triton reads folders only.
MARKER = "f2p-repository.json"

KIND = "Triton model repository"

#: The class of `f2p_deploy.embed.triton.served_models` behind each model that is written in Python.
PYTHON_MODELS = {"align": "AlignModel", "finish": "FinishModel", "character_hybrid": "HybridModel"}

#: Instances of each Python model: separate processes, each with an own interpreter.
PYTHON_INSTANCES = 2

#: The inputs or outputs of a model.
Tensors = tuple[ServedTensor, ...]

#: The folder of a model's only version.
VERSION = "1"

#: The content of an ensemble's version folder, which Triton requires and cloud storage does not keep empty.
_WHY_A_FOLDER = "An ensemble has no model file, but Triton needs this folder.\n"


@dataclass(frozen=True)
class TritonRepository:
    """A model repository that has been written.

    Args:
        folder: the repository, the argument of `tritonserver --model-repository`.
        models: the configurations by model.
        fixed: why Triton cannot fill the batches of a model, for those models.
        files: size in bytes of each file by its path inside the folder, with `/`, in sorted order.
    """

    folder: Path
    models: dict[str, ModelConfig]
    fixed: dict[str, str]
    files: dict[str, int]

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return a row per model: its name, what runs it, the largest batch, and its size."""
        rows = []
        for name, config in self.models.items():
            size = sum(size for path, size in self.files.items() if path.startswith(f"{name}/"))
            batch = str(config.max_batch_size) if config.max_batch_size else "fixed"
            rows.append((name, " ".join(config.engine.values()), batch, f"{size / 1e6:.2f} MB"))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        models = {
            name: {**config.engine, "max_batch_size": config.max_batch_size, "fixed": self.fixed.get(name)}
            for name, config in self.models.items()
        }
        size = sum(self.files.values())
        return {"repository": str(self.folder), "models": models, "bytes": size, "files": self.files}


def embed_triton(artifact: Artifact, out: Path, progress: Progress = silent) -> TritonRepository:
    """Write the repository, atomically and reproducibly.

    It holds every graph of the artifact, the models `align` and `finish` in Python, and from photo to parameters the
    ensemble `character` (one-shot) and `character_hybrid` (with a search).

    Args:
        artifact: an artifact of ONNX graphs or of TensorRT engines.
        out: the folder; a repository that was written there before is replaced.
        progress: called with what is being done.

    Raises:
        InputError: an artifact that Triton cannot load, see `require_servable`; a damaged one; or a folder that cannot
            be written to, or holds something else, such as a model that was added to the repository.
        FloorMissed: the artifact's parity failed.
        MissingDependency: the package onnx is not installed.
    """
    require_servable(artifact)
    require_place(Path(out), MARKER, KIND)
    _require_own_models(Path(out))
    manifest = artifact.manifest
    schema = Schema.from_dict(manifest.schema, f"{artifact.folder}: schema")
    graphs = served_graphs(artifact, schema, progress)
    photo_models = _photo_models(schema, manifest.image_size, graphs)
    configs = {config.name: config for config in (*(graph.config for graph in graphs.values()), *photo_models)}
    require_resolved(tuple(configs.values()))
    fixed = {name: graph.fixed for name, graph in graphs.items() if graph.fixed}
    with write_folder(Path(out), MARKER, KIND) as folder:
        for name, config in configs.items():
            (folder / name / VERSION).mkdir(parents=True)
            _write(folder / name / "config.pbtxt", config.text())
        for name, graph in graphs.items():
            suffix = Path(manifest.graphs[name].file).suffix
            (folder / name / VERSION / FILES[suffix]).write_bytes(graph.content)
        _write(folder / "character" / VERSION / "README", _WHY_A_FOLDER)
        for name, kind in PYTHON_MODELS.items():
            _write(folder / name / VERSION / "model.py", _template("MODEL.py.in", kind=kind))
            shutil.copyfile(artifact.folder / MANIFEST_FILE, folder / name / VERSION / MANIFEST_FILE)
        _write(folder / "schema.json", _json(schema_facts(schema)))
        _write(folder / "README.md", _readme(artifact, configs, fixed))
        marker = {"f2p_deploy": __version__, "bundle": manifest.bundle, "fingerprint": manifest.bundle_fingerprint}
        _write(folder / MARKER, _json(marker | {"target": manifest.target, "models": list(configs), "fixed": fixed}))
    paths = sorted(path for path in Path(out).rglob("*") if path.is_file())
    sizes = {path.relative_to(out).as_posix(): path.stat().st_size for path in paths}
    return TritonRepository(Path(out), configs, fixed, sizes)


def _require_own_models(folder: Path) -> None:
    """Raise `InputError` if a repository holds models that were not written here: they would be removed."""
    try:
        own = json.loads((folder / MARKER).read_bytes())["models"]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / MARKER} is damaged, so {folder} is not replaced: remove it first") from error
    added = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in own)
    if added:
        raise InputError(
            f"{folder} also holds the model {added[0]}, which was not written by f2p-deploy and would be removed: "
            "choose another place with -o; tritonserver takes several --model-repository"
        )


def _photo_models(schema: Schema, size: int, graphs: Mapping[str, ServedGraph]) -> tuple[ModelConfig, ...]:
    """Return the configurations of the models from photo to parameters; their batches are those of `one_shot`."""
    most = graphs["one_shot"].config.max_batch_size

    def tensor(name: str, dtype: str, *shape: int) -> ServedTensor:
        return ServedTensor(name, dtype, shape if most else (1, *shape))

    photo, face = tensor("photo", "bytes", 1), tensor("face", "float32", 3, size, size)
    probabilities = tensor("probabilities", "float32", schema.n)
    made = (tensor("parameters", "float32", schema.n), tensor("parameters_json", "bytes", 1))
    batched = ",".join(name for name, graph in graphs.items() if not graph.fixed)

    def python(name: str, inputs: Tensors, outputs: Tensors, **more: str) -> ModelConfig:
        engine = {"backend": "python"}
        return ModelConfig(name, engine, inputs, outputs, most, False, "KIND_CPU", PYTHON_INSTANCES, more)

    steps = (
        EnsembleStep("align", {"photo": "photo"}, {"face": "face"}),
        EnsembleStep("one_shot", {"face": "face"}, {"parameters": "probabilities"}),
        EnsembleStep("finish", {"probabilities": "probabilities"}, {tensor.name: tensor.name for tensor in made}),
    )
    losses = tensor("losses", "float32", 2)
    return (
        python("align", (photo,), (face,)),
        python("finish", (probabilities,), made),
        ModelConfig("character", {"platform": "ensemble"}, (photo,), (face, *made), most, steps=steps),
        python("character_hybrid", (photo,), (*made, losses), **{BATCHED: batched}),
    )


def _readme(artifact: Artifact, configs: Mapping[str, ModelConfig], fixed: Mapping[str, str]) -> str:
    manifest = artifact.manifest
    rows = [
        f"| `{name}` | {' '.join(config.engine.values())} | {config.max_batch_size or 'fixed'} | "
        f"{_shapes(config.inputs)} | {_shapes(config.outputs)} |"
        for name, config in configs.items()
    ]
    reasons = "".join(f"- `{name}` has a fixed batch: {reason}.\n" for name, reason in fixed.items())
    return _template(
        "REPOSITORY.md.in",
        version=__version__,
        bundle=manifest.bundle,
        target=manifest.target,
        models="\n".join(rows),
        fixed=f"\n{reasons}" if reasons else "",
        tools=", ".join(f"{name} {version}" for name, version in manifest.tools.items() if "tensorrt" in name),
    )


def _shapes(tensors: Sequence[ServedTensor]) -> str:
    return ", ".join(f"`{tensor.name}` {'x'.join(map(str, tensor.shape or (1,)))}" for tensor in tensors)


def _template(name: str, **words: str) -> str:
    return Template((files("f2p_deploy.embed.triton") / name).read_text(encoding="utf-8")).substitute(words)


def _json(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
