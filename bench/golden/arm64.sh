#!/usr/bin/env bash
# The golden vectors of ONNX artifacts on arm64, by ONNX Runtime's own library for it, under qemu's emulation of a
# processor, beside this machine's. Times say nothing there; results do.
#
#     bench/golden/arm64.sh build/demo/onnx [build/demo/onnx-fp16 ...] [-o out.json]
#
# Needs Debian's qemu-user-static and debootstrap (apt-get install qemu-user-static debootstrap), and an artifact of
# the batch size 1. Downloads 150 MB into a temporary folder. PYTHON picks the Python that has f2p-deploy.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-$here/../../.venv/bin/python}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root

# The packages are unpacked and not configured: nothing of the system is started, only one program's libraries are read.
debootstrap --foreign --arch=arm64 --variant=minbase \
  --include=python3.11,libpython3.11-stdlib,libstdc++6 bookworm "$root" http://deb.debian.org/debian >"$folder/log" ||
  { tail -3 "$folder/log" >&2; exit 1; }
for package in "$root"/var/cache/apt/archives/*.deb; do dpkg -x "$package" "$root"; done

"$python" -m pip download -qq --disable-pip-version-check --only-binary=:all: \
  --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 \
  --python-version 3.11 --implementation cp -d "$folder/wheels" numpy==2.4.6 onnxruntime==1.31.1
for wheel in "$folder"/wheels/*.whl; do "$python" -m zipfile -e "$wheel" "$folder/site"; done

# The library asks the system what the processor is; without this it would read the real one's description, and crash.
mkdir -p "$root/proc"
for number in 0 1; do
  printf 'processor\t: %s\nFeatures\t: fp asimd aes pmull sha1 sha2 crc32 atomics fphp asimdhp asimdrdm asimddp\n' $number
  printf 'CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n'
done >"$root/proc/cpuinfo"

emulated=$folder/arm64-python
cat >"$emulated" <<END
#!/bin/sh
exec env PYTHONPATH=$folder/site ORT_DISABLE_TELEMETRY=1 qemu-aarch64-static -cpu cortex-a76 -L $root $root/usr/bin/python3.11 "\$@"
END
chmod +x "$emulated"

artifacts=()
while [ $# -gt 0 ] && [ "$1" != -o ]; do artifacts+=("$1"); shift; done
for artifact in "${artifacts[@]}"; do
  "$python" "$here/measure.py" onnxruntime "$artifact" --python "$python" "$@"
  "$python" "$here/measure.py" onnxruntime "$artifact" --python "$emulated" "$@"
done
