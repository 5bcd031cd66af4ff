"""The manifest of an artifact (`manifest.json`), with a digest that reveals a change of any byte of the file."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

from f2p_deploy.artifact.value_kinds import first_of_wrong_kind
from f2p_deploy.system.errors import FloorMissed, InputError

#: Increased by one whenever an older program could misread a newer manifest.
FORMAT_VERSION = 3

#: Graphs that take one gradient step, with the same inputs and outputs: the exact one, and the one through a shortcut.
STEPS = ("step", "step_fast")

#: Versions that can be read. In version 2, momentum, locks and learning rates were not part of the graph `step`.
READABLE_VERSIONS = (2, 3)

#: Placeholder for the digest while the digest is computed.
UNSEALED = "0" * 64

ParityStatus = Literal["passed", "failed", "unmeasured"]
Verified = Literal["runtime", "graph", "reference", "no"]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a graph.

    Args:
        name: the name in the graph's file.
        dtype: NumPy's name, such as `float32`.
        shape: the static shape, batch first.
        meaning: the content and its units, for readers who have only the manifest.
        low, high: the range of the values, or None if they are not bounded.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    meaning: str
    low: float | None = None
    high: float | None = None

    def with_rows(self, rows: int) -> "TensorSpec":
        """Return the same tensor with another number of samples."""
        return replace(self, shape=(rows, *self.shape[1:]))


@dataclass(frozen=True)
class GraphEntry:
    """One exported function.

    Args:
        file: path inside the artifact, with `/`; a folder if the format is a folder.
        inputs, outputs: the tensors, in the graph's order.
        precision_asked: the precision that the target requests (`fp32`).
        precision_found: the precision read back from the finished file.
        shared: names of inputs without a batch axis; the whole batch shares them.
        source: path of the ONNX that `file` was compiled from, in the same precision; empty if `file` is that ONNX. It
            runs on any machine, so it is checked where `file` cannot be run.
        loss_scale: the factor that the gradient inside `step` is multiplied by before backpropagation and divided by
            afterwards.
        kept_float32: nodes of the ONNX that stayed float32 in a lower precision.
        many: path of the same graph for any number of samples, see
            `f2p_deploy.runtimes.onnxruntime.batch_axis.with_batch_axis`; empty if there is none.
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
    many: str = ""

    @property
    def batch(self) -> int:
        """The number of samples of one call: the first axis of the first input."""
        return self.inputs[0].shape[0]


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 of one file of the artifact."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Parity:
    """The result of one comparison of an artifact's output with PyTorch in float32.

    Args:
        graph, output: the graph and the output that were compared.
        metric: `controllers max abs difference`, `PSNR dB`, ...
        value: the worst value over all samples.
        floor: the threshold for `value`.
        better: `lower` if `value` must not exceed the threshold, `higher` if it must not be below it.
        worst: name of the sample with the worst value.
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
        """True if the value meets its threshold; NaN never does."""
        return self.value <= self.floor if self.better == "lower" else self.value >= self.floor

    def sentence(self) -> str:
        """Return the record as a sentence."""
        relation = "at most" if self.better == "lower" else "at least"
        return (
            f"{self.graph}: {self.metric} of {self.output} is {self.value:.6g}, must be {relation} {self.floor:g} "
            f"(worst of {self.samples}: {self.worst})"
        )


#: Sentences on what was run to measure parity, by `Manifest.verified`.
SCOPES: dict[Verified, str] = {
    "runtime": "the artifact's own files were run",
    "graph": "the ONNX of the same precision that the files were compiled from was run; the files themselves were not",
    "reference": "the artifact's own files were computed by the reference interpreter, not by the device's runtime",
    "no": "nothing was run",
}


@dataclass(frozen=True)
class Manifest:
    """The content of `manifest.json`: all facts about an artifact.

    Args:
        target: the target's name.
        bundle: name of the bundle it was made from.
        bundle_fingerprint: SHA-256 of that bundle.
        schema: the schema as plain data, so that the parameters have names without the bundle.
        settings: the bundle's settings as plain data (`f2p_deploy.model.settings.BundleSettings`), so that faces can
            be aligned and generated iteratively without the bundle.
        first_state: (n,) initial state of iterative generation, see `f2p_deploy.model.state.first_state`.
        image_size: edge S of faces and renders in pixels.
        batch: batch size of every graph.
        graphs: the graphs by name (`one_shot`, `describe`, `render`, `step`).
        tools: versions of the packages that made the artifact.
        hardware: `built_for` and `built_on` are descriptions. `os`, `machine` and `compute_capability` are compared
            with the machine before a run (`f2p_deploy.runtimes.hardware`); each is one value or several separated by
            commas, and a missing key matches any machine.
        command: the command line that makes the artifact again.
        files: every file but the manifest, by path inside the artifact; filled in when the artifact is written.
        calibration: count, hash and method of the calibration; None for targets that need none.
        parity: measured differences from PyTorch in float32.
        verified: how parity was measured: `runtime` ran the files themselves, `graph` ran the ONNX graph of the same
            precision, `reference` ran an interpreter of the format, `no` ran nothing.
        verified_with: name and version of the runtime that measured parity, and the device it ran on.
        unread: discrete groups and controllers that no network of the artifact reads from photos, see
            `f2p_deploy.model.reading.unread_parts`; None in manifests older than this key.
        format: one of `READABLE_VERSIONS`.
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
    unread: tuple[str, ...] | None = None
    format: int = FORMAT_VERSION

    @property
    def parity_status(self) -> ParityStatus:
        """`unmeasured` without records, `failed` if a record misses its threshold, else `passed`."""
        if not self.parity:
            return "unmeasured"
        return "passed" if all(record.passed for record in self.parity) else "failed"

    @property
    def scope(self) -> str:
        """A sentence on what was run, and what was not, when parity was measured."""
        return SCOPES[self.verified]

    def parity_sentence(self, why_not_run: str = "") -> str:
        """Return the parity result as a sentence that claims nothing about files that were not run.

        Args:
            why_not_run: the reason why only the graph was run and not the files; left out if empty.
        """
        with_ = f"measured with {self.verified_with}" if self.verified_with else "measured"
        if self.parity_status != "passed" or self.verified == "runtime":
            what = {"graph": " of the graph", "reference": " by the reference interpreter"}.get(self.verified, "")
            return f"parity with PyTorch{what}: {self.parity_status}{f', {with_}' if self.parity else ''}"
        if self.verified == "graph":
            reason = f": {why_not_run}" if why_not_run else ""
            return f"parity of the graph; the engine was not run{reason} ({with_})"
        return f"parity by the reference interpreter; no device has run it ({with_})"

    def require_parity(self) -> None:
        """Check that every record meets its threshold.

        Raises:
            FloorMissed: a record does not; the message names each such graph and its worst sample.
        """
        sentences = [record.sentence() for record in self.parity if not record.passed]
        if sentences:
            raise FloorMissed(f"{self.target} does not compute the same face as PyTorch. " + "; ".join(sentences))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; values that are not finite become strings, as JSON has no number for them."""
        records = [asdict(record) | {"passed": record.passed} for record in self.parity]
        for record in records:
            if not math.isfinite(record["value"]):
                record["value"] = str(record["value"])
        content = asdict(self) | {"parity": self.parity_status, "parity_records": records}
        return {"format": content.pop("format")} | content

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> "Manifest":
        """Build a manifest from plain data.

        Raises:
            InputError: another format version, or a key is missing or of the wrong kind; the message begins with
                `source`.
        """
        if not isinstance(data, Mapping):
            raise InputError(f"{source} is not a manifest: it should be an object, found {type(data).__name__}")
        version = data.get("format")
        if version not in READABLE_VERSIONS:
            raise InputError(
                f"{source} has format version {version!r}, this f2p-deploy reads versions "
                f"{', '.join(map(str, READABLE_VERSIONS))}: "
                "export the bundle again, or install the version that wrote it"
            )
        try:
            content = {name: data[name] for name in cls.__dataclass_fields__ if name not in ("parity", "unread")}
            content["unread"] = None if data.get("unread") is None else tuple(map(str, data["unread"]))
            content["graphs"] = {name: _graph_entry(entry) for name, entry in data["graphs"].items()}
            content["files"] = {_inside(name): FileRecord(**record) for name, record in data["files"].items()}
            content["first_state"] = tuple(map(float, data["first_state"]))
            content["parity"] = tuple(_parity(record) for record in data["parity_records"])
            if content["verified"] not in get_args(Verified):
                raise InputError(f"verified must be one of {get_args(Verified)}, found {content['verified']!r}")
            manifest = cls(**content)
            _check_kinds(manifest)
            return manifest
        except KeyError as error:
            raise InputError(f"{source} is not a manifest: {error.args[0]!r} is missing") from error
        except InputError as error:
            raise InputError(f"{source} is not a manifest: {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{source} is not a manifest: a value is of the wrong kind") from error


def sealed(content: Mapping[str, Any]) -> str:
    """Return the text of a manifest's file with the digest as its last entry.

    `digest` is the SHA-256 of the file's bytes with 64 zeros in place of the digest. It reveals accidental changes.
    It is no signature: a deliberate change can be sealed again.

    Args:
        content: plain data, as `Manifest.to_dict` returns it; a `digest` in it is replaced.

    Raises:
        ValueError: a number is not finite.
    """
    rest = {name: value for name, value in content.items() if name != "digest"}
    text = json.dumps({**rest, "digest": UNSEALED}, indent=2, allow_nan=False) + "\n"
    start = text.rindex(UNSEALED)
    return text[:start] + hashlib.sha256(text.encode()).hexdigest() + text[start + len(UNSEALED) :]


def require_seal(text: bytes, content: Mapping[str, Any], source: str) -> None:
    """Check that a manifest's file matches its digest.

    Args:
        text: the bytes of the file.
        content: the parsed file.
        source: the file's name, with which the message begins.

    Raises:
        InputError: the digest is missing or does not match.
    """
    digest = content.get("digest")
    if not isinstance(digest, str) or len(digest) != len(UNSEALED) or not digest.isascii():
        raise InputError(f"{source} is damaged: it has no digest of its content. {_again(content)}")
    start = text.rfind(digest.encode())
    unsealed = text[:start] + UNSEALED.encode() + text[start + len(digest) :]
    if start < 0 or hashlib.sha256(unsealed).hexdigest() != digest:
        raise InputError(
            f"{source} is damaged: its content is not what was written (its digest differs). {_again(content)}"
        )


def _again(content: Mapping[str, Any]) -> str:
    return f"Make it again: {content.get('command') or 'f2p-deploy export'}"


def _inside(name: str) -> str:
    """Return a file name from a manifest if it does not lead out of the artifact; raise `InputError` if it does."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise InputError(f"file name {name!r} leads out of the artifact")
    return name


