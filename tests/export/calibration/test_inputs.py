"""Calibration inputs: computed from real faces, with others held out."""

from dataclasses import replace

import numpy as np
import pytest

from f2p_deploy.export import Faces
from f2p_deploy.export.calibration.inputs import JUDGED, calibration_inputs
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.one_shot import one_shot
from f2p_deploy.model.state import first_state
from f2p_deploy.system.errors import InputError


@pytest.fixture(scope="module")
def faces(small_faces: Faces) -> np.ndarray:
    """(8, 3, 128, 128): the six faces, and two of them shifted."""
    return np.concatenate([small_faces.images, np.roll(small_faces.images[:2], 5, axis=3)])


def test_faces_are_split_and_none_is_on_both_sides(small_bundle: Bundle, faces: np.ndarray) -> None:
    for graph in ("one_shot", "describe"):
        found = calibration_inputs(small_bundle, faces, graph)
        assert found.count == 6 and len(found.judged["face"]) == 2
        np.testing.assert_array_equal(found.judged["face"], faces[[3, 7]])
        np.testing.assert_array_equal(found.measured["face"], faces[[0, 1, 2, 4, 5, 6]])


def test_many_faces_are_judged_by_an_even_part(small_bundle: Bundle, faces: np.ndarray) -> None:
    many = np.concatenate([faces] * 40)
    found = calibration_inputs(small_bundle, many, "one_shot")
    assert found.count == 240 and len(found.judged["face"]) == JUDGED


def test_characters_are_mixtures_and_choices(small_bundle: Bundle, faces: np.ndarray) -> None:
    import torch

    found = calibration_inputs(small_bundle, faces, "render")
    mixed, chosen = np.split(found.judged["parameters"], 2)
    np.testing.assert_allclose(mixed, one_shot(small_bundle, torch.from_numpy(faces[[3, 7]])), atol=1e-6)
    n_c = small_bundle.schema.n_c
    assert set(np.unique(chosen[:, n_c:])) == {0.0, 1.0}
    np.testing.assert_array_equal(chosen[:, :n_c], mixed[:, :n_c])


def test_states_begin_where_a_search_does_and_go_on(small_bundle: Bundle, faces: np.ndarray) -> None:
    search = replace(small_bundle.settings.iterative, iterations=6)
    bundle = replace(small_bundle, settings=replace(small_bundle.settings, iterative=search))
    found = calibration_inputs(bundle, faces, "step").judged
    start = first_state(small_bundle, 2).numpy()
    np.testing.assert_array_equal(found["state"][:2], start)
    assert len(found["state"]) == len(found["identity"]) == len(found["content"]) == 6
    assert not np.allclose(found["state"][2:4], start) and not np.allclose(found["state"][4:], start)
    np.testing.assert_array_equal(found["identity"][:2], found["identity"][4:])


def test_too_few_faces_and_unknown_graphs_are_refused(small_bundle: Bundle, faces: np.ndarray) -> None:
    with pytest.raises(InputError, match="at least 4 faces, found 3"):
        calibration_inputs(small_bundle, faces[:3], "one_shot")
    with pytest.raises(InputError, match="there are no calibration inputs for the graph 'onenshot'"):
        calibration_inputs(small_bundle, faces, "onenshot")
