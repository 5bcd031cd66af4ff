"""Faces found in a browser beside those found by Python, from the same photo files.

    python bench/browser_landmarks.py portraits_small --count 40 -o bench/results/browser_landmarks.json

Both use the package's own face finder. Browsers decode and shrink photos their own way, so the points differ a little.
Reported: the mean distance of the five points / the distance of the eyes, whether both suggest the same mode, and how
far the sliders of the hybrid character are apart. Needs Node, Chromium and the page's packages (`make web`).
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import NetworkFinder, align_photo
from f2p_deploy.alignment.both_ways import disagreement
from f2p_deploy.alignment.judgement import frontal_sharp_large
from f2p_deploy.embed import default_onnx_artifact, embed_web
from f2p_deploy.runtimes import load, search
from f2p_deploy.system.errors import PhotoError
from f2p_deploy.training.data.portraits import list_photos

WEB = Path(__file__).parents[1] / "web"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("-o", "--out", type=Path)
    words = parser.parse_args()
    photos = list_photos(words.photos)
    photos = photos[:: max(1, len(photos) // words.count)][: words.count]
    artifact = default_onnx_artifact()
    with tempfile.TemporaryDirectory() as temporary:
        embed_web(artifact, Path(temporary) / "web", ort=WEB / "node_modules" / "onnxruntime-web")
        command = ["node", "bench/landmarks.mjs", str(Path(temporary) / "web"), *(str(p.absolute()) for p in photos)]
        ran = subprocess.run(command, cwd=WEB, capture_output=True, check=True)
    browser = json.loads(ran.stdout)
    runtime = load(artifact.folder, "onnxruntime")
    finder, template, n_c = NetworkFinder(), runtime.settings.alignment.landmarks, runtime.schema.n_c
    apart, sliders, modes, options, both_failed, failed = [], [], [], [], 0, []
    for path in photos:
        found = browser["found"][path.name]
        try:
            face = align_photo(path, finder, template, artifact.manifest.image_size)
        except PhotoError as error:
            both_failed += "error" in found
            failed += [] if "error" in found else [f"{path.name}: Python {error.reason}, the browser found a face"]
            continue
        if "error" in found:
            failed.append(f"{path.name}: Python found a face, the browser {found['error']}")
            continue
        apart.append(disagreement(np.array(found["points"]), face.landmarks.array))
        modes.append(found["mode"] == ("hybrid" if frontal_sharp_large(face)[0] else "one-shot"))
        made = search.generate(runtime, face.image, "hybrid", shape=face.landmarks.shape)
        values = np.array(found["values"], np.float32)
        sliders.append(float(np.abs(values[:n_c] - made.parameters.values[:n_c]).mean()))
        options.append(float(np.mean(_choices(values, runtime) == _choices(made.parameters.values, runtime))))
    times = [found for found in browser["found"].values() if "ms" in found]
    facts = {
        "browser": f"Chromium {browser['browser']}",
        "photos": len(photos),
        "compared": len(apart),
        "no_face_in_both": both_failed,
        "no_face_in_one": failed,
        "find_and_align_ms_median": round(float(np.median([found["ms"] for found in times])), 0),
        "points_apart_median": round(float(np.median(apart)), 5),
        "points_apart_p95": round(float(np.quantile(apart, 0.95)), 5),
        "points_apart_max": round(max(apart), 5),
        "same_mode": f"{sum(modes)} of {len(modes)}",
        "sliders_mean_difference": round(float(np.mean(sliders)), 5),
        "same_options": round(float(np.mean(options)), 4),
    }
    print(json.dumps(facts, indent=2))
    if words.out is not None:
        words.out.write_text(json.dumps(facts, indent=2) + "\n")


def _choices(values: np.ndarray, runtime: object) -> np.ndarray:
    parts = runtime.schema.discrete_slices.values()  # type: ignore[attr-defined]
    return np.array([int(values[part].argmax()) for part in parts])


if __name__ == "__main__":
    main()
