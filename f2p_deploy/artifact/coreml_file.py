"""What lies in a Core ML package: read from its file, without loading the model."""

import contextlib
import io
import json
import logging
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.system.errors import InputError

#: Where coremltools keeps the model, and its weights, inside a package.
MODEL = Path("Data") / "com.apple.CoreML" / "model.mlmodel"
WEIGHTS = Path("Data") / "com.apple.CoreML" / "weights"

#: What the only function of a package is called.
MAIN = "main"

#: What MIL's format calls its number types.
DATA_TYPES = {10: "fp16", 11: "fp32"}

#: Bytes of a number of each.
BYTES = {"fp16": 2, "fp32": 4, "int8": 1}

#: The operators that the work goes into.
LAYERS = ("conv", "conv_transpose", "linear")


def make_reproducible(package: Path) -> None:
    """Take out of a package what is another one each time: dates, and names drawn at random."""
    from coremltools.proto import Model_pb2

    path = package / MODEL
    spec = Model_pb2.Model()
    spec.ParseFromString(path.read_bytes())
    defined = spec.description.metadata.userDefined
    for key in [key for key in defined if key.endswith("conversion_date")]:
        del defined[key]
    path.write_bytes(spec.SerializeToString(deterministic=True))
    manifest = package / "Manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    names = {old: str(uuid.uuid5(uuid.NAMESPACE_URL, item["path"])) for old, item in content["itemInfoEntries"].items()}
    content["itemInfoEntries"] = {names[old]: item for old, item in content["itemInfoEntries"].items()}
    content["rootModelIdentifier"] = names[content["rootModelIdentifier"]]
    content["itemInfoEntries"] = dict(sorted(content["itemInfoEntries"].items()))
    manifest.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")


def function_for(spec: Any, graph: str, package: Path) -> str:
    """Return which function of a package computes a graph: the one of its name, or the only one.

    Args:
        spec: coremltools' content of the package.
        graph: the graph's name.
        package: for the sentence.

    Raises:
        InputError: the package has several functions, and none is called so.
    """
    functions = sorted(spec.mlProgram.functions)
    if graph in functions:
        return graph
    if functions == [MAIN]:
        return MAIN
    raise InputError(f"{package} has the functions {', '.join(functions)}, but none named {graph!r}")


def contents_of(package: Path, graph: str) -> dict[str, Any]:
    """Return what computes a graph in a package: operators by name, weights by type, and what the package says.

    Raises:
        InputError: the package has no such function.
    """
    with quiet():
        import coremltools

    spec = coremltools.models.utils.load_spec(str(package))
    block = _block(spec, function_for(spec, graph, package))
    operators: dict[str, int] = {}
    weights: dict[str, dict[str, int]] = {}
    for operation in block.operations:
        if operation.type != "const":
            operators[operation.type] = operators.get(operation.type, 0) + 1
        stored = _stored(operation)
        if stored is not None and stored.count > 1:
            kind = weights.setdefault(stored.kind, {"tensors": 0, "values": 0, "bytes": 0})
            kind["tensors"] += 1
            kind["values"] += stored.count
            kind["bytes"] += stored.count * BYTES[stored.kind]
    said = dict(spec.description.metadata.userDefined)
    how = said.get("weights", said.get(f"weights.{graph}", ""))
    return {"operators": dict(sorted(operators.items())), "weights": weights, "how": how}


@dataclass(frozen=True)
class _Stored:
    """A constant: what it is stored as, and how many numbers it has."""

    kind: str
    count: int


def _stored(operation: Any) -> _Stored | None:
    """Return what a constant, or weights in 8 bits, are stored as; None for what is computed."""
    kind = operation.outputs[0].type.tensorType
    count = int(np.prod([dimension.constant.size for dimension in kind.dimensions] or [1]))
    if operation.type.startswith("constexpr_"):
        return _Stored("int8", count)
    if operation.type == "const" and kind.dataType in DATA_TYPES:
        return _Stored(DATA_TYPES[kind.dataType], count)
    return None


def _block(spec: Any, function: str) -> Any:
    return next(iter(spec.mlProgram.functions[function].block_specializations.values()))


def package_precision(package: Path, graph: str = MAIN) -> tuple[str, tuple[str, ...]]:
    """Return the precision that most of a graph's weights have, read from its package, and the layers with another.

    Args:
        package: the folder.
        graph: which function, where the package has several.

    Returns:
        `fp32`, `fp16` or `int8`; and the names of convolutions and matrix products whose weights are something else.
    """
    with quiet():
        import coremltools

    spec = coremltools.models.utils.load_spec(str(package))
    constants: dict[str, _Stored] = {}
    layers: dict[str, str] = {}
    for operation in _block(spec, function_for(spec, graph, package)).operations:
        name, stored = operation.outputs[0].name, _stored(operation)
        if stored is not None:
            constants[name] = stored
        elif operation.type in LAYERS:
            (weight,) = (argument.name for argument in operation.inputs["weight"].arguments)
            layers[name] = weight
    counts: dict[str, int] = {}
    for weight in layers.values():
        counts[constants[weight].kind] = counts.get(constants[weight].kind, 0) + constants[weight].count
    found = max(counts, key=lambda kind: counts[kind]) if counts else "fp32"
    return found, tuple(layer for layer, weight in layers.items() if constants[weight].kind != found)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars, and warnings of untested versions and of what only a Mac has."""
    chatty = logging.getLogger("coremltools")
    level = chatty.level
    chatty.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        chatty.setLevel(level)
