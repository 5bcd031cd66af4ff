"""The weights of several ONNX graphs in one file beside them, each once: `step` holds those of three networks again."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

WEIGHTS_FILE = "weights.bin"

#: Smaller weights stay in the graph's own file, in bytes.
SMALLEST = 1024

#: Weights begin at multiples of this, so that runtimes can use the file as it is mapped into memory, in bytes.
ALIGNMENT = 64


def save_by_precision(models: Mapping[str, tuple[str, "ModelProto"]], folder: Path) -> None:
    """Write `<name>.onnx` for each model; those of one precision share a file of weights.

    Models of several precisions have no weight in common: who needs the small ones must not carry the large ones. The
    first precision's file is `WEIGHTS_FILE`, that of another `weights-<precision>.bin`.

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
    """Where a weight lies.

    Args:
        file: beside the graphs.
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
        file: the name of that one.
        elsewhere: content that lies in other files of the folder already, by `key_of`.
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
    """Return what the same content of a weight is found by."""
    return hashlib.sha256(content).digest()


def _outside(weight: "TensorProto", place: Place) -> "TensorProto":
    """Return a weight that only says where its content lies."""
    moved = type(weight)(name=weight.name, data_type=weight.data_type, dims=weight.dims)
    moved.data_location = type(weight).EXTERNAL
    for key, value in (("location", place.file), ("offset", place.offset), ("length", place.length)):
        moved.external_data.add(key=key, value=str(value))
    return moved
