"""The thresholds: a measure at its threshold passes; beyond it, the record fails and names the worst sample."""

import numpy as np
import pytest

from f2p_deploy.artifact.parity import (
    FLOORS,
    ROUNDINGS,
    Precision,
    SearchResults,
    compare,
    compare_trajectories,
    step_error,
)
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.system.errors import InputError

SCHEMA = Schema("toy", (Controller("a", "g"), Controller("b", "g")), (DiscreteGroup("hair", ("no", "yes")),))
SAMPLES = ("anna", "bert", "carl")
PARAMETERS = np.tile(np.array([0.2, 0.4, 0.3, 0.7], np.float32), (3, 1))
PRECISIONS = tuple(FLOORS)


def judge(graph: str, name: str, reference: np.ndarray, found: np.ndarray, precision: Precision = "fp32") -> list:
    others = {"identity": np.ones((3, 4), np.float32), "content": np.ones((3, 2, 2, 2), np.float32)}
    rest = {key: value for key, value in others.items() if key != name} if graph == "describe" else {}
    return list(compare(graph, {name: reference, **rest}, {name: found, **rest}, SAMPLES, precision, SCHEMA))


def test_the_floors_of_the_design() -> None:
    assert [(f.controllers, f.discrete, f.identity, f.render) for f in FLOORS.values()] == [
        (1e-4, 1.0, 0.99999, 60.0),
        (5e-3, 1.0, 0.9995, 45.0),
        (3e-2, 0.99, 0.99, 35.0),
        (3e-2, 0.99, 0.99, 35.0),
    ]


def test_equal_outputs_pass_everything() -> None:
    image = np.random.default_rng(0).random((3, 3, 4, 4), np.float32)
    records = [
        *judge("one_shot", "parameters", PARAMETERS, PARAMETERS),
        *judge("describe", "identity", np.ones((3, 4)), np.ones((3, 4))),
        *judge("render", "image", image, image),
    ]
    assert len(records) == 5 and all(record.passed for record in records)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("factor", "passed"), [(0.9, True), (1.1, False)])
def test_controllers(precision: Precision, factor: float, passed: bool) -> None:
    found = PARAMETERS.copy()
    found[1, 1] += factor * FLOORS[precision].controllers
    record = judge("one_shot", "parameters", PARAMETERS, found, precision)[0]
    assert (record.passed, record.worst, record.samples) == (passed, "bert", 3)


def test_discrete_differences_do_not_count_as_controllers() -> None:
    found = PARAMETERS.copy()
    found[2, 2:] = (0.4, 0.6)
    controllers, discrete = judge("one_shot", "parameters", PARAMETERS, found)
    assert controllers.passed and discrete.passed


def test_one_flipped_choice_in_three_misses_every_floor() -> None:
    found = PARAMETERS.copy()
    found[2, 2:] = (0.6, 0.4)
    for precision in PRECISIONS:
        record = judge("one_shot", "parameters", PARAMETERS, found, precision)[1]
        assert not record.passed and record.worst == "carl" and record.value == pytest.approx(2 / 3)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("factor", "passed"), [(0.9, True), (1.1, False)])
def test_identity(precision: Precision, factor: float, passed: bool) -> None:
    angle = np.arccos(1 - factor * (1 - FLOORS[precision].identity))
    reference = np.tile(np.array([3.0, 0.0]), (3, 1))
    found = reference.copy()
    found[0] = 5 * np.cos(angle), 5 * np.sin(angle)  # another length is the same identity
    record = judge("describe", "identity", reference, found, precision)[0]
    assert (record.passed, record.worst) == (passed, "anna")


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("factor", "passed"), [(0.9, True), (1.1, False)])
def test_content(precision: Precision, factor: float, passed: bool) -> None:
    reference = np.random.default_rng(0).random((3, 2, 4, 4))
    found = reference.copy()
    found[2] *= 1 + factor * FLOORS[precision].content
    record = judge("describe", "content", reference, found, precision)[1]
    assert (record.passed, record.worst) == (passed, "carl")


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("decibels", "passed"), [(1.0, True), (-1.0, False)])
def test_render(precision: Precision, decibels: float, passed: bool) -> None:
    reference = np.full((3, 3, 4, 4), 0.5)
    found = reference.copy()
    found[1] += 10 ** (-(FLOORS[precision].render + decibels) / 20)
    record = judge("render", "image", reference, found, precision)[0]
    assert (record.passed, record.worst) == (passed, "bert")
    assert record.value == pytest.approx(FLOORS[precision].render + decibels)


@pytest.mark.parametrize(
    ("graph", "name", "shape"),
    [
        ("one_shot", "parameters", (3, 4)),
        ("describe", "identity", (3, 4)),
        ("describe", "content", (3, 2, 2, 2)),
        ("render", "image", (3, 3, 2, 2)),
    ],
)
def test_nan_never_passes(graph: str, name: str, shape: tuple[int, ...]) -> None:
    reference = np.full(shape, 0.5)
    found = reference.copy()
    found[1].flat[0] = np.nan
    missed = [
        record for record in judge(graph, name, reference, found, "int8") if record.output == name and not record.passed
    ]
    assert missed and missed[0].worst == "bert"


