#!/usr/bin/env bash
# An input or output called `state` is called `state_workaround` in the package.
#
# Package:  coremltools 9.0
# Platform: Linux x86-64 (conversion only)
# Expected: inputs and outputs keep the names that the caller gave, or conversion fails with a sentence.
# Happens:  the saved model takes, or gives, `state_workaround`, where Core ML has states (iOS 18) and where it has none
#           (iOS 15), and although `ct.TensorType(name="state")` asks for the name. A warning among those of the
#           conversion says so. Names such as `cell_state` or `init` stay.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 coremltools==9.0
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import platform
import sys
from importlib.metadata import version

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import Function, Program

print("coremltools", version("coremltools"), "| numpy", version("numpy"), "| Python", platform.python_version())


def names(ios: str, given: str, made: str) -> tuple[str, str]:
    """Convert y = x + 1 and return what its input and output are called."""
    with Function({given: mb.placeholder(shape=(1, 4))}, opset_version=getattr(ct.target, ios)) as function:
        function.set_outputs([mb.add(x=function.inputs[given], y=np.float32(1), name=made)])
    program = Program()
    program.add_function("main", function)
    model = ct.convert(
        program,
        convert_to="mlprogram",
        inputs=[ct.TensorType(name=given, shape=(1, 4))],
        outputs=[ct.TensorType(name=made)],
        minimum_deployment_target=getattr(ct.target, ios),
        skip_model_load=True,
    )
    described = model.get_spec().description
    return described.input[0].name, described.output[0].name


for ios in ("iOS15", "iOS18"):
    found = names(ios, "state", "y"), names(ios, "x", "state"), names(ios, "cell_state", "init")
    print(ios, "| state -> y:", found[0], "| x -> state:", found[1], "| cell_state -> init:", found[2])
    if found != (("state_workaround", "y"), ("x", "state_workaround"), ("cell_state", "init")):
        sys.exit("changed: a tensor called `state` has another name than `state_workaround`, or others are renamed")
END
