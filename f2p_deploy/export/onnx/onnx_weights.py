"""Store the weights of several ONNX graphs in one file, equal ones once: `step` shares those of three networks."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

WEIGHTS_FILE = "weights.bin"

#: Size in bytes below which weights stay in the graph's own file.
SMALLEST = 1024

#: Alignment of weights in bytes, so that runtimes can use the memory-mapped file without a copy.
ALIGNMENT = 64


def save_by_precision(models: Mapping[str, tuple[str, "ModelProto"]], folder: Path) -> None:
    """Write `<name>.onnx` for each model; models of the same precision share a file of weights.

    Each precision has a separate file, so that users of the smaller one need not ship the larger one. The file of the
    first precision is `WEIGHTS_FILE`, that of another `weights-<precision>.bin`.

    Args:
        models: precision and model by name, every weight inside; not changed.
        folder: where the files go.
    """
    precisions = list(dict.fromkeys(precision for precision, _ in models.values()))
    for precision in precisions:
        file = WEIGHTS_FILE if precision == precisions[0] else f"weights-{precision}.bin"
        chosen = {name: model for name, (own, model) in models.items() if own == precision}
        save_sharing_weights(chosen, folder, file)


@dataclass(frozen=True)
class Place:
    """The place of a weight in a file.

    Args:
        file: its name, in the folder of the graphs.
        offset, length: in bytes.
    """

    file: str
    offset: int
    length: int


def save_sharing_weights(
    models: Mapping[str, "ModelProto"],
    folder: Path,
    file: str = WEIGHTS_FILE,
    elsewhere: Mapping[bytes, Place] = MappingProxyType({}),
) -> None:
    """Write `<name>.onnx` for each model and their weights to one file, equal ones once (ONNX external data).

    Args:
        models: by name, every weight inside; not changed.
        folder: where the files go.
        file: the name of the file of weights.
        elsewhere: places of weights in other files of the folder, by the key of their content (`key_of`).
    """
    import onnx

    places = dict(elsewhere)
    with (folder / file).open("wb") as stream:
        for name, model in models.items():
            outside = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
            graph, before = outside.graph, model.graph
            graph.name = before.name
            for field in ("node", "input", "output", "value_info"):
                getattr(graph, field).extend(getattr(before, field))
            for weight in before.initializer:
                content = (
                    weight.raw_data if weight.HasField("raw_data") else onnx.numpy_helper.to_array(weight).tobytes()
                )
                if len(content) < SMALLEST:
                    graph.initializer.append(weight)
                    continue
                key = key_of(content)
                if key not in places:
                    stream.write(b"\0" * (-stream.tell() % ALIGNMENT))
                    places[key] = Place(file, stream.tell(), len(content))
                    stream.write(content)
                graph.initializer.append(_outside(weight, places[key]))
            onnx.save(outside, folder / f"{name}.onnx")


def key_of(content: bytes) -> bytes:
    """Return a key that identifies the content of a weight: its SHA-256."""
    return hashlib.sha256(content).digest()


def _outside(weight: "TensorProto", place: Place) -> "TensorProto":
    """Return a weight as a reference to its place (ONNX external data)."""
    moved = type(weight)(name=weight.name, data_type=weight.data_type, dims=weight.dims)
    moved.data_location = type(weight).EXTERNAL
    for key, value in (("location", place.file), ("offset", place.offset), ("length", place.length)):
        moved.external_data.add(key=key, value=str(value))
    return moved
