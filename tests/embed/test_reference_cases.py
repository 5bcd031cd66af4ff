"""The test cases for F2PKit: complete, of every kind, and valid JSON."""

import base64
import json

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.character.parameter_files import from_json
from f2p_deploy.character.schema import Schema
from f2p_deploy.embed.reference_cases import SIZE, reference_cases


def test_the_cases(coreml_artifact: Artifact) -> None:
    cases = json.loads(json.dumps(reference_cases(coreml_artifact)))
    schema = Schema.from_dict(coreml_artifact.manifest.schema)
    for case in cases["characters"]:
        character = from_json(json.loads(case["json"]), schema)
        assert np.array_equal(character.values, np.array(case["values"], np.float32))
        assert sorted(character.locked) == case["locked"]
    locked, free = cases["characters"]
    assert locked["locked"] and not free["locked"]
    assert '"hair": "' in locked["json"] and '"hair": {' in free["json"], "one-hot and probabilities are both there"
    assert np.abs(np.array(cases["smoothed"]) - cases["soft"]).max() < 1e-5
    assert cases["hardened"] != cases["soft"]
    assert cases["options"]["cases"] and cases["trueLoss"]["loss"] > 0
    photo = base64.b64decode(cases["photo"]["pixels"])
    assert len(photo) == 3 * cases["photo"]["edge"] ** 2
    scales = []
    for warp in cases["warps"]:
        pixels = np.frombuffer(base64.b64decode(warp["pixels"]), np.uint8)
        assert pixels.size == 3 * SIZE * SIZE and pixels.std() > 10
        assert warp["residual"] < 1e-6
        scales.append(np.hypot(warp["matrix"][0][0], warp["matrix"][1][0]))
    assert scales[0] > 1 and scales[1] < 0.5, "drawn larger, and averaged over whole pixels first"
