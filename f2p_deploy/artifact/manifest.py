"""What is known about an artifact: `manifest.json`, sealed so that a change of any byte of it is found."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

from f2p_deploy.system.errors import FloorMissed, InputError

#: Raised by one whenever an older program could misread a newer manifest.
FORMAT_VERSION = 3

#: Versions that are read. In version 2 momentum, locks and rates lay outside the graph `step`.
READABLE_VERSIONS = (2, 3)

#: What stands in the place of the digest while it is computed.
UNSEALED = "0" * 64

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


#: What was run, by `Manifest.verified`.
SCOPES: dict[Verified, str] = {
    "runtime": "the artifact's own files were run",
    "graph": "the ONNX of the same precision that the files were compiled from was run; the files themselves were not",
    "reference": "the artifact's own files were computed by the reference interpreter, not by the device's runtime",
    "no": "nothing was run",
}


@dataclass(frozen=True)
class Manifest:
    """Everything that is known about an artifact; `manifest.json`.

    Args:
        target: the target's name.
        bundle: name of the bundle it was made from.
        bundle_fingerprint: SHA-256 of that bundle.
        schema: the schema as plain data, so that the artifact alone can name its parameters.
        settings: the bundle's settings as plain data, see `f2p_deploy.model.settings.BundleSettings`: how faces are
            aligned and how iterative generation goes, so that the artifact alone can do both.
        first_state: (n,) the state that iterative generation begins at, see
            `f2p_deploy.model.state.first_state`.
        image_size: edge S of faces and renders in pixels.
        batch: batch size of every graph.
        graphs: by name (`one_shot`, `describe`, `render`, `step`).
        tools: versions of the packages that made it.
        hardware: `built_for` and `built_on` in words; and what `f2p_deploy.runtimes.hardware` compares with the machine
            that is to run it: `os`, `machine`, `compute_capability`, each a value or several with commas. Absent means
            any.
        command: the command line that makes it again.
        files: every file but the manifest, by path inside the artifact; filled in when the artifact is written.
        calibration: count, hash and method, for targets that calibrate.
        parity: measured differences from PyTorch float32.
        verified: how they were measured: `runtime` ran the files themselves, `graph` the ONNX graph of the same
            precision, `reference` an interpreter of the format.
        verified_with: name and version of what ran it, and where.
        unread: discrete groups and controllers that nothing in it reads from photos, see
            `f2p_deploy.model.reading.unread_parts`; None in manifests from before there was this key.
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
        """`unmeasured` without records, `failed` if one floor is missed, else `passed`."""
        if not self.parity:
            return "unmeasured"
        return "passed" if all(record.passed for record in self.parity) else "failed"

    @property
    def scope(self) -> str:
        """What was run when parity was measured, and what was not, as a person would read it."""
        return SCOPES[self.verified]

    def parity_sentence(self, why_not_run: str = "") -> str:
        """Return how near it is to PyTorch, as a person would read it: never more than was run.

        Args:
            why_not_run: why the files themselves were not, where only their graph was; empty if nobody asks.
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
        return {"format": content.pop("format")} | content

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> "Manifest":
        """Build a manifest from plain data.

        Raises:
            InputError: another format version, or a key is missing or of the wrong kind; begins with `source`.
        """
        if not isinstance(data, Mapping):
            raise InputError(f"{source} is not a manifest: it should be an object, found {type(data).__name__}")
        found = data.get("format")
        if found not in READABLE_VERSIONS:
            raise InputError(
                f"{source} has format version {found!r}, this f2p-deploy reads versions "
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
            return cls(**content)
        except KeyError as error:
            raise InputError(f"{source} is not a manifest: {error.args[0]!r} is missing") from error
        except InputError as error:
            raise InputError(f"{source} is not a manifest: {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{source} is not a manifest: a value is of the wrong kind") from error


def sealed(content: Mapping[str, Any]) -> str:
    """Return the text of a manifest's file, its last entry being the digest.

    `digest` is the SHA-256 of the file's own bytes with 64 zeros in the digest's place. It finds accidents; whoever
    changes a manifest on purpose can seal it again, so it is no signature.

    Args:
        content: plain data, as `Manifest.to_dict` gives it; its own `digest` is replaced.

    Raises:
        ValueError: a number that JSON does not have.
    """
    rest = {name: value for name, value in content.items() if name != "digest"}
    text = json.dumps({**rest, "digest": UNSEALED}, indent=2, allow_nan=False) + "\n"
    start = text.rindex(UNSEALED)
    return text[:start] + hashlib.sha256(text.encode()).hexdigest() + text[start + len(UNSEALED) :]


def require_seal(text: bytes, content: Mapping[str, Any], source: str) -> None:
    """Raise unless a manifest's file holds what was written.

    Args:
        text: the file.
        content: the same, parsed.
        source: the words that begin the sentence.

    Raises:
        InputError: the digest is missing or another one.
    """
    digest = content.get("digest")
    if not isinstance(digest, str) or len(digest) != len(UNSEALED) or not digest.isascii():
        raise InputError(f"{source} is damaged: it has no digest of its own content. {_again(content)}")
    start = text.rfind(digest.encode())
    unsealed = text[:start] + UNSEALED.encode() + text[start + len(digest) :]
    if start < 0 or hashlib.sha256(unsealed).hexdigest() != digest:
        raise InputError(
            f"{source} is damaged: its content is not what was written (its digest differs). {_again(content)}"
        )


def _again(content: Mapping[str, Any]) -> str:
    return f"Make it again: {content.get('command') or 'f2p-deploy export'}"


def _inside(name: str) -> str:
    """Return a manifest's file name if it stays inside the artifact."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise InputError(f"file name {name!r} leads out of the artifact")
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
