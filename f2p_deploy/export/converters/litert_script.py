"""Converts programs of `torch.export` to LiteRT's files; it runs in the Python that litert-torch is installed in.

    python litert_script.py convert PROGRAM.pt2 OUT.tflite [--int8]
    python litert_script.py convert FLOAT32.tflite OUT.tflite --int4 OUTPUTS.json [--float-arithmetic]
"""

import json
import re
from pathlib import Path

import converter_script
import litert_layers

#: The operations whose weights get 8 bits. Not BATCH_MATMUL: LiteRT 2.3 refuses a left factor of 8 bits beside
#: float32, which ai-edge-quantizer 0.10 writes (findings/litert-quantizer-batch-matmul.sh).
_IN_8_BITS = tuple(litert_layers.LAYERS.values())


def convert_to_litert(words: list[str]) -> dict[str, object]:
    """Convert a program, or store the weights of a float32 file in fewer bits.

    With `--int8` the weights of convolutions and matrix products get 8 bits, those of small ones 16. With `--int4` the
    layers with the listed outputs get 4 bits. With `--float-arithmetic` activations are not quantised.

    Returns:
        `int4`, `int8`, `float16` and `float32`: bytes of the file's constants of each type.
    """
    source, out, *options = words
    if source.endswith(".tflite"):
        Path(out).write_bytes(Path(source).read_bytes())
    else:
        _convert(source, out)
    if "--int8" in options:
        _quantise(Path(out), (), computes=True)
    elif "--int4" in options:
        outputs = json.loads(Path(options[options.index("--int4") + 1]).read_text(encoding="utf-8"))
        _quantise(Path(out), outputs, computes="--float-arithmetic" not in options)
    return dict(litert_layers.constant_bytes(litert_layers.read_model(Path(out))))


def _convert(program_file: str, out: str) -> None:
    import litert_torch
    import torch

    program = torch.export.load(program_file)
    names = program.graph_signature.user_inputs
    tensors = tuple(torch.zeros(node.meta["val"].shape) for node in program.graph.nodes if node.name in names)
    with torch.no_grad():
        litert_torch.convert(program.module(), tensors).export(out)


def _quantise(file: Path, in_4_bits: tuple[str, ...] | list[str], computes: bool) -> None:
    """Store weights in 4, 8 and 16 bits; 4 and 8 have one scale per output channel.

    Args:
        file: a float32 file, replaced.
        in_4_bits: the outputs of the layers that get 4 bits.
        computes: whether layers of 4 and 8 bits quantise activations while they run, and compute in 8 bits.
    """
    from ai_edge_quantizer import qtyping, quantizer

    halves = qtyping.OpQuantizationConfig(
        weight_tensor_config=qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT),
        compute_precision=qtyping.ComputePrecision.FLOAT,
        explicit_dequantize=True,
    )
    layers = litert_layers.weighted_layers(litert_layers.read_model(file))
    small = litert_layers.small_layers(layers)
    chosen = quantizer.Quantizer(str(file))
    add = chosen.add_dynamic_config if computes else chosen.add_weight_only_config
    for name in _IN_8_BITS:
        add(".*", qtyping.TFLOperationName[name], num_bits=8)
    for layer in layers:
        operation = qtyping.TFLOperationName[litert_layers.LAYERS[layer.operation]]
        only = f"^{re.escape(layer.output)};?$"
        if layer.output in in_4_bits:
            add(only, operation, num_bits=4)
        elif layer in small:
            chosen.update_quantization_recipe(only, operation, halves, quantizer.AlgorithmName.FLOAT_CASTING)
    content = chosen.quantize().quantized_model
    file.write_bytes(content)


if __name__ == "__main__":
    converter_script.main(("litert-torch", "ai-edge-litert", "torch"), convert_to_litert)
