"""Real photos and characters in the place of some generated ones; schemathesis_run.py loads it into Schemathesis."""

import io
import json
import random

import schemathesis
from PIL import Image
from schemathesis.generation import GenerationMode
from skimage import data

from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema

REAL = to_json(average(load_schema("makehuman")))

_file = io.BytesIO()
Image.fromarray(data.astronaut()[:320, 80:400]).save(_file, "JPEG", quality=95)
PHOTO = _file.getvalue()

#: Share of the valid requests that become real ones, so that the networks run, too.
SHARE = 0.25

_choice = random.Random(0)


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """Put a real character, with some of the generated values, or a real photo into some of the valid requests."""
    body = case.body
    if not isinstance(body, dict) or case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if _choice.random() >= SHARE:
        return
    values = list((body.get("controllers") or {}).values())
    changed = dict(zip(_choice.sample(sorted(REAL["controllers"]), min(9, len(values))), values, strict=False))
    real = json.loads(json.dumps(REAL)) | {"controllers": REAL["controllers"] | changed}
    if "photo" in body:  # a copy: other cases share the body
        case.body = body | {"photo": PHOTO} | ({"keep": real} if "keep" in body else {})
    else:
        case.body = body | real
