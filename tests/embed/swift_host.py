"""Runs F2PKit's Swift where there is a Swift compiler: with stand-ins for Apple's frameworks, and this process behind."""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.mil.program import Program

STAND_INS = Path(__file__).parent / "apple"

#: The frameworks, in the order in which they import one another.
FRAMEWORKS = {"CoreGraphics": [], "CoreVideo": [], "CoreML": ["CoreVideo"], "Vision": ["CoreGraphics", "CoreML"]}


def swift_compiler() -> str:
    """Return the Swift compiler's command; empty where there is none (OpenStack has a `swift`, too)."""
    found = shutil.which("swift")
    if found is None:
        return ""
    with suppress(OSError, subprocess.TimeoutExpired):
        said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=60, check=False)
        if "Swift version" in said.stdout + said.stderr:
            return found
    return ""


def with_stand_ins(package: Path) -> None:
    """Add stand-ins for Apple's frameworks to a Swift package; its own sources stay as they are."""
    shutil.copytree(STAND_INS, package / "Apple")
    manifest = package / "Package.swift"
    text = manifest.read_text()
    for name, needs in FRAMEWORKS.items():
        listed = ", ".join(f'"{need}"' for need in needs)
        target = f'.target(name: "{name}", dependencies: [{listed}], path: "Apple/{name}"),\n        '
        text = text.replace('.target(name: "F2PCore"),', target + '.target(name: "F2PCore"),')
    names = ", ".join(f'"{name}"' for name in FRAMEWORKS)
    text, count = re.subn(r'dependencies: \["F2PCore", "F2PKitC"\]', f'dependencies: ["F2PCore", "F2PKitC", {names}]', text)
    assert count == 1
    manifest.write_text(text)


@contextmanager
def host(folder: Path, faces: Any = None) -> Iterator[dict[str, str]]:
    """Answer the stand-ins for as long as the block runs; yields the environment that they need.

    Args:
        folder: where the pipes lie.
        faces: what finds the landmarks of a photo, if Vision is to be asked.
    """
    for name in ("requests", "answers"):
        os.mkfifo(folder / name)
    programs: dict[tuple[str, str | None], Program] = {}
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            with (folder / "requests").open("rb") as stream:
                content = stream.read()
            if not content:
                continue
            head, _, body = content.partition(b"\n")
            try:
                answer, given = _answer(json.loads(head), body, programs, faces)
            except Exception as error:  # whatever it is, the other side is to hear of it
                answer, given = {"what": "error", "model": f"{type(error).__name__}: {error}", "values": []}, b""
            line = json.dumps({"length": len(given), "model": "", **answer}).encode() + b"\n"
            with (folder / "answers").open("wb") as stream:
                stream.write(line + given)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield {**os.environ, "F2P_HOST": str(folder), "HOME": str(folder)}
    finally:
        stop.set()
        with suppress(OSError):
            os.close(os.open(folder / "requests", os.O_WRONLY | os.O_NONBLOCK))
        thread.join(timeout=10)


def _answer(
    asked: dict[str, Any], body: bytes, programs: dict[tuple[str, str | None], Program], faces: Any
) -> tuple[dict[str, Any], bytes]:
    if asked["what"] == "faces":
        shape = asked["values"][0]["shape"]
        photo = np.frombuffer(body, np.uint8).reshape(shape)[..., :3]
        return _regions(faces(np.ascontiguousarray(photo)))
    key = (asked["model"], asked.get("function"))
    if key not in programs:
        programs[key] = Program(Path(asked["model"]), *([] if key[1] is None else [key[1]]))
    program = programs[key]
    if asked["what"] == "load":
        inputs = program.function.inputs.items()
        return {"what": "loaded", "values": [_value(name, tuple(declared.shape)) for name, declared in inputs]}, b""
    given, start = {}, 0
    for value in asked["values"]:
        kind, size = (np.uint8, 1) if value["bytes"] == "bgra" else (np.float32, 4)
        count = int(np.prod(value["shape"]))
        array = np.frombuffer(body[start : start + size * count], kind).reshape(value["shape"])
        start += size * count
        # A pixel buffer says how its bytes lie, and Core ML turns them into what the program declares.
        given[value["name"]] = array[..., 2::-1].transpose(0, 3, 1, 2).astype(np.float32) if size == 1 else array
    found = {name: np.asarray(value, np.float32) for name, value in program.compute(given).items()}
    answer = {"what": "computed", "values": [_value(name, value.shape) for name, value in found.items()]}
    return answer, b"".join(np.ascontiguousarray(value).tobytes() for value in found.values())


def _value(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "bytes": "f32"}


def _regions(faces: list[dict[str, np.ndarray]]) -> tuple[dict[str, Any], bytes]:
    """Return the outlines of faces; a `box` of origin and size ends each."""
    values, content = [], b""
    for face in faces:
        for name in ("leftEye", "rightEye", "noseCrest", "outerLips", "box"):
            values.append(_value(name, face[name].shape))
            content += np.ascontiguousarray(face[name], np.float32).tobytes()
    return {"what": "faces", "values": values}, content
