"""What each graph of a bundle is calibrated on, worked out from real faces by the bundle itself."""

from dataclasses import dataclass

import numpy as np
import torch

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.character.parameters import harden
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.one_shot import one_shot
from f2p_deploy.model.reference import reference_iterate
from f2p_deploy.model.search_loss import describer
from f2p_deploy.model.state import first_state, state_from
from f2p_deploy.system.errors import InputError

#: One face in so many is kept out of the ranges: on those, choices are judged.
JUDGED_ONE_IN = 4

#: At most so many faces are judged; a floor on the worst of them is as hard as any.
JUDGED = 32

#: Faces at a time in PyTorch.
BATCH = 16


@dataclass(frozen=True)
class CalibrationInputs:
    """Real inputs of one graph, tensors by name, K rows each.

    Args:
        measured: what ranges are taken from.
        judged: of other faces; what choices are measured on.
    """

    measured: Arrays
    judged: Arrays

    @property
    def count(self) -> int:
        """How many inputs ranges are taken from."""
        return len(next(iter(self.measured.values())))


def calibration_inputs(bundle: Bundle, faces: np.ndarray, graph: str) -> CalibrationInputs:
    """Return what a graph is calibrated on.

    Args:
        bundle: the networks.
        faces: (N, 3, S, S) float32 RGB in [0, 1], in the set's own order, N at least `JUDGED_ONE_IN`.
        graph: `one_shot` and `describe` take the faces, `render` the characters that one-shot generation makes of them
            (as probabilities, and with one option chosen), `step` states on the way to each face.

    Raises:
        InputError: too few faces, or no such graph.
    """
    if len(faces) < JUDGED_ONE_IN:
        raise InputError(f"calibration needs at least {JUDGED_ONE_IN} faces, found {len(faces)}")
    if graph not in _INPUTS:
        raise InputError(f"nothing to calibrate the graph {graph!r} on. Available: {', '.join(_INPUTS)}")
    measured = np.arange(len(faces)) % JUDGED_ONE_IN != JUDGED_ONE_IN - 1
    make = _INPUTS[graph]
    return CalibrationInputs(make(bundle, faces[measured]), make(bundle, faces[judged_rows(len(faces))]))


def judged_rows(count: int) -> np.ndarray:
    """Return which of so many faces give no range: at most `JUDGED`, evenly spread."""
    kept_out = np.arange(JUDGED_ONE_IN - 1, count, JUDGED_ONE_IN)
    return kept_out[np.unique(np.linspace(0, len(kept_out) - 1, min(JUDGED, len(kept_out))).astype(int))]


def _faces(bundle: Bundle, faces: np.ndarray) -> dict[str, np.ndarray]:
    return {"face": faces}


def _characters(bundle: Bundle, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Return the characters of faces as the imitator is given them: mixtures in a search, one option when drawn."""
    made = np.concatenate([one_shot(bundle, part) for part in _parts(faces)])
    chosen = np.stack([harden(row, bundle.schema, bundle.settings.default_lead) for row in made])
    return {"parameters": np.concatenate([made, chosen]).astype(np.float32)}


def _states(bundle: Bundle, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each face the state that a search begins at, one on its way, and one-shot's."""
    settings, n_c = bundle.settings.iterative, bundle.schema.n_c
    rows: dict[str, list[np.ndarray]] = {"state": [], "identity": [], "content": []}
    for part in _parts(faces):
        with torch.no_grad():
            identity, content = describer(bundle)(part)
        searched = torch.from_numpy(reference_iterate(bundle, part, settings).parameters)
        made = torch.from_numpy(one_shot(bundle, part))
        starts = (first_state(bundle, len(part)), *(state_from(p, n_c, settings.beta) for p in (searched, made)))
        for state in starts:
            for name, value in (("state", state), ("identity", identity), ("content", content)):
                rows[name].append(value.numpy())
    return {name: np.concatenate(values).astype(np.float32) for name, values in rows.items()}


_INPUTS = {"one_shot": _faces, "describe": _faces, "render": _characters, "step": _states}


def _parts(faces: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(faces[start : start + BATCH]) for start in range(0, len(faces), BATCH)]
