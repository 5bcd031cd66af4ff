#!/usr/bin/env bash
# Importing onnxruntime on Linux writes a device id and a database of events into the user's cache.
#
# Package:  onnxruntime 1.31.1
# Platform: Linux x86-64
# Expected: an import writes nothing into the user's home, as that of 1.28 does not; and the function that switches
#           telemetry off leaves nothing there.
# Happens:  the bare import leaves `deviceid` and `onnxruntime.db` in ~/.cache/Microsoft/DeveloperTools; Privacy.md in the
#           wheel says that events go to Microsoft by default, on Linux too. disable_telemetry_events() right after the
#           import is too late for both files. ORT_DISABLE_TELEMETRY=1 before the import leaves none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 onnxruntime==1.31.1
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version

print("onnxruntime", version("onnxruntime"), "| Python", platform.python_version())


def left(program: str, **variables: str) -> list[str]:
    """Return the names of the files in a fresh home after a program."""
    home = tempfile.mkdtemp(dir=".")
    kept = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY")}
    subprocess.run([sys.executable, "-c", program], env={**kept, "HOME": os.path.abspath(home), **variables}, check=True)
    return sorted(path.name for path in pathlib.Path(home).rglob("*") if path.is_file())


bare = left("import onnxruntime")
switched = left("import onnxruntime; onnxruntime.disable_telemetry_events()")
variable = left("import onnxruntime", ORT_DISABLE_TELEMETRY="1")
print("left by the import:", bare, "| with disable_telemetry_events():", switched, "| with the variable:", variable)
if (bare, switched, variable) != (["deviceid", "onnxruntime.db"], ["deviceid", "onnxruntime.db"], []):
    sys.exit("changed: expected both files after the import and after the function, and none with the variable")
END
