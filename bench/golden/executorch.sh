#!/usr/bin/env bash
# The golden vectors of an artifact with ExecuTorch.
#
#     bench/golden/executorch.sh build/demo/onnx --bundle BUNDLE [-o out.json]
#
# Installs pinned public packages into a temporary environment (2 GB). PYTHON picks the Python that has f2p-deploy,
# and PyTorch of the same version.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-$here/../../.venv/bin/python}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check \
  --extra-index-url https://download.pytorch.org/whl/cpu \
  executorch==1.5.1 torch==2.13.0
"$python" "$here/measure.py" executorch --python "$folder/venv/bin/python" "$@"
