#!/usr/bin/env bash
# A thread that made an OpenVINO Core keeps the signal stack that came with it after the Core has freed its memory.
#
# Package:  openvino 2026.4.1
# Platform: Linux x86-64, the CPU device
# Expected: making and dropping a Core leaves the signal handling of the process as it was, in whatever order and on
#           whatever thread that happens.
# Happens:  the CPU plugin gives the thread that loads it an alternate signal stack (sigaltstack). It takes it back only
#           when it ends on that same thread. Dropped on another thread, as garbage collection may do, the memory is
#           unmapped while the first thread still has it as its signal stack. Python's handlers ask for that stack, so
#           the next signal that Python listens to, Ctrl-C for one, has nowhere to go. (No signal is sent here.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 openvino==2026.4.1
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import ctypes
import gc
import platform
import sys
import threading

import numpy as np
import openvino
from openvino import opset13


class Stack(ctypes.Structure):
    """The stack_t of sigaltstack(2)."""

    _fields_ = [("pointer", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]


def signal_stack() -> str:
    """Return what this thread has for a signal stack: none, mapped or unmapped memory."""
    stack = Stack()
    ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack))
    if not stack.pointer:
        return "none"
    with open("/proc/self/maps", encoding="ascii") as maps:
        ranges = [[int(end, 16) for end in line.split()[0].split("-")] for line in maps]
    inside = any(low <= stack.pointer < high for low, high in ranges)
    return "mapped" if inside else "unmapped"


def used() -> list[object]:
    """Return a Core and a graph that it has compiled."""
    x = opset13.parameter([1, 4], np.float32)
    core = openvino.Core()
    return [core, core.compile_model(openvino.Model([opset13.relu(x)], [x]), "CPU")]


print("openvino", openvino.__version__, "| Python", platform.python_version())
found = {"at first": signal_stack()}
held = used()
found["with a Core"] = signal_stack()
held.clear()
gc.collect()
found["dropped on this thread"] = signal_stack()
held = used()
other = threading.Thread(target=lambda: (held.clear(), gc.collect()))
other.start()
other.join()
found["dropped on another thread"] = signal_stack()
for when, what in found.items():
    print(f"{when}: {what}")
if list(found.values()) != ["none", "mapped", "none", "unmapped"]:
    sys.exit("changed: the signal stack of the thread that made a Core no longer outlives its memory")
END
