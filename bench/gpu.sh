#!/usr/bin/env bash
# Everything that only an NVIDIA card can show, in one go: the GPU tests, then the benchmarks. Under 8 minutes, no network.
#
#     bench/gpu.sh [FOLDER]        (PYTHON=/path/to/python chooses another one)
#
# Needs Python 3.11 with PyTorch, numpy, pillow, typer, rich, safetensors, packaging, pytest, onnx and onnxruntime; uses what
# else is there: tensorrt or tensorrt-rtx with cuda-python, onnxruntime-gpu, the TensorRT-RTX plugin, scikit-image, nvidia-smi.
# Leaves FOLDER/gpu.json and FOLDER/gpu.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python3}" bench/gpu.py "${1:-build/gpu}"
