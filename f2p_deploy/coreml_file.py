"""What lies in a Core ML package: read from its file, without loading the model."""

import contextlib
import io
import json
import logging
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

#: Where coremltools keeps the model, and its weights, inside a package.
MODEL = Path("Data") / "com.apple.CoreML" / "model.mlmodel"
WEIGHTS = Path("Data") / "com.apple.CoreML" / "weights"

#: What MIL's format calls its number types.
DATA_TYPES = {10: "fp16", 11: "fp32"}

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


def precision_of(package: Path) -> tuple[str, tuple[str, ...]]:
    """Return the precision that most of a package's weights have, read from its file, and the layers with another.

    Returns:
        `fp32`, `fp16` or `int8`; and the names of convolutions and matrix products whose weights are something else.
    """
    with quiet():
        import coremltools

    spec = coremltools.models.utils.load_spec(str(package))
    block = next(iter(spec.mlProgram.functions["main"].block_specializations.values()))
    stored: dict[str, str] = {}
    sizes: dict[str, int] = {}
    layers: dict[str, str] = {}
    for operation in block.operations:
        kind = operation.outputs[0].type.tensorType
        name = operation.outputs[0].name
        if operation.type == "const":
            stored[name] = DATA_TYPES.get(kind.dataType, "other")
            sizes[name] = int(np.prod([dimension.constant.size for dimension in kind.dimensions] or [1]))
        elif operation.type.startswith("constexpr_"):
            stored[name] = "int8"
            sizes[name] = int(np.prod([dimension.constant.size for dimension in kind.dimensions] or [1]))
        elif operation.type in LAYERS:
            (weight,) = (argument.name for argument in operation.inputs["weight"].arguments)
            layers[name] = weight
    counts: dict[str, int] = {}
    for weight in layers.values():
        counts[stored[weight]] = counts.get(stored[weight], 0) + sizes[weight]
    found = max(counts, key=lambda kind: counts[kind]) if counts else "fp32"
    return found, tuple(layer for layer, weight in layers.items() if stored[weight] != found)


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
