"""The calibration inputs of each graph, computed from real faces with the bundle's own networks."""

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

#: Every n-th face is held out from the ranges and used to compare choices.
JUDGED_ONE_IN = 4

#: Largest number of held-out faces that are used.
JUDGED = 32

#: Batch size in PyTorch.
BATCH = 16


@dataclass(frozen=True)
class CalibrationInputs:
    """Real inputs of one graph, tensors by name, K rows each.

    Args:
        measured: the inputs from which ranges are calibrated.
        judged: held-out inputs, from other faces, on which choices are compared.
    """

    measured: Arrays
    judged: Arrays

    @property
    def count(self) -> int:
        """The number of inputs from which ranges are calibrated."""
        return len(next(iter(self.measured.values())))


def calibration_inputs(bundle: Bundle, faces: np.ndarray, graph: str) -> CalibrationInputs:
    """Return the calibration inputs of a graph.

    Args:
        bundle: holds the networks.
        faces: (N, 3, S, S) float32 RGB in [0, 1], in the set's order, with N at least `JUDGED_ONE_IN`.
        graph: `one_shot` and `describe` take the faces; `render` takes their characters by one-shot generation (with
            probabilities, and with one option chosen); `step` takes states on the way to each face.

    Raises:
        InputError: too few faces, or no such graph.
    """
    if len(faces) < JUDGED_ONE_IN:
        raise InputError(f"calibration needs at least {JUDGED_ONE_IN} faces, found {len(faces)}")
    if graph not in _INPUTS:
        raise InputError(f"there are no calibration inputs for the graph {graph!r}. Available: {', '.join(_INPUTS)}")
    measured = np.arange(len(faces)) % JUDGED_ONE_IN != JUDGED_ONE_IN - 1
    make = _INPUTS[graph]
    return CalibrationInputs(make(bundle, faces[measured]), make(bundle, faces[judged_rows(len(faces))]))


def judged_rows(count: int) -> np.ndarray:
    """Return the rows of the held-out faces among `count` faces: at most `JUDGED`, evenly spread."""
    held_out = np.arange(JUDGED_ONE_IN - 1, count, JUDGED_ONE_IN)
    return held_out[np.unique(np.linspace(0, len(held_out) - 1, min(JUDGED, len(held_out))).astype(int))]


def _faces(bundle: Bundle, faces: np.ndarray) -> dict[str, np.ndarray]:
    return {"face": faces}


def _characters(bundle: Bundle, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Return the faces' characters as probabilities, as in a search, and with one option chosen, as in a result."""
    soft = np.concatenate([one_shot(bundle, part) for part in _parts(faces)])
    hard = np.stack([harden(row, bundle.schema, bundle.settings.default_lead) for row in soft])
    return {"parameters": np.concatenate([soft, hard]).astype(np.float32)}


def _states(bundle: Bundle, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Return three states for each face: the start of a search, its result, and the one-shot prediction."""
    settings, n_c = bundle.settings.iterative, bundle.schema.n_c
    rows: dict[str, list[np.ndarray]] = {"state": [], "identity": [], "content": []}
    for part in _parts(faces):
        with torch.no_grad():
            identity, content = describer(bundle)(part)
        searched = torch.from_numpy(reference_iterate(bundle, part, settings).parameters)
        predicted = torch.from_numpy(one_shot(bundle, part))
        states = (first_state(bundle, len(part)), *(state_from(p, n_c, settings.beta) for p in (searched, predicted)))
        for state in states:
            for name, value in (("state", state), ("identity", identity), ("content", content)):
                rows[name].append(value.numpy())
    return {name: np.concatenate(values).astype(np.float32) for name, values in rows.items()}


_INPUTS = {"one_shot": _faces, "describe": _faces, "render": _characters, "step": _states}


def _parts(faces: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(faces[start : start + BATCH]) for start in range(0, len(faces), BATCH)]
