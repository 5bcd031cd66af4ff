#!/usr/bin/env bash
# A palette function gets the weight of a transposed convolution with two axes exchanged, and is not told.
#
# Package:  coremltools 9.0
# Platform: Linux x86-64
# Expected: `lut_function` of `OpPalettizerConfig(mode="custom")` gets the weight as it is in the model, since one
#           palette serves the whole tensor; the codes that it returns are in that order.
# Happens:  for conv_transpose alone the input and the output channels are exchanged first, and the codes are exchanged
#           back afterwards. Codes that were computed for the model's own weight (by any other tool) are stored in the
#           wrong places. Where the two numbers of channels are equal, not even the shape tells; nothing is logged.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 coremltools==9.0
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'END'
import platform
import sys
from importlib.metadata import version

import coremltools
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.optimize import coreml

print("coremltools", version("coremltools"), "| numpy", version("numpy"), "| Python", platform.python_version())

TARGET = coremltools.target.iOS17
VALUES = np.linspace(-1, 1, 16).astype(np.float16)
LAYERS = {
    "conv": (mb.conv, (8, 8, 3, 3)),
    "conv_transpose": (mb.conv_transpose, (8, 8, 3, 3)),
    "linear": (mb.linear, (8, 72)),
}

swapped = {}
for kind, (layer, shape) in LAYERS.items():
    # Weights that are palette values already, so their codes are known.
    codes = np.random.default_rng(0).integers(0, 16, shape).astype(np.uint8)
    weight = VALUES[codes]
    picture = (2, 72) if kind == "linear" else (1, 8, 6, 6)

    @mb.program(input_specs=[mb.TensorSpec(shape=picture)], opset_version=TARGET)
    def program(x):
        return layer(x=mb.cast(x=x, dtype="fp16"), weight=weight, name="y")

    model = coremltools.convert(program, minimum_deployment_target=TARGET, skip_model_load=True)
    (name,) = coreml.get_weights_metadata(model, weight_threshold=100)
    asked = []

    def table(given):
        asked.append(given.copy())
        return VALUES, codes.reshape(-1)

    config = coreml.OpPalettizerConfig(mode="custom", lut_function=table, weight_threshold=100)
    smaller = coreml.palettize_weights(model, coreml.OptimizationConfig(op_name_configs={name: config}))
    (operation,) = (
        one for one in smaller._mil_program.functions["main"].operations if one.op_type == "constexpr_lut_to_dense"
    )
    stored = operation.outputs[0].op.materialized_val_inference()
    as_it_is, exchanged = np.array_equal(asked[0], weight), np.array_equal(asked[0], np.swapaxes(weight, 0, 1))
    right = float((stored == weight).mean())
    print(f"{kind}: given {'as it is' if as_it_is else 'exchanged' if exchanged else '?'}, {right:.0%} of the weights right")
    swapped[kind] = (as_it_is, exchanged, right == 1.0)
if swapped != {
    "conv": (True, False, True),
    "conv_transpose": (False, True, False),
    "linear": (True, False, True),
}:
    sys.exit(f"changed: {swapped}")
END
