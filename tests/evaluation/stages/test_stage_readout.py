"""The linear readout: its predictions, each without the predicted row."""

import numpy as np
import pytest

from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.evaluation.stages.stage_readout import PENALTIES, leave_one_out, parameter_error, read_out

SCHEMA = Schema("two", (Controller("a", "x"), Controller("b", "x")), (DiscreteGroup("hue", ("red", "green", "blue")),))


def test_a_linear_relation_is_found() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 8))
    outputs = inputs @ rng.normal(size=(8, 3)) + 2.0
    assert np.abs(leave_one_out(inputs, outputs) - outputs).max() < 0.01


def test_no_row_sees_itself() -> None:
    rng = np.random.default_rng(1)
    inputs, outputs = rng.normal(size=(30, 200)), rng.normal(size=(30, 1))
    # 200 random inputs explain 30 numbers perfectly; numbers left out they cannot.
    assert np.square(leave_one_out(inputs, outputs) - outputs).mean() > 0.8 * outputs.var()


def test_predictions_are_those_of_fits_without_the_row() -> None:
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(12, 3))
    inputs = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    outputs = inputs @ rng.normal(size=(3, 1)) + rng.normal(size=(12, 1))
    predicted = leave_one_out(inputs, outputs)
    penalties = PENALTIES * np.linalg.svd(inputs, compute_uv=False)[0] ** 2
    refitted = []
    for penalty in penalties:
        design = np.c_[np.ones(12), inputs]
        ridge = penalty * np.diag([0.0, 1.0, 1.0, 1.0])
        rows = []
        for i in range(12):
            kept = np.arange(12) != i
            weights = np.linalg.solve(design[kept].T @ design[kept] + ridge, design[kept].T @ outputs[kept])
            rows.append(design[i] @ weights)
        refitted.append(np.array(rows))
    best = min(refitted, key=lambda made: float(np.square(made - outputs).sum()))
    assert np.allclose(predicted, best, atol=1e-8)


def test_choices_and_controllers_are_read_out() -> None:
    rng = np.random.default_rng(3)
    truth = np.concatenate([rng.random((90, 2)), np.eye(3)[rng.integers(0, 3, 90)]], axis=1)
    embeddings = truth @ rng.normal(size=(5, 16))
    error = parameter_error(read_out(embeddings, truth, SCHEMA.n_c), truth, SCHEMA)
    assert error.controllers < 0.02 and error.groups == {"hue": 0.0}


def test_errors_are_relative_to_guessing() -> None:
    truth = np.array([[0.0, 0.0, 1, 0, 0], [1.0, 1.0, 0, 1, 0]])
    guess = parameter_error(np.array([[0.5, 0.5, 1, 0, 0]] * 2), truth, SCHEMA)
    half = parameter_error(np.array([[0.25, 0.25, 1, 0, 0], [0.75, 0.75, 0, 1, 0]]), truth, SCHEMA)
    assert guess.controllers == 0.5 and guess.groups == {"hue": 0.5}
    assert guess.relative_to(guess) == 1.0
    assert half.relative_to(guess) == pytest.approx(0.25)  # half the error of the controllers, all choices right
