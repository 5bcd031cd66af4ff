"""Test cases for F2PKit (`reference.json`): inputs, and the outputs that the Python code computes."""

import base64
import json
from typing import Any

import numpy as np

from f2p_deploy.alignment.warp import fit_similarity, transform, warp
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.golden import samples_of
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.character.parameters import Parameters, harden, smooth
from f2p_deploy.character.schema import Schema
from f2p_deploy.embed.option_cases import loss_case, option_cases
from f2p_deploy.model.settings import BundleSettings, from_data
from f2p_deploy.runtimes.search import state_of

#: Edge of the warped squares.
SIZE = 48

#: Rotation in degrees, and size of a face in its photo / its size in the square: one case is enlarged, one reduced.
_WARPS = ((12.0, 0.9), (-20.0, 2.6))

_BETA = 3.0


def reference_cases(artifact: Artifact) -> dict[str, Any]:
    """Return the inputs and outputs of the test cases; pictures are 8-bit RGB in base64."""
    schema = Schema.from_dict(artifact.manifest.schema, f"{artifact.folder}: schema")
    settings: BundleSettings = from_data(BundleSettings, artifact.manifest.settings, f"{artifact.folder}: settings")
    golden = artifact.golden()
    soft = samples_of(artifact, golden, "one_shot").reference["parameters"][0]
    hard = Parameters(schema, harden(soft, schema), frozenset(list(schema.controller_index)[::7]))
    soft = Parameters(schema, smooth(state_of(soft[None], schema.n_c, _BETA)[0], schema, _BETA)).values
    state = state_of(soft[None], schema.n_c, _BETA)[0]
    face = samples_of(artifact, golden, "one_shot").inputs["face"][0]
    photo = np.rint(face.transpose(1, 2, 0) * 255.0).astype(np.uint8)
    return {
        "characters": [
            {"values": character.values.tolist(), "locked": sorted(character.locked), "json": _json(character)}
            for character in (hard, Parameters(schema, soft))
        ],
        "beta": _BETA,
        "soft": soft.tolist(),
        "state": state.tolist(),
        "smoothed": smooth(state, schema, _BETA).tolist(),
        "hardened": harden(soft, schema).tolist(),
        "hardenedWithLead": harden(soft, schema, 0.5).tolist(),
        "options": option_cases(artifact, soft),
        "trueLoss": loss_case(artifact),
        "photo": {"edge": photo.shape[0], "pixels": _base64(photo)},
        "size": SIZE,
        "warps": [_warp(photo, settings, turn, scale) for turn, scale in _WARPS],
    }


def _warp(photo: np.ndarray, settings: BundleSettings, turn: float, scale: float) -> dict[str, Any]:
    """Return the landmarks of a rotated face in the middle of the photo, and the square that it is warped to."""
    template = np.array([settings.alignment.landmarks[name] for name in LANDMARKS])
    angle = np.deg2rad(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = (template - 0.5) @ rotation * scale * SIZE + photo.shape[0] / 2
    matrix = fit_similarity(points, template * SIZE)
    return {
        "landmarks": points.tolist(),
        "matrix": matrix.tolist(),
        "residual": float(np.abs(transform(matrix, points) - template * SIZE).max()),
        "pixels": _base64(warp(photo, matrix, SIZE)),
    }


def _json(parameters: Parameters) -> str:
    return json.dumps(to_json(parameters), indent=2, ensure_ascii=False) + "\n"


def _base64(picture: np.ndarray) -> str:
    return base64.b64encode(picture.tobytes()).decode("ascii")
