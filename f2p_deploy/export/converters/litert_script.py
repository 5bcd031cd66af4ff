"""Converts programs of `torch.export` to LiteRT's files; it runs in the Python that litert-torch is installed in.

    python litert_script.py convert PROGRAM.pt2 OUT.tflite [--int8]
"""

from pathlib import Path
from typing import Any

import converter_script

#: The operations whose weights get 8 bits. Not BATCH_MATMUL: LiteRT 2.3 refuses a left factor of 8 bits beside
#: float32, which ai-edge-quantizer 0.10 writes (findings/litert-quantizer-batch-matmul.sh).
_IN_8_BITS = ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D_TRANSPOSE", "FULLY_CONNECTED")


def convert_to_litert(words: list[str]) -> dict[str, object]:
    """Convert a program; with `--int8` the weights of convolutions and matrix products get 8 bits.

    Returns:
        `int8` and `float32`: bytes of the file's constants of each type.
    """
    import litert_torch
    import torch

    program_file, out, *options = words
    program = torch.export.load(program_file)
    names = program.graph_signature.user_inputs
    tensors = tuple(torch.zeros(node.meta["val"].shape) for node in program.graph.nodes if node.name in names)
    with torch.no_grad():
        litert_torch.convert(program.module(), tensors).export(out)
    if "--int8" in options:
        _quantise(Path(out))
    return _constants(out)


def _quantise(file: Path) -> None:
    """Store weights in 8 bits, one scale per output channel; activations are quantised while it runs."""
    from ai_edge_quantizer import qtyping, quantizer

    chosen = quantizer.Quantizer(str(file))
    for name in _IN_8_BITS:
        chosen.add_dynamic_config(".*", qtyping.TFLOperationName[name], num_bits=8)
    content = chosen.quantize().quantized_model
    file.write_bytes(content)


def _constants(file: str) -> dict[str, object]:
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromPackedBuf(Path(file).read_bytes(), 0)
    sizes = {"int8": 0, "float32": 0}
    kinds = {schema.TensorType.INT8: "int8", schema.TensorType.FLOAT32: "float32"}
    seen = set()
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.buffer not in seen and tensor.type in kinds:
                seen.add(tensor.buffer)
                buffer = model.buffers[tensor.buffer]  # of a large constant, the content lies behind the model
                sizes[kinds[tensor.type]] += buffer.size if buffer.data is None else len(buffer.data)
    return dict(sizes)


if __name__ == "__main__":
    converter_script.main(("litert-torch", "ai-edge-litert", "torch"), convert_to_litert)
