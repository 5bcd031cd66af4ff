"""The two files of a graph for ncnn: layers as text, and weights."""

from pathlib import Path
from typing import Any

from f2p_deploy.system.errors import InputError

#: The ends of the two files.
PARAM, BIN = ".ncnn.param", ".ncnn.bin"

#: What the first line of a file of layers says.
MAGIC = "7767517"

#: The types of layers that read weights, as far as networks here have them.
WITH_WEIGHTS = ("Convolution", "ConvolutionDepthWise", "Deconvolution", "DeconvolutionDepthWise", "InnerProduct")


def ncnn_weights(file: Path) -> Path:
    """Return the file of a graph's weights, beside that of its layers."""
    return file.with_name(file.name.removesuffix(PARAM) + BIN)


def ncnn_contents(file: Path) -> dict[str, Any]:
    """Return the contents of a graph for ncnn.

    Args:
        file: of its layers.

    Returns:
        `operators` (count by type) and `weights` (layers that have some, values and bytes, as float32).

    Raises:
        InputError: the files cannot be read, or the first is none of ncnn.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        size = ncnn_weights(file).stat().st_size
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} and {ncnn_weights(file).name} cannot be read") from error
    if not lines or lines[0].strip() != MAGIC:
        raise InputError(f"{file} does not list layers for ncnn")
    operators: dict[str, int] = {}
    for line in lines[2:]:
        kind = line.split(maxsplit=1)[0] if line.strip() else ""
        if kind and kind != "Input":
            operators[kind] = operators.get(kind, 0) + 1
    tensors = sum(operators.get(kind, 0) for kind in WITH_WEIGHTS)
    return {
        "operators": dict(sorted(operators.items())),
        "weights": {"float32": {"tensors": tensors, "values": size // 4, "bytes": size}},
    }
