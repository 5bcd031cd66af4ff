#!/usr/bin/env bash
# Runs everything that needs an NVIDIA GPU: the GPU tests, then the benchmarks. Under 8 minutes, no network.
#
#     bench/gpu.sh [FOLDER]        (PYTHON=/path/to/python selects another Python)
#
# Needs Python 3.11 with PyTorch, numpy, pillow, typer, rich, safetensors, packaging, pytest, onnx and onnxruntime. Uses if
# installed: tensorrt or tensorrt-rtx with cuda-python, onnxruntime-gpu, the TensorRT-RTX plugin, scikit-image, nvidia-smi,
# lightning-fabric and tomli-w and tensorboard (an update of each stage of training).
# Writes FOLDER/gpu.json and FOLDER/gpu.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python3}" bench/gpu.py "${1:-build/gpu}"
