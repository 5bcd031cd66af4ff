"""Real characters in the place of some generated ones; schemathesis_run.py loads it into Schemathesis."""

import json
import random

import schemathesis
from schemathesis.generation import GenerationMode

from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema

REAL = to_json(average(load_schema("makehuman")))

#: Share of the valid requests that become real ones, so that the networks run, too.
SHARE = 0.25

_choice = random.Random(0)


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """Put a real character, with some of the generated values, into some of the valid requests to draw one.

    A form is left alone: Schemathesis 4.32.5 takes a changed one with bytes in it for invalid.
    """
    body = case.body
    valid = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    if not valid or not isinstance(body, dict) or "photo" in body or _choice.random() >= SHARE:
        return
    values = list((body.get("controllers") or {}).values())
    changed = dict(zip(_choice.sample(sorted(REAL["controllers"]), min(9, len(values))), values, strict=False))
    real = json.loads(json.dumps(REAL)) | {"controllers": REAL["controllers"] | changed}
    case.body = body | real  # a copy: other cases share the body
