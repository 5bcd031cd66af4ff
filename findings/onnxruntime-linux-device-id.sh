#!/usr/bin/env bash
# Importing onnxruntime on Linux writes a device id and a database of events into the user's cache.
#
# Package:  onnxruntime 1.28.0 and 1.31.1
# Platform: Linux x86-64
# Expected: an import writes nothing into the user's home, as up to 1.28.0; switching telemetry off by its function leaves
#           nothing there either.
# Happens:  with 1.31.1 the bare import leaves `deviceid` and `onnxruntime.db` in ~/.cache/Microsoft/DeveloperTools;
#           Privacy.md in the wheel says that events go to Microsoft by default, on Linux too. disable_telemetry_events()
#           right after the import is too late for both files. ORT_DISABLE_TELEMETRY=1 before the import leaves none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 1.28.0 1.31.1; do
  "${PYTHON:-python3}" -m venv "$folder/$version"
  "$folder/$version/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 "onnxruntime==$version"
done

# What is in a fresh home after some Python: left VERSION CODE [VARIABLE=VALUE]
left() {
  local home
  home=$(mktemp -d -p "$folder")
  env -u XDG_CACHE_HOME -u ORT_DISABLE_TELEMETRY HOME="$home" "${@:3}" "$folder/$1/bin/python" -c "$2"
  (cd "$home" && find . -type f -printf '%f\n' | sort | tr '\n' ' ')
}

import='import onnxruntime'
off='import onnxruntime; onnxruntime.disable_telemetry_events()'
before=$(left 1.28.0 "$import")
bare=$(left 1.31.1 "$import")
switched=$(left 1.31.1 "$off")
variable=$(left 1.31.1 "$import" ORT_DISABLE_TELEMETRY=1)
"$folder/1.31.1/bin/python" -V
printf '%-46s [%s]\n' "1.28.0, import:" "$before" "1.31.1, import:" "$bare" \
  "1.31.1, disable_telemetry_events():" "$switched" "1.31.1, ORT_DISABLE_TELEMETRY=1 and import:" "$variable"
if [ -n "$before" ] || [ "$bare" != "deviceid onnxruntime.db " ] || [ "$switched" != "$bare" ] || [ -n "$variable" ]; then
  echo "changed: expected both files after an import of 1.31.1 and after the function, and none otherwise" >&2
  exit 1
fi
