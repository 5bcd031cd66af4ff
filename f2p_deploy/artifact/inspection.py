"""What an artifact or an ONNX file is, as plain data: nothing is run, and no weights are loaded."""

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from f2p_deploy.artifact.artifact import Artifact, GraphEntry, extra_files, read_artifact
from f2p_deploy.artifact.onnx_file import load_failures
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import missing_modules, package_line
from f2p_deploy.system.names import require_utf8


def inspect_path(path: str | Path) -> dict[str, Any]:
    """Look into an artifact's folder or an ONNX file.

    Returns:
        What `inspect_artifact` or `inspect_onnx` gives; `kind` says which.

    Raises:
        InputError: neither; or the artifact is damaged.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"there is no artifact or file {path}")
    return inspect_artifact(read_artifact(path)) if path.is_dir() else inspect_onnx(path)


def inspect_artifact(artifact: Artifact) -> dict[str, Any]:
    """Return an artifact as plain data.

    Args:
        artifact: checked, as `read_artifact` gives it.

    Returns:
        `kind`, `artifact`, then the manifest's own keys, the schema cut to its name and counts, and each graph with
        `size` (bytes) and `contents` (see `inspect_onnx`; of its source where the file itself is not ONNX) added.
    """
    manifest = artifact.manifest
    content = manifest.to_dict()
    schema = content.pop("schema")
    discrete = schema.get("discrete", [])
    options = sum(len(group["options"]) for group in discrete)
    controllers = len(schema.get("controllers", []))
    content["graphs"] = {name: _graph(artifact, name, entry) for name, entry in manifest.graphs.items()}
    return {
        "kind": "artifact",
        "artifact": str(artifact.folder),
        **content,
        "scope": manifest.scope,
        "parity_sentence": manifest.parity_sentence(),
        "schema": {"name": schema.get("name"), "n": controllers + options, "n_c": controllers, "n_d": options},
        "size": sum(record.size for record in manifest.files.values()),
        "extra_files": list(extra_files(artifact)),
    }


def inspect_onnx(path: Path) -> dict[str, Any]:
    """Return an ONNX file as plain data.

    Returns:
        `kind`, `file`, `size`, `inputs`, `outputs` (name, dtype, shape), and, where the package `onnx` is installed,
        `opset`, `operators` (count by name), `weights` (tensors, values and bytes by dtype), `precision`,
        `external_files`; else these are None and `note` says why.

    Raises:
        InputError: not ONNX.
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
    """Ask ONNX Runtime, which is always here, for what it tells of a file."""
    import onnxruntime

    require_utf8(str(path), "ONNX Runtime")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except load_failures() as error:
        raise InputError(f"{path} is not ONNX, or cut short") from error

    def told(tensors: list[Any]) -> list[dict[str, Any]]:
        return [
            {"name": tensor.name, "dtype": tensor.type.removeprefix("tensor(").rstrip(")"), "shape": list(tensor.shape)}
            for tensor in tensors
        ]

    absent = dict.fromkeys(("opset", "operators", "weights", "precision", "external_files"))
    tensors = {"inputs": told(session.get_inputs()), "outputs": told(session.get_outputs())}
    return tensors | absent | {"note": _not_counted()}


def _graph(artifact: Artifact, name: str, entry: GraphEntry) -> dict[str, Any]:
    own = artifact.path(name)
    file = next((file for file in (entry.file, entry.source) if file.endswith(".onnx")), "")
    contents: dict[str, Any] = {"of": file, "note": ""}
    if entry.file.endswith(".mlpackage") and not missing_modules("coreml"):
        from f2p_deploy.artifact.coreml_file import contents_of

        contents |= {"of": entry.file, "opset": None, "external_files": [], **contents_of(own, name)}
    elif not file:
        contents["note"] = f"not counted: {Path(entry.file).suffix or entry.file} files do not tell"
    elif find_spec("onnx") is None:
        contents["note"] = _not_counted()
    else:
        found = _contents(artifact.folder / file)
        contents |= {key: found[key] for key in ("opset", "operators", "weights", "external_files")}
    return asdict(entry) | {"size": _size(own), "contents": contents}


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    try:
        return path.stat().st_size if path.is_file() else sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _not_counted() -> str:
    """Say why nothing is counted: the package that reads the files is missing."""
    return f"not counted: onnx is not installed here ({package_line('onnx')})"
