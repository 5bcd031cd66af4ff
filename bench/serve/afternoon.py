"""What one writes in an afternoon: a FastAPI route around the networks, for comparison with `f2p-deploy serve`.

    python -m uvicorn --app-dir bench/serve afternoon:app --port 8000 --log-level warning

F2P_ARTIFACT names the artifact; the demo bundle's own if not given.
"""

import os
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Form, HTTPException, UploadFile

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes import load, search
from f2p_deploy.system.errors import F2PError

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"

app = FastAPI()
runtime = load(os.environ.get("F2P_ARTIFACT") or DEMO, "onnxruntime")
finder = NetworkFinder()


@app.get("/readyz")
def ready() -> dict[str, str]:
    """Answer once the module is loaded."""
    return {"status": "ok"}


@app.post("/v1/characters")
def characters(photo: UploadFile, mode: Annotated[str, Form()] = "hybrid") -> dict[str, Any]:
    """Make a character; FastAPI runs this in one of its forty threads."""
    try:
        face = align_content(photo.file.read(), "photo", finder, runtime.settings)
        made = search.generate(runtime, face.image, mode, shape=face.landmarks.shape)  # type: ignore[arg-type]
    except F2PError as error:
        raise HTTPException(422, str(error)) from error
    return {"parameters": to_json(made.parameters), "mode": made.mode}
