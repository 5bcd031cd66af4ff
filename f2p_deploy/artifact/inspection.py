"""Descriptions of artifacts and ONNX files as plain data, without running a graph or loading weights."""

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from f2p_deploy.artifact.artifact import MANIFEST_FILE, Artifact, GraphEntry, extra_files, read_artifact
from f2p_deploy.artifact.ncnn_file import PARAM, ncnn_contents, ncnn_weights
from f2p_deploy.artifact.onnx_file import load_failures
from f2p_deploy.character.schema import Schema
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import missing_modules, package_line
from f2p_deploy.system.names import require_utf8


def inspect_path(path: str | Path) -> dict[str, Any]:
    """Describe an artifact's folder or an ONNX file.

    Returns:
        The result of `inspect_artifact` or of `inspect_onnx`; `kind` is `artifact` or `onnx`.

    Raises:
        InputError: the path is neither, or the artifact is damaged.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"there is no artifact or file {path}")
    return inspect_artifact(read_artifact(path)) if path.is_dir() else inspect_onnx(path)


def inspect_artifact(artifact: Artifact) -> dict[str, Any]:
    """Return an artifact as plain data.

    Args:
        artifact: an artifact that `read_artifact` has checked.

    Returns:
        `kind`, `artifact` and the manifest's keys. The schema is reduced to its name and counts. Each graph gains
        `size` (bytes) and `contents` (see `inspect_onnx`; they describe the source if the file itself is not ONNX).
    """
    manifest = artifact.manifest
    content = manifest.to_dict()
    schema = Schema.from_dict(content.pop("schema"), f"{artifact.folder / MANIFEST_FILE}: schema")
    content["graphs"] = {name: _graph(artifact, name, entry) for name, entry in manifest.graphs.items()}
    return {
        "kind": "artifact",
        "artifact": str(artifact.folder),
        **content,
        "scope": manifest.scope,
        "parity_sentence": manifest.parity_sentence(),
        "schema": {"name": schema.name, "n": schema.n, "n_c": schema.n_c, "n_d": schema.n_d},
        "size": sum(record.size for record in manifest.files.values()),
        "extra_files": list(extra_files(artifact)),
    }


def inspect_onnx(path: Path) -> dict[str, Any]:
    """Return an ONNX file as plain data.

    Returns:
        `kind`, `file`, `size` (bytes), `inputs` and `outputs` (name, dtype, shape). If the package `onnx` is
        installed, also `opset`, `operators` (count by name), `weights` (tensors, values and bytes by dtype),
        `precision` and `external_files`; else these are None and `note` gives the reason.

    Raises:
        InputError: the file is not ONNX.
    """
    about = {"kind": "onnx", "file": str(path), "size": _size(path)}
    if find_spec("onnx") is None:
        return about | _without_onnx(path)
    return about | _contents(path)


def _contents(path: Path) -> dict[str, Any]:
    from f2p_deploy.artifact import onnx_file

    model = onnx_file.read_structure(path)
    opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    return {
        **onnx_file.tensors(model),
        "opset": opsets,
        "operators": onnx_file.operators(model),
        "weights": onnx_file.weights(model),
        "precision": onnx_file.precision_of(model),
        "external_files": list(onnx_file.external_files(model)),
        "note": "",
    }


def _without_onnx(path: Path) -> dict[str, Any]:
    """Return the inputs and outputs that ONNX Runtime reports; it is always installed, unlike the package `onnx`."""
    import onnxruntime

    require_utf8(str(path), "ONNX Runtime")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except load_failures() as error:
        raise InputError(f"{path} is not ONNX, or cut short") from error

    def entries(tensors: list[Any]) -> list[dict[str, Any]]:
        return [
            {"name": tensor.name, "dtype": tensor.type.removeprefix("tensor(").rstrip(")"), "shape": list(tensor.shape)}
            for tensor in tensors
        ]

    absent = dict.fromkeys(("opset", "operators", "weights", "precision", "external_files"))
    tensors = {"inputs": entries(session.get_inputs()), "outputs": entries(session.get_outputs())}
    return tensors | absent | {"note": _not_counted()}


def _graph(artifact: Artifact, name: str, entry: GraphEntry) -> dict[str, Any]:
    path = artifact.path(name)
    file = next((file for file in (entry.file, entry.source) if file.endswith(".onnx")), "")
    contents: dict[str, Any] = {"of": file, "note": ""}
    if entry.file.endswith(".mlpackage") and not missing_modules("coreml"):
        from f2p_deploy.artifact.coreml_file import contents_of

        contents |= {"of": entry.file, "opset": None, "external_files": [], **contents_of(path, name)}
    elif entry.file.endswith(PARAM):
        contents |= {"of": entry.file, "opset": None, "external_files": [], **ncnn_contents(path)}
    elif not file:
        contents["note"] = f"not counted: {Path(entry.file).suffix or entry.file} files cannot be inspected"
    elif find_spec("onnx") is None:
        contents["note"] = _not_counted()
    else:
        counts = _contents(artifact.folder / file)
        contents |= {key: counts[key] for key in ("opset", "operators", "weights", "external_files")}
    size = _size(path) + (_size(ncnn_weights(path)) if entry.file.endswith(PARAM) else 0)
    return asdict(entry) | {"size": size, "contents": contents}


def _size(path: Path) -> int:
    """Return the size of a file, or of all files of a folder, in bytes."""
    try:
        return path.stat().st_size if path.is_file() else sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _not_counted() -> str:
    """Return the note for a machine without the package that reads ONNX files."""
    return f"not counted: onnx is not installed here ({package_line('onnx')})"
