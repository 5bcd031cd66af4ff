"""The golden vectors of all graphs on every runtime of this machine: one artifact, one table.

    python bench/golden_runtimes.py build/demo/onnx build/demo/coreml -o bench/results/golden_demo.json

Artifacts of ONNX graphs run with ONNX Runtime, OpenVINO, and in Chromium with onnxruntime-web, by WebAssembly and by
WebGPU (a software adapter; `make web` installs the page's packages); those of Core ML with the reference interpreter.
Each value is the worst sample's, beside its floor.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.embed import embed_web
from f2p_deploy.runtimes.verification import verify

WEB = Path(__file__).parents[1] / "web"

#: The browser library's names of measures, and Python's.
MEASURES = {
    "controllers": "parameters: controllers max abs difference",
    "identity's cosine": "identity: cosine",
    "content": "content: relative L1 difference",
    "PSNR in dB": "image: PSNR dB",
    "cosine of the update": "next_state: cosine of the update",
    "length of the update": "next_state: relative length of the update",
    "look-ahead": "lookahead: max abs difference",
    "loss": "loss: relative difference",
}


def by_python(folder: Path, runtime: str) -> dict[str, Any]:
    """Return the measures of one of the package's runtimes."""
    measured = verify(folder, runtime).measured
    graphs: dict[str, Any] = {}
    for record in measured.parity:
        row = graphs.setdefault(record.graph, {"passed": True, "measures": {}})
        row["passed"] &= record.passed
        row["measures"][f"{record.output}: {record.metric}"] = [float(f"{record.value:.3g}"), record.floor]
    return {"runtime": measured.verified_with, "graphs": graphs}


def by_browser(artifact: Artifact, provider: str) -> dict[str, Any]:
    """Return the measures of onnxruntime-web in Chromium."""
    with tempfile.TemporaryDirectory() as temporary:
        embed_web(artifact, Path(temporary) / "web", ort=WEB / "node_modules" / "onnxruntime-web")
        command = ["node", "bench/golden.mjs", str(Path(temporary) / "web"), provider]
        ran = subprocess.run(command, cwd=WEB, capture_output=True, check=True)
    found = json.loads(ran.stdout)
    graphs = {
        name: {
            "passed": graph["passed"],
            "measures": {
                MEASURES.get(m["name"], m["name"]): [float(f"{m['value']:.3g}"), m["floor"]] for m in graph["measures"]
            },
        }
        | ({"error": graph["error"]} if "error" in graph else {})
        for name, graph in found["golden"]["graphs"].items()
    }
    return {"runtime": f"onnxruntime-web, {provider}, Chromium {found['browser']}", "graphs": graphs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact", type=Path, nargs="+")
    parser.add_argument("--without", action="append", default=[], help="webgpu, wasm or a runtime's name")
    parser.add_argument("-o", "--out", type=Path)
    words = parser.parse_args()
    rows = []
    for folder in words.artifact:
        artifact = read_artifact(folder)
        runtimes = ("coreml",) if artifact.manifest.target.startswith("coreml") else ("onnxruntime", "openvino")
        rows += [by_python(folder, name) for name in runtimes if name not in words.without]
        if "coreml" not in runtimes:
            rows += [by_browser(artifact, name) for name in ("wasm", "webgpu") if name not in words.without]
    for row in rows:
        print(row["runtime"])
        for name, graph in row["graphs"].items():
            measures = "; ".join(f"{key} {value[0]:g}" for key, value in graph["measures"].items())
            print(f"  {name}: {'passed' if graph['passed'] else 'MISSED'}: {graph.get('error', measures)}")
    if words.out is not None:
        words.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
