"""The artifact folder that an export leaves: written whole or not at all, checked before anything of it is loaded."""

import hashlib
import json
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

import numpy as np

from f2p_deploy.errors import FloorMissed, InputError

#: Raised by one whenever an older program could misread a newer manifest.
FORMAT_VERSION = 2

MANIFEST_FILE = "manifest.json"
GOLDEN_FILE = "golden.npz"

#: Tensors by name.
Arrays = Mapping[str, np.ndarray]

ParityStatus = Literal["passed", "failed", "unmeasured"]
Verified = Literal["runtime", "graph", "reference", "no"]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a graph.

    Args:
        name: as in the graph's file.
        dtype: NumPy's name, `float32`.
        shape: static; the batch comes first.
        meaning: what it is and in which units, for whoever has only the manifest.
        low, high: the range of its values where there is one.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    meaning: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class GraphEntry:
    """One exported function.

    Args:
        file: path inside the artifact, with `/`; a folder for formats that are folders.
        inputs, outputs: in the graph's order.
        precision_asked: what the target stands for (`fp32`).
        precision_found: what the finished file holds, read back from it.
        shared: names of inputs that belong to the whole batch, without an axis for it.
        source: the ONNX of the same precision that `file` was compiled from, where that is another file: it runs
            anywhere, so it is what can be checked where `file` cannot.
        loss_scale: what the gradient inside `step` was multiplied by on its way back (and divided by again).
        kept_float32: nodes of the ONNX that stayed float32 in a lower precision.
    """

    file: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    precision_asked: str
    precision_found: str
    shared: tuple[str, ...] = ()
    source: str = ""
    loss_scale: float = 1.0
    kept_float32: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 of one file of the artifact."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Parity:
    """One number that says how near an artifact's output is to PyTorch in float32.

    Args:
        graph, output: what was compared.
        metric: `controllers max abs difference`, `PSNR dB`, ...
        value: the worst over all samples.
        floor: what `value` must not pass.
        better: whether `lower` or `higher` values are better.
        worst: name of the sample that gave `value`.
        samples: how many samples were compared.
    """

    graph: str
    output: str
    metric: str
    value: float
    floor: float
    better: Literal["lower", "higher"]
    worst: str
    samples: int

    @property
    def passed(self) -> bool:
        """Whether the floor is kept; NaN never keeps one."""
        return self.value <= self.floor if self.better == "lower" else self.value >= self.floor

    def sentence(self) -> str:
        """Return the record as a person would read it."""
        relation = "at most" if self.better == "lower" else "at least"
        return (
            f"{self.graph}: {self.metric} of {self.output} is {self.value:.6g}, must be {relation} {self.floor:g} "
            f"(worst of {self.samples}: {self.worst})"
        )


