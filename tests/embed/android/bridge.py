"""Computes for the stand-ins of ONNX Runtime's Java classes (`onnxruntime/OnnxRuntime.kt`), by ONNX Runtime itself.

A request on standard input is two texts, what to do and the graph's path, and named tensors; all numbers are
big-endian, tensors little-endian. The answer is a count and as many named float32 tensors, or -1 and a sentence.

With `F2P_TURNED=step` in the environment, the update of that graph points the other way, while its loss is right: what
a runtime with a wrong gradient does.
"""

import os
import struct
import sys

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime  # noqa: E402

_TYPES = {"FLOAT": np.dtype("<f4"), "UINT8": np.dtype("u1")}


def read(count: int) -> bytes:
    content = sys.stdin.buffer.read(count)
    if len(content) < count:
        sys.exit(0)
    return content


def read_int() -> int:
    return struct.unpack(">i", read(4))[0]


def read_text() -> str:
    return read(read_int()).decode()


def read_tensors() -> dict[str, np.ndarray]:
    tensors = {}
    for _ in range(read_int()):
        name, kind = read_text(), _TYPES[read_text()]
        shape = struct.unpack(f">{(rank := read_int())}q", read(8 * rank))
        count = int(np.prod(shape)) * kind.itemsize
        tensors[name] = np.frombuffer(read(count), kind).reshape(shape)
    return tensors


def write_text(text: str) -> None:
    content = text.encode()
    sys.stdout.buffer.write(struct.pack(">i", len(content)) + content)


def answer(sessions: dict[str, onnxruntime.InferenceSession]) -> dict[str, np.ndarray]:
    what, path, tensors = read_text(), read_text(), read_tensors()
    if path not in sessions:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        sessions[path] = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    if what == "open":
        return {}
    session = sessions[path]
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(names, tensors), strict=True))
    if os.path.basename(path) == f"{os.environ.get('F2P_TURNED')}.onnx":
        found["next_state"] = 2 * found["lookahead"] - found["next_state"]
    return found


def main() -> None:
    sessions: dict[str, onnxruntime.InferenceSession] = {}
    while True:
        try:
            found = answer(sessions)
        except Exception as error:  # every error is told to the other process
            sys.stdout.buffer.write(struct.pack(">i", -1))
            write_text(str(error).splitlines()[0])
        else:
            sys.stdout.buffer.write(struct.pack(">i", len(found)))
            for name, value in found.items():
                write_text(name)
                content = np.ascontiguousarray(value, "<f4").tobytes()
                sys.stdout.buffer.write(struct.pack(">i", len(content)) + content)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
