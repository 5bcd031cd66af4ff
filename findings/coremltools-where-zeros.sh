#!/usr/bin/env bash
# The number in torch.where(mask, x, 0.0) is stored as a tensor of zeros as large as x.
#
# Package:  coremltools 9.0, converting from torch 2.13.0
# Platform: Linux x86-64 (conversion only)
# Expected: a number stays a number; the package holds no weights.
# Happens:  the package's weight.bin holds 65,536 zeros in float16 for a tensor of 64 x 32 x 32. The same function written
#           as x.masked_fill(~mask, 0.0) stores nothing and converts to the same `select`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 torch==2.13.0 coremltools==9.0
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import pathlib
import platform
import sys
from importlib.metadata import version

import coremltools as ct
import torch

print("coremltools", version("coremltools"), "| torch", version("torch"), "| Python", platform.python_version())
SHAPE = (1, 64, 32, 32)


class Where(torch.nn.Module):
    def forward(self, x, g):
        return torch.where(x > 0, g, 0.0)


class MaskedFill(torch.nn.Module):
    def forward(self, x, g):
        return g.masked_fill(~(x > 0), 0.0)


def stored(module: torch.nn.Module) -> tuple[int, bool]:
    """Return the bytes of a package's weights, and whether they are mostly zeros."""
    traced = torch.jit.trace(module.eval(), (torch.zeros(SHAPE), torch.zeros(SHAPE)))
    inputs = [ct.TensorType(name=name, shape=SHAPE) for name in ("x", "g")]
    model = ct.convert(traced, inputs=inputs, minimum_deployment_target=ct.target.iOS17, skip_model_load=True)
    package = pathlib.Path(f"{type(module).__name__}.mlpackage")
    model.save(str(package))
    held = b"".join(path.read_bytes() for path in package.rglob("weight.bin"))
    return len(held), held.count(0) > 0.99 * len(held)


where, filled = stored(Where()), stored(MaskedFill())
print(f"where: {where[0]} bytes of weights, zeros: {where[1]} | masked_fill: {filled[0]} bytes")
if where[0] < 2 * 64 * 32 * 32 or not where[1] or filled[0]:
    sys.exit("changed: expected a tensor of zeros for `where` and no weights for `masked_fill`")
END