def test_a_zero_embedding_never_passes() -> None:
    assert not judge("describe", "identity", np.ones((3, 4)), np.zeros((3, 4)), "int8")[0].passed


def test_a_missing_output_or_another_shape() -> None:
    with pytest.raises(InputError, match=r"render should return image of the shape \(3, 3, 2, 2\), found nothing"):
        compare("render", {"image": np.ones((3, 3, 2, 2))}, {}, SAMPLES, "fp32", SCHEMA)
    with pytest.raises(InputError, match=r"found \(1, 3, 2, 2\)"):
        judge("render", "image", np.ones((3, 3, 2, 2)), np.ones((1, 3, 2, 2)))
    with pytest.raises(InputError, match="no measures for the graph 'stop'"):
        judge("stop", "loss", np.ones(3), np.ones(3))


STATE = np.tile(np.array([0.2, 0.4, 0.0, 0.1]), (3, 1))
STEP = {"next_state": STATE + np.array([0.0, 0.03, 0.04, 0.0]), "loss": np.full(3, 0.5)}


def judge_step(found: np.ndarray, loss: np.ndarray, precision: Precision = "fp32") -> list:
    outputs = {"next_state": found, "loss": loss}
    return list(compare("step", STEP, outputs, SAMPLES, precision, SCHEMA, inputs={"state": STATE}))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("factor", "passed"), [(0.9, True), (1.1, False)])
def test_step(precision: Precision, factor: float, passed: bool) -> None:
    angle = np.arccos(1 - factor * (1 - FLOORS[precision].update)) + np.arctan2(0.04, 0.03)
    found, loss = STEP["next_state"].copy(), STEP["loss"].copy()
    found[1] = STATE[1] + 0.05 * np.array([0.0, np.cos(angle), np.sin(angle), 0.0])
    found[0] = STATE[0] + (STEP["next_state"] - STATE)[0] * (1 + factor * np.sqrt(1 - FLOORS[precision].update ** 2))
    loss[2] *= 1 + factor * FLOORS[precision].loss
    update, length, value = judge_step(found, loss, precision)
    assert (update.passed, update.worst, update.output) == (passed, "bert", "next_state")
    assert (length.passed, length.worst, length.output) == (passed, "anna", "next_state")
    assert (value.passed, value.worst, value.output) == (passed, "carl", "loss")


def test_a_state_that_does_not_move_must_stay() -> None:
    still = {"next_state": STATE, "loss": STEP["loss"]}
    moved = STATE + 1e-9
    for found, passed in ((STATE, True), (moved, False)):
        outputs = {"next_state": found, "loss": STEP["loss"]}
        records = compare("step", still, outputs, SAMPLES, "int8", SCHEMA, inputs={"state": STATE})
        assert [record.passed for record in records] == [passed, passed, True]


def test_a_step_cannot_be_judged_without_its_state() -> None:
    with pytest.raises(InputError, match="cannot be compared without its input state"):
        compare("step", STEP, STEP, SAMPLES, "fp32", SCHEMA)


def ends(of: float = 0.0, last_loss: float = 0.1) -> SearchResults:
    parameters = np.full((2, 4), 0.5, np.float32)
    parameters[1, 2] += of
    losses = np.tile(np.array([0.4, 0.2, 0.1], np.float32), (2, 1))
    losses[0, 2] = last_loss
    return SearchResults(parameters, losses)


@pytest.mark.parametrize(("factor", "passed"), [(0.9, True), (1.1, False)])
def test_whole_runs_within_what_single_steps_may_do(factor: float, passed: bool) -> None:
    allowed = factor * step_error(FLOORS["fp16"])
    found = ends(allowed, 0.1 * (1 + 3.0 * allowed))  # the loss fell by three times its last value
    state, loss = compare_trajectories(ends(), ends(), found, ("anna", "bert"), "fp16")
    assert (state.passed, state.worst, state.metric) == (passed, "bert", "max abs difference after 2 steps")
    assert (loss.passed, loss.worst, loss.metric) == (passed, "anna", "relative difference in 2 steps")


@pytest.mark.parametrize(("factor", "passed"), [(0.9, True), (1.1, False)])
def test_whole_runs_where_rounding_alone_goes_further(factor: float, passed: bool) -> None:
    found = ends(0.1 * factor * ROUNDINGS, 0.1 + 0.02 * factor * ROUNDINGS)
    records = compare_trajectories(ends(), ends(0.1, 0.12), found, ("anna", "bert"), "fp32")
    assert [record.passed for record in records] == [passed, passed]
    assert records[0].floor == pytest.approx(0.1 * ROUNDINGS, rel=1e-5)


def test_nan_in_a_run_never_passes() -> None:
    records = compare_trajectories(ends(), ends(), ends(np.nan, np.nan), ("anna", "bert"), "int8")
    assert not any(record.passed for record in records)