def _check_kinds(manifest: Manifest) -> None:
    """Raise `InputError`, `KeyError` or `TypeError` if a value is of the wrong kind."""
    wrong = first_of_wrong_kind(manifest)
    if wrong:
        raise InputError(f"{wrong} is of the wrong kind")
    for name, graph in manifest.graphs.items():
        if not graph.inputs or not graph.outputs or not all(spec.shape for spec in graph.inputs):
            raise InputError(f"the graph {name!r} has no inputs, no outputs, or an input without a batch")
    if facts := manifest.calibration:
        counts = [facts["faces"], *(graph[key] for graph in facts["graphs"].values() for key in ("quantised", "of"))]
        words = [facts["hash"], facts["running"], *(graph["method"] for graph in facts["graphs"].values())]
        if not all(isinstance(count, int) for count in counts) or not all(isinstance(word, str) for word in words):
            raise InputError("calibration is of the wrong kind")


def _graph_entry(entry: Mapping[str, Any]) -> GraphEntry:
    """Build a graph's entry from plain data."""
    inputs, outputs = (
        tuple(TensorSpec(**{**spec, "shape": tuple(spec["shape"])}) for spec in entry[side])
        for side in ("inputs", "outputs")
    )
    source = _inside(entry["source"]) if entry["source"] else ""
    names = {key: tuple(entry[key]) for key in ("shared", "kept_float32")}
    many = _inside(entry["many"]) if entry.get("many") else ""
    files = {"file": _inside(entry["file"]), "source": source, "many": many}
    return GraphEntry(**{**entry, **files, **names, "inputs": inputs, "outputs": outputs})


def _parity(record: Mapping[str, Any]) -> Parity:
    """Build a parity record from plain data; a stored `passed` is ignored and computed again from the numbers."""
    fields = {name: value for name, value in record.items() if name != "passed"}
    return Parity(**{**fields, "value": float(record["value"])})
