"""Characters made in a browser beside those of Python, from the same aligned faces: parameters and pictures.

    python bench/browser_parity.py portraits --count 10 --landmarker FILE.task -o bench/results/browser_parity.json

Needs Node, Chromium and the page's packages (`make web`). The browser runs the library `CharacterMaker` of a page that
`f2p-deploy embed web` makes of the demo bundle; Python runs the same artifact with ONNX Runtime. `--provider webgpu`
uses Chromium's software adapter.
"""

import argparse
import base64
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import align_photo, choose_finder
from f2p_deploy.artifact.parity import FLOORS
from f2p_deploy.embed import default_onnx_artifact, embed_web
from f2p_deploy.runtimes import load, search
from f2p_deploy.runtimes.graph_calls import render
from f2p_deploy.system.errors import PhotoError
from f2p_deploy.training.data.portraits import list_photos

WEB = Path(__file__).parents[1] / "web"
MODES = ("one-shot", "iterative", "hybrid")


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return the PSNR of two uint8 pictures in dB, at most 100."""
    square = np.mean(((one.astype(float) - other) / 255) ** 2)
    return float(min(100.0, -10 * np.log10(max(square, 1e-12))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("portraits", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--landmarker", type=Path)
    parser.add_argument("--provider", choices=("wasm", "webgpu"), default="wasm")
    parser.add_argument("-o", "--out", type=Path)
    words = parser.parse_args()
    artifact = default_onnx_artifact()
    runtime = load(artifact.folder, "onnxruntime")
    finder, template = choose_finder(words.landmarker), runtime.settings.alignment.landmarks
    faces: dict[str, np.ndarray] = {}
    for path in list_photos(words.portraits):
        try:
            faces[path.stem] = align_photo(path, finder, template, artifact.manifest.image_size).image
        except PhotoError as error:
            print(f"left out: {error}")
        if len(faces) == words.count:
            break
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        embed_web(artifact, folder / "web", ort=WEB / "node_modules" / "onnxruntime-web")
        encoded = {name: base64.b64encode(face.tobytes()).decode() for name, face in faces.items()}
        (folder / "faces.json").write_text(json.dumps(encoded))
        command = ["node", "bench/characters.mjs", str(folder / "web"), str(folder / "faces.json"), words.provider]
        ran = subprocess.run(command, cwd=WEB, capture_output=True, check=True)
    found = json.loads(ran.stdout)
    rows = {}
    n_c = runtime.schema.n_c
    for mode in MODES:
        controllers, options, pictures, losses = [], [], [], []
        for name, face in faces.items():
            made = search.generate(runtime, face, mode)  # type: ignore[arg-type]
            own, other = made.parameters.values, np.array(found["characters"][name][mode]["values"], np.float32)
            controllers.append(float(np.abs(own[:n_c] - other[:n_c]).max()))
            options.append(bool(np.array_equal(own[n_c:], other[n_c:])))
            picture = np.frombuffer(base64.b64decode(found["characters"][name][mode]["picture"]), np.uint8)
            pictures.append(psnr(render(runtime, made.parameters).reshape(-1), picture))
            if made.losses:
                last = found["characters"][name][mode]["losses"][-1]
                losses.append(abs(last - made.losses[-1]) / made.losses[-1])
        rows[mode] = {
            "controllers_max_abs_difference": max(controllers),
            "controllers_median_of_max": float(np.median(controllers)),
            "same_options": f"{sum(options)} of {len(options)}",
            "psnr_min_db": round(min(pictures), 1),
            "psnr_median_db": round(float(np.median(pictures)), 1),
            "last_loss_relative_difference": max(losses, default=0.0),
        }
    facts = {
        "browser": f"Chromium {found['browser']}",
        "provider": words.provider,
        "golden": found["golden"],
        "faces": len(faces),
        "floors_fp32": {"controllers": FLOORS["fp32"].controllers, "render": FLOORS["fp32"].render},
        "modes": rows,
    }
    print(json.dumps(facts, indent=2))
    if words.out is not None:
        words.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
