"""Inspect a Core ML package from its files, without loading the model."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.quiet import quiet

#: Paths of the model and of its weights inside a package, as coremltools writes them.
MODEL = Path("Data") / "com.apple.CoreML" / "model.mlmodel"
WEIGHTS = Path("Data") / "com.apple.CoreML" / "weights"

#: Name of the function of a package that has only one.
MAIN = "main"

#: Precisions by the numbers of MIL's data types.
DATA_TYPES = {10: "fp16", 11: "fp32"}

#: Bits of one number, by precision.
BITS = {"fp16": 16, "fp32": 32}

#: The operators that do most of the arithmetic.
LAYERS = ("conv", "conv_transpose", "linear")


def make_reproducible(package: Path) -> None:
    """Remove from a package what differs from one conversion to the next: dates and random identifiers."""
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
    """Return the name of the function that computes a graph: the graph's name, or `main` if that is the only one.

    Args:
        spec: the package's model as coremltools loads it.
        graph: the graph's name.
        package: the folder, for the error message.

    Raises:
        InputError: the package has several functions, and none has the graph's name.
    """
    functions = sorted(spec.mlProgram.functions)
    if graph in functions:
        return graph
    if functions == [MAIN]:
        return MAIN
    raise InputError(f"{package} has the functions {', '.join(functions)}, but none named {graph!r}")


def contents_of(package: Path, graph: str) -> dict[str, Any]:
    """Return the contents of the function that computes a graph.

    Returns:
        `operators` (count by name), `weights` (tensors, values and bytes by precision), and `how`, the package's note
        on how its weights were stored (empty if there is none).

    Raises:
        InputError: the package has no such function.
    """
    with quiet("coremltools"):
        import coremltools

    spec = coremltools.models.utils.load_spec(str(package))
    block = _block(spec, function_for(spec, graph, package))
    operators: dict[str, int] = {}
    weights: dict[str, dict[str, int]] = {}
    for operation in block.operations:
        if operation.type != "const":
            operators[operation.type] = operators.get(operation.type, 0) + 1
        constant = _stored(operation)
        if constant is not None and constant.count > 1:
            kind = weights.setdefault(constant.kind, {"tensors": 0, "values": 0, "bytes": 0})
            kind["tensors"] += 1
            kind["values"] += constant.count
            kind["bytes"] += constant.bytes
    metadata = dict(spec.description.metadata.userDefined)
    how = metadata.get("weights", metadata.get(f"weights.{graph}", ""))
    return {"operators": dict(sorted(operators.items())), "weights": weights, "how": how}


@dataclass(frozen=True)
class _Stored:
    """How a constant is stored.

    Args:
        kind: its precision; `int4` stands for codes of fewer than 8 bits.
        count: of numbers.
        bits: of a number.
    """

    kind: str
    count: int
    bits: int

    @property
    def bytes(self) -> int:
        """Its size, without scales and palettes."""
        return -(-self.count * self.bits // 8)


def _stored(operation: Any) -> _Stored | None:
    """Return how an operation's constant or rounded weight is stored, or None if the operation computes something."""
    kind = operation.outputs[0].type.tensorType
    count = int(np.prod(_sizes(kind) or [1]))
    if operation.type.startswith("constexpr_"):
        bits = _bits_of_palette(operation) if operation.type == "constexpr_lut_to_dense" else 8
        return _Stored("int8" if bits == 8 else "int4", count, bits)
    if operation.type == "const" and kind.dataType in DATA_TYPES:
        precision = DATA_TYPES[kind.dataType]
        return _Stored(precision, count, BITS[precision])
    return None


def _bits_of_palette(operation: Any) -> int:
    """Return the number of bits of a palette's codes: until iOS 17 it is an attribute, since iOS 18 an argument."""
    if "lut" in operation.attributes:
        (count,) = _sizes(operation.attributes["lut"].type.tensorType)
    else:
        (argument,) = operation.inputs["lut"].arguments
        count = _sizes(argument.value.type.tensorType)[-2]
    return count.bit_length() - 1


def _sizes(kind: Any) -> list[int]:
    return [int(dimension.constant.size) for dimension in kind.dimensions]


def _block(spec: Any, function: str) -> Any:
    return next(iter(spec.mlProgram.functions[function].block_specializations.values()))


def package_precision(package: Path, graph: str = MAIN) -> tuple[str, tuple[str, ...]]:
    """Return the precision of most of a graph's weights, and the layers that have another one.

    Weights of few bits have layers with 8 bits among them: such a graph is `int4` if any layer is.

    Args:
        package: the folder.
        graph: the function's name, if the package has several.

    Returns:
        `fp32`, `fp16`, `int8` or `int4`; and the names of the convolutions and matrix products with another precision.
    """
    with quiet("coremltools"):
        import coremltools

    spec = coremltools.models.utils.load_spec(str(package))
    constants: dict[str, _Stored] = {}
    layers: dict[str, str] = {}
    for operation in _block(spec, function_for(spec, graph, package)).operations:
        name, constant = operation.outputs[0].name, _stored(operation)
        if constant is not None:
            constants[name] = constant
        elif operation.type in LAYERS:
            (weight,) = (argument.name for argument in operation.inputs["weight"].arguments)
            layers[name] = weight
    counts: dict[str, int] = {}
    for weight in layers.values():
        counts[constants[weight].kind] = counts.get(constants[weight].kind, 0) + constants[weight].count
    found = "int4" if "int4" in counts else max(counts, key=lambda kind: counts[kind]) if counts else "fp32"
    alike = ("int4", "int8") if found == "int4" else (found,)
    return found, tuple(layer for layer, weight in layers.items() if constants[weight].kind not in alike)
