"""The artifact: the folder that an export writes. It is written atomically and checked before anything is loaded."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from f2p_deploy.artifact.manifest import (
    FORMAT_VERSION,
    READABLE_VERSIONS,
    FileRecord,
    GraphEntry,
    Manifest,
    Parity,
    TensorSpec,
    Verified,
    require_seal,
    sealed,
)
from f2p_deploy.system import files
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of

__all__ = [
    "FORMAT_VERSION",
    "GOLDEN_FILE",
    "MANIFEST_FILE",
    "Arrays",
    "Artifact",
    "Draft",
    "FileRecord",
    "GraphEntry",
    "Manifest",
    "Parity",
    "TensorSpec",
    "Verified",
    "extra_files",
    "read_artifact",
    "require_artifact_place",
    "write_artifact",
]

MANIFEST_FILE = "manifest.json"
GOLDEN_FILE = "golden.npz"

#: The word for the folder in error messages.
KIND = "artifact"

#: Tensors by name.
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Artifact:
    """An artifact on disk whose files match its manifest."""

    folder: Path
    manifest: Manifest

    def path(self, graph: str) -> Path:
        """Return the path of a graph's file.

        Raises:
            InputError: the artifact has no such graph.
        """
        if graph not in self.manifest.graphs:
            raise InputError(
                f"the artifact {self.folder} has no graph {graph!r}. Available: {', '.join(self.manifest.graphs)}"
            )
        return self.folder / self.manifest.graphs[graph].file

    def sources(self) -> "Artifact":
        """Return a copy that points at the ONNX sources instead of the compiled files, so it runs on any machine.

        Raises:
            InputError: a graph has no source.
        """
        entries = self.manifest.graphs
        without = [name for name, entry in entries.items() if not entry.source]
        if without:
            raise InputError(f"the artifact {self.folder} keeps no source of the graph {without[0]!r}")
        graphs = {name: replace(entry, file=entry.source, source="", many="") for name, entry in entries.items()}
        return Artifact(self.folder, replace(self.manifest, graphs=graphs, hardware={"built_for": "any"}))

    def golden(self) -> dict[str, np.ndarray]:
        """Load the golden vectors.

        Returns:
            `<graph>.<tensor>` for each tensor of each graph, with the samples along the first axis: real inputs, and
            the outputs of PyTorch in float32. `<graph>.samples`: the names of the samples. `trajectory.*`: see
            `f2p_deploy.artifact.golden`.
        """
        with np.load(self.folder / GOLDEN_FILE, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}


@dataclass
class Draft:
    """An artifact being written.

    Args:
        folder: the temporary folder that the files are written to.
        manifest: must be set before the block ends; without it the artifact is discarded.
    """

    folder: Path
    manifest: Manifest | None = None

    def write_golden(self, arrays: Arrays) -> None:
        """Write the golden vectors under the names that `Artifact.golden` returns."""
        np.savez_compressed(self.folder / GOLDEN_FILE, allow_pickle=False, **arrays)


def require_artifact_place(folder: Path) -> None:
    """Check that an artifact may be written to a folder, without changing anything.

    Raises:
        InputError: the folder cannot be written to, or holds something that is not an artifact.
    """
    files.require_place(folder, MANIFEST_FILE, KIND)


@contextmanager
def write_artifact(folder: Path) -> Iterator[Draft]:
    """Write an artifact into a temporary folder, and rename that folder at the end of the block.

    After an error, or without a manifest, the temporary folder is deleted and an artifact that was there stays.

    Args:
        folder: the artifact's folder; an artifact that is already there is replaced.

    Raises:
        InputError: the folder cannot be written to, or holds something that is not an artifact.
    """
    folder = Path(folder)
    with files.write_folder(folder, MANIFEST_FILE, KIND) as temporary:
        draft = Draft(temporary)
        yield draft
        if draft.manifest is not None:
            try:
                _finish(draft.folder, draft.manifest)
            except OSError as error:
                raise InputError(f"cannot write the {KIND} {folder}: {error.strerror or error}") from error


def read_artifact(folder: str | Path) -> Artifact:
    """Return the artifact in a folder after checking every file's size and SHA-256; no graph is loaded.

    Raises:
        InputError: the folder is not an artifact, has another format version, or a file is missing, truncated or
            changed; the message names the file and the command line that makes the artifact again.

    Example:
        >>> from f2p_deploy.model.bundle import demo_bundle_path
        >>> artifact = read_artifact(demo_bundle_path())
        >>> artifact.manifest.target, artifact.manifest.batch
        ('onnx', 1)
        >>> artifact.path("render").name
        'render.onnx'
    """
    folder = Path(folder)
    path = folder / MANIFEST_FILE
    manifest = _read_manifest(path)
    again = f"Make it again: {manifest.command}"
    for graph, entry in manifest.graphs.items():
        for file in filter(None, (entry.file, entry.source, entry.many)):
            if not any(name == file or name.startswith(f"{file}/") for name in manifest.files):
                raise InputError(f"{path} lists no file {file} for the graph {graph!r}. {again}")
    for name, record in manifest.files.items():
        problem = _difference(folder / name, record)
        if problem:
            raise InputError(f"the artifact {folder} is damaged: {name} {problem}. {again}")
    return Artifact(folder, manifest)


def extra_files(artifact: Artifact) -> tuple[str, ...]:
    """Return the paths of files in an artifact's folder that its manifest does not list.

    They are no reason to refuse the artifact: nothing opens them, and a file browser or a driver's cache may have
    left them there.
    """
    folder = artifact.folder
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return tuple(name for name in paths if name != MANIFEST_FILE and name not in artifact.manifest.files)


def _read_manifest(path: Path) -> Manifest:
    """Read a manifest and check its digest."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(_not_an_artifact(path, error)) from error
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON{place_of(error)}, so it is damaged. Export the bundle again") from error
    if isinstance(content, Mapping) and content.get("format") in READABLE_VERSIONS:
        require_seal(text, content, str(path))
    return Manifest.from_dict(content, str(path))


def _not_an_artifact(path: Path, error: OSError) -> str:
    """Return the error message for a folder without a readable manifest: what it is instead, and what to do."""
    folder = path.parent
    if not folder.exists():
        return f"{folder} is not an artifact: there is no such folder"
    if not folder.is_dir():
        return f"{folder} is not an artifact but a file: name the folder that f2p-deploy export wrote"
    if (folder / "bundle.json").is_file():
        return f"{folder} is not an artifact but a bundle: run f2p-deploy export --bundle {folder} to make one"
    if not any(folder.iterdir()):
        return f"{folder} is not an artifact: the folder is empty"
    return f"{folder} is not an artifact: cannot read {path}: {error.strerror or error}"


def _difference(path: Path, record: FileRecord) -> str:
    """Return how a file differs from its record, or an empty string if it does not."""
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != record.size:
        return f"has {size} bytes instead of {record.size}"
    return "" if sha256_of(path) == record.sha256 else "has another content (SHA-256 differs)"


def _finish(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with a record of every file in the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {p.relative_to(folder).as_posix(): FileRecord(p.stat().st_size, sha256_of(p)) for p in paths}
    (folder / MANIFEST_FILE).write_bytes(sealed(replace(manifest, files=files).to_dict()).encode())
