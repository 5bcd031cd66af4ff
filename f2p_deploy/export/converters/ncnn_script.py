"""Converts traced modules of TorchScript to ncnn's files; it runs in the Python that pnnx is installed in.

    python ncnn_script.py convert TRACED.pt GRAPH.ncnn.param GRAPH.ncnn.bin 1,3,256,256 [more shapes]
"""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import converter_script


def convert_to_ncnn(words: list[str]) -> dict[str, object]:
    """Convert a traced module; pnnx writes its other files beside it.

    Returns:
        `unknown`: operations that ncnn does not have, which it would refuse to load.
    """
    traced, param, content, *shapes = words
    found = find_spec("pnnx")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("pnnx is not installed")
    program = Path(found.origin).with_name("pnnx")
    listed = ",".join(f"[{shape}]" for shape in shapes)
    command = [str(program), traced, f"inputshape={listed}", "fp16=0", f"ncnnparam={param}", f"ncnnbin={content}"]
    folder = Path(traced).parent
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    if ran.returncode or not Path(param).is_file():
        last = next((line for line in reversed((ran.stdout + ran.stderr).splitlines()) if line.strip()), "no message")
        raise RuntimeError(f"pnnx ended with {ran.returncode}: {last.strip()}")
    layers = [line.split()[0] for line in Path(param).read_text().splitlines()[2:] if line.strip()]
    return {"unknown": sorted({layer for layer in layers if "." in layer or "::" in layer})}


if __name__ == "__main__":
    converter_script.main(("pnnx",), convert_to_ncnn)
