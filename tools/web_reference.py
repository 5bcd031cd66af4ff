"""Write what the tests of `web/` need: cases that the Python code computes, a page of the demo bundle, and photos.

    python tools/web_reference.py              # into build/web-reference
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from f2p_deploy.alignment import find_landmarker_model
from f2p_deploy.alignment.sample_faces import write_sample_photo
from f2p_deploy.alignment.sharpness import sharpness_and_brightness
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.golden import samples_of
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.embed import default_onnx_artifact, embed_web
from f2p_deploy.embed.kotlin_cases import decimal_cases, quick_warp_cases
from f2p_deploy.embed.reference_cases import reference_cases
from f2p_deploy.embed.web_contract import web_contract

ROOT = Path(__file__).resolve().parents[1]

#: Shift and scale of the photo's face in the cases of sharpness.
_PLACES = ((0.0, 1.0), (-20.0, 1.3))


def page_cases(artifact: Artifact) -> dict[str, Any]:
    """Return the cases that only the page has: decimals as Python writes them, sharpness, squares for networks."""
    face = samples_of(artifact, artifact.golden(), "one_shot").inputs["face"][0]
    photo = np.rint(face.transpose(1, 2, 0) * 255.0).astype(np.uint8)
    template = artifact.manifest.settings["alignment"]["landmarks"]
    points = np.array([template[name] for name in LANDMARKS]) * len(photo)
    cases = []
    for shift, scale in _PLACES:
        matrix = np.array([[scale, 0.0, shift], [0.0, scale, shift]])
        sharpness, _ = sharpness_and_brightness(photo, matrix, points, len(photo))
        cases.append({"shift": shift, "scale": scale, "sharpness": sharpness})
    facts = {"decimals": decimal_cases(), "quickWarps": quick_warp_cases(photo)}
    return facts | {"points": points.tolist(), "sharpness": cases}


def write_photos(folder: Path) -> None:
    """Write the sample photo, the same with 20 megapixels, a picture without a face, and a file that is no picture."""
    folder.mkdir(exist_ok=True)
    with Image.open(write_sample_photo(folder)) as sample:
        photo = sample.convert("RGB")
    photo.save(folder / "photo.jpg", quality=92)
    large = Image.new("RGB", (5200, 3900), (120, 130, 140))
    large.paste(photo.resize((3000, 3000), Image.Resampling.BICUBIC), (1100, 500))
    large.save(folder / "large.jpg", quality=85)
    Image.linear_gradient("L").resize((800, 600)).convert("RGB").save(folder / "no-face.jpg")
    (folder / "text.jpg").write_text("this is no picture")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?", default=ROOT / "build" / "web-reference")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    artifact = default_onnx_artifact()
    for name, content in (
        ("reference", reference_cases(artifact) | page_cases(artifact)),
        ("contract", web_contract(artifact, {})),
    ):
        (out / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    write_photos(out / "photos")
    modules = ROOT / "web" / "node_modules"
    embed_web(artifact, out / "page", ort=modules / "onnxruntime-web")
    if (model := find_landmarker_model()) is not None:
        library = modules / "@mediapipe" / "tasks-vision"
        embed_web(
            artifact,
            out / "page-mediapipe",
            ort=modules / "onnxruntime-web",
            webgpu=False,
            landmarker=model,
            tasks_vision=library,
        )


if __name__ == "__main__":
    main()
