#!/usr/bin/env bash
# The golden vectors of an artifact with MNN.
#
#     bench/golden/mnn.sh build/demo/onnx [-o out.json]
#
# Installs pinned public packages into a temporary environment. PYTHON picks the Python that has f2p-deploy.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-$here/../../.venv/bin/python}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check MNN==3.6.1 numpy==2.4.6
"$python" "$here/measure.py" mnn --python "$folder/venv/bin/python" "$@"