@dataclass(frozen=True)
class Manifest:
    """Everything that is known about an artifact; `manifest.json`.

    Args:
        target: the target's name.
        bundle: name of the bundle it was made from.
        bundle_fingerprint: SHA-256 of that bundle.
        schema: the schema as plain data, so that the artifact alone can name its parameters.
        settings: the bundle's settings as plain data, see `f2p_deploy.settings.BundleSettings`: how faces are aligned
            and how iterative generation goes, so that the artifact alone can do both.
        first_state: (n,) the state that iterative generation begins at, see `f2p_deploy.generation.first_state`.
        image_size: edge S of faces and renders in pixels.
        batch: batch size of every graph.
        graphs: by name (`one_shot`, `describe`, `render`, `step`).
        tools: versions of the packages that made it.
        hardware: what it was built for and on.
        command: the command line that makes it again.
        files: every file but the manifest, by path inside the artifact; filled in when the artifact is written.
        calibration: count, hash and method, for targets that calibrate.
        parity: measured differences from PyTorch float32.
        verified: how they were measured: `runtime` ran the files themselves, `graph` the ONNX graph of the same
            precision, `reference` an interpreter of the format.
        verified_with: name and version of what ran it, and where.
    """

    target: str
    bundle: str
    bundle_fingerprint: str
    schema: dict[str, Any]
    settings: dict[str, Any]
    first_state: tuple[float, ...]
    image_size: int
    batch: int
    graphs: dict[str, GraphEntry]
    tools: dict[str, str]
    hardware: dict[str, str]
    command: str
    files: dict[str, FileRecord] = field(default_factory=dict)
    calibration: dict[str, Any] | None = None
    parity: tuple[Parity, ...] = ()
    verified: Verified = "no"
    verified_with: str = ""

    @property
    def parity_status(self) -> ParityStatus:
        """`unmeasured` without records, `failed` if one floor is missed, else `passed`."""
        if not self.parity:
            return "unmeasured"
        return "passed" if all(record.passed for record in self.parity) else "failed"

    def require_parity(self) -> None:
        """Raise unless every measured floor is kept.

        Raises:
            FloorMissed: names every graph and worst sample that missed.
        """
        missed = [record.sentence() for record in self.parity if not record.passed]
        if missed:
            raise FloorMissed(f"{self.target} does not compute the same face as PyTorch. " + "; ".join(missed))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; values that JSON has no number for become their names."""
        records = [asdict(record) | {"passed": record.passed} for record in self.parity]
        for record in records:
            if not math.isfinite(record["value"]):
                record["value"] = str(record["value"])
        content = asdict(self) | {"parity": self.parity_status, "parity_records": records}
        return {"format": FORMAT_VERSION} | content

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> "Manifest":
        """Build a manifest from plain data.

        Raises:
            InputError: another format version, or a key is missing or of the wrong kind; begins with `source`.
        """
        found = data.get("format") if isinstance(data, Mapping) else None
        if found != FORMAT_VERSION:
            raise InputError(
                f"{source} has format version {found!r}, this f2p-deploy reads version {FORMAT_VERSION}: "
                "export the bundle again, or install the version that wrote it"
            )
        try:
            content = {name: data[name] for name in cls.__dataclass_fields__ if name != "parity"}
            content["graphs"] = {name: _graph_entry(entry) for name, entry in data["graphs"].items()}
            content["files"] = {_inside(name): FileRecord(**record) for name, record in data["files"].items()}
            content["first_state"] = tuple(map(float, data["first_state"]))
            content["parity"] = tuple(_parity(record) for record in data["parity_records"])
            if content["verified"] not in get_args(Verified):
                raise ValueError(f"verified must be one of {get_args(Verified)}, found {content['verified']!r}")
            return cls(**content)
        except KeyError as error:
            raise InputError(f"{source} is not a manifest: {error.args[0]!r} is missing") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{source} is not a manifest: {error}") from error


@dataclass(frozen=True)
class Artifact:
    """An artifact on disk whose files are those of its manifest."""

    folder: Path
    manifest: Manifest

    def path(self, graph: str) -> Path:
        """Return where a graph's file lies.

        Raises:
            InputError: the artifact has no such graph.
        """
        if graph not in self.manifest.graphs:
            raise InputError(
                f"the artifact {self.folder} has no graph {graph!r}. Available: {', '.join(self.manifest.graphs)}"
            )
        return self.folder / self.manifest.graphs[graph].file

    def sources(self) -> "Artifact":
        """Return the same artifact with each graph's `source` in the place of its file.

        Raises:
            InputError: a graph has none.
        """
        entries = self.manifest.graphs
        without = [name for name, entry in entries.items() if not entry.source]
        if without:
            raise InputError(f"the artifact {self.folder} keeps no source of the graph {without[0]!r}")
        graphs = {name: replace(entry, file=entry.source, source="") for name, entry in entries.items()}
        return Artifact(self.folder, replace(self.manifest, graphs=graphs))

    def golden(self) -> dict[str, np.ndarray]:
        """Load the golden vectors.

        Returns:
            For each tensor of each graph `<graph>.<tensor>`, samples along the first axis: real inputs, and the
            outputs of PyTorch in float32; and `<graph>.samples`, the samples' names.
        """
        with np.load(self.folder / GOLDEN_FILE, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}


@dataclass
class Draft:
    """An artifact being written.

    Args:
        folder: the temporary folder that files go to.
        manifest: set before the end; the artifact is thrown away without it.
    """

    folder: Path
    manifest: Manifest | None = None

    def write_golden(self, arrays: Arrays) -> None:
        """Write the golden vectors; names as `Artifact.golden` gives them."""
        np.savez_compressed(self.folder / GOLDEN_FILE, allow_pickle=False, **arrays)


@contextmanager
def write_artifact(folder: Path) -> Iterator[Draft]:
    """Write an artifact: into a temporary folder beside it, renamed at the end of the block.

    After an error, or without a manifest, nothing is left and an artifact that was there before still is.

    Args:
        folder: where the artifact shall lie; another artifact there is replaced.

    Raises:
        InputError: the place cannot be written to, or holds something that is not an artifact.
    """
    folder = Path(folder)
    if folder.exists() and not (folder.is_dir() and ((folder / MANIFEST_FILE).is_file() or not any(folder.iterdir()))):
        raise InputError(f"{folder} exists and is not an artifact, so it is not replaced: choose another place with -o")
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
    except OSError as error:
        raise InputError(f"cannot write the artifact {folder}: {error.strerror or error}") from error
    try:
        draft = Draft(temporary)
        yield draft
        if draft.manifest is not None:
            try:
                temporary.chmod(0o755)
                _finish(draft.folder, draft.manifest)
                _replace(temporary, folder.absolute())
            except OSError as error:
                raise InputError(f"cannot write the artifact {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_artifact(folder: str | Path) -> Artifact:
    """Check an artifact, file by file, before anything of it is loaded.

    Raises:
        InputError: no artifact, another format version, or a file that is missing, truncated or changed; the
            sentence names it and the command line that makes the artifact again.
    """
    folder = Path(folder)
    path = folder / MANIFEST_FILE
    try:
        manifest = Manifest.from_dict(json.loads(path.read_text(encoding="utf-8")), str(path))
    except OSError as error:
        raise InputError(f"{folder} is not an artifact: cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    again = f"Make it again: {manifest.command}"
    for graph, entry in manifest.graphs.items():
        for wanted in (entry.file, *((entry.source,) if entry.source else ())):
            if not any(name == wanted or name.startswith(f"{wanted}/") for name in manifest.files):
                raise InputError(f"{path} lists no file {wanted} for the graph {graph!r}. {again}")
    for name, record in manifest.files.items():
        problem = _difference(folder / name, record)
        if problem:
            raise InputError(f"the artifact {folder} is damaged: {name} {problem}. {again}")
    return Artifact(folder, manifest)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _difference(path: Path, record: FileRecord) -> str:
    """Say what is wrong with a file; empty if nothing is."""
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != record.size:
        return f"has {size} bytes instead of {record.size}"
    return "" if sha256_of(path) == record.sha256 else "has another content (SHA-256 differs)"


def _finish(folder: Path, manifest: Manifest) -> None:
    """Write the manifest over the files that lie in the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {p.relative_to(folder).as_posix(): asdict(FileRecord(p.stat().st_size, sha256_of(p))) for p in paths}
    content = manifest.to_dict() | {"files": files}
    (folder / MANIFEST_FILE).write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _replace(temporary: Path, folder: Path) -> None:
    """Put the finished folder in its place; what was there goes only after the new one stands."""
    if not folder.exists():
        temporary.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    try:
        temporary.rename(folder)
    except OSError:
        (old / folder.name).rename(folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _inside(name: str) -> str:
    """Return a manifest's file name if it stays inside the artifact."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise ValueError(f"file name {name!r} leads out of the artifact")
    return name


def _graph_entry(entry: Mapping[str, Any]) -> GraphEntry:
    """Build a graph's entry from plain data."""
    inputs, outputs = (
        tuple(TensorSpec(**{**spec, "shape": tuple(spec["shape"])}) for spec in entry[side])
        for side in ("inputs", "outputs")
    )
    source = _inside(entry["source"]) if entry["source"] else ""
    names = {key: tuple(entry[key]) for key in ("shared", "kept_float32")}
    files = {"file": _inside(entry["file"]), "source": source}
    return GraphEntry(**{**entry, **files, **names, "inputs": inputs, "outputs": outputs})


def _parity(record: Mapping[str, Any]) -> Parity:
    """Build a parity record from plain data; `passed` is worked out again from the numbers."""
    fields = {name: value for name, value in record.items() if name != "passed"}
    return Parity(**{**fields, "value": float(record["value"])})
