"""The parameters of a character: validation, access by name, locks, and the discrete groups' softmax."""

import numpy as np
import pytest

from f2p_deploy.character.parameters import (
    Parameters,
    average,
    check_vectors,
    column_names,
    harden,
    random_batch,
    smooth,
)
from f2p_deploy.character.schema import Controller, Schema, load_schema
from f2p_deploy.system.errors import InputError


@pytest.fixture(scope="module")
def female() -> Schema:
    return load_schema("justice-female")


def vector(schema: Schema, **changes: float) -> np.ndarray:
    """Return the average face with some entries of the vector overwritten, such as `_3=0.5`."""
    values = average(schema).values.copy()
    for place, value in changes.items():
        values[int(place[1:])] = value
    return values


def test_average_is_the_defaults(toy: Schema) -> None:
    assert average(toy).values.tolist() == pytest.approx([0.5, 0.25, 0.1, 0.5, 0.5, 0, 1, 0, 1, 0])
    assert average(toy).values.dtype == np.float32


def test_values_are_a_read_only_copy(toy: Schema) -> None:
    source = vector(toy)
    parameters = Parameters(toy, source)
    source[0] = 0.9
    assert parameters["eye.size"] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        parameters.values[0] = 0.9


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"_0": 1.5}, r"controller 'eye.size' must lie in \[0, 1\], found 1.5"),
        ({"_2": -0.001}, "controller 'nose.width' .* found -0.001"),
        ({"_4": np.nan}, "controller 'nose.length' .* found nan"),
        ({"_1": np.inf}, "controller 'eye.turn' .* found inf"),
        ({"_5": -0.1}, "option 'hair=bald' .* found -0.1"),
        ({"_9": np.nan}, "option 'brow=thick' .* found nan"),
        ({"_5": 0.002}, "the probabilities of discrete group 'hair' must add up to 1, found 1.002"),
        ({"_8": 0.99}, "the probabilities of discrete group 'brow' must add up to 1, found 0.99"),
    ],
)
def test_wrong_values_are_named(toy: Schema, changes: dict[str, float], sentence: str) -> None:
    with pytest.raises(InputError, match=f"^{sentence}"):
        Parameters(toy, vector(toy, **changes))
    batch = np.stack([vector(toy), vector(toy), vector(toy, **changes)])
    with pytest.raises(InputError, match=f"^character 3: {sentence}"):
        check_vectors(batch, toy)


def test_probabilities_may_miss_one_by_a_rounding(toy: Schema) -> None:
    Parameters(toy, vector(toy, _5=0.0009))


@pytest.mark.parametrize("shape", [(9,), (11,), (0,), (), (1, 10)])
def test_wrong_shapes_are_refused(toy: Schema, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="found an array of shape"):
        Parameters(toy, np.zeros(shape))


def test_values_must_be_numbers(toy: Schema) -> None:
    with pytest.raises(InputError, match="must be numbers"):
        Parameters(toy, np.array(["0.5"] * toy.n))


def test_access_by_name(toy: Schema) -> None:
    parameters = average(toy).with_values({"hair": {"bald": 0.2, "long": 0.8}, "nose.width": 0.75})
    assert parameters["nose.width"] == 0.75
    assert parameters.choice("hair") == "long"
    assert parameters.choice("brow") == "thin"
    assert parameters.probabilities("hair") == pytest.approx({"bald": 0.2, "short": 0.0, "long": 0.8})
    assert average(toy)["nose.width"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"eye.sise": 0.5}, "named 'eye.sise'. Did you mean 'eye.size'"),
        ({"hair": "shrot"}, "no option of 'hair' named 'shrot'. Did you mean 'short'"),
        ({"hair": 0.5}, "'hair' needs an option or probabilities"),
        ({"hair": {"long": 0.4}}, "'hair' must add up to 1"),
        ({"hair": {"long": "much"}}, "'hair=long' must be a number"),
        ({"eye.size": "0.5"}, "'eye.size' must be a number, found '0.5'"),
        ({"eye.size": True}, "'eye.size' must be a number, found True"),
        ({"eye.size": 10**400}, "'eye.size' must lie in"),
        ({"eye.size": 1.01}, "'eye.size' must lie in"),
        ({"eye.size": float("nan")}, "'eye.size' must lie in"),
    ],
)
def test_wrong_changes_are_named(toy: Schema, changes: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        average(toy).with_values(changes)


def test_asking_for_unknown_names(toy: Schema) -> None:
    parameters = average(toy)
    with pytest.raises(InputError, match="Did you mean 'nose.width'"):
        parameters["nose.widht"]
    with pytest.raises(InputError, match="'hair' is a discrete group"):
        parameters["hair"]
    with pytest.raises(InputError, match="no discrete group named 'eye.size'"):
        parameters.choice("eye.size")


def test_from_names_needs_every_name(toy: Schema) -> None:
    named = {name: 0.5 for name in toy.controller_index} | {"hair": "long", "brow": "thick"}
    parameters = Parameters.from_names(toy, named, ["brow"])
    assert parameters.values.tolist() == [0.5] * 5 + [0, 0, 1, 0, 1]
    assert parameters.locked == {"brow"}
    del named["nose.width"], named["brow"]
    with pytest.raises(InputError, match="'nose.width' of schema 'toy' is missing, and 1 more"):
        Parameters.from_names(toy, named)


def test_engine_units(toy: Schema) -> None:
    units = average(toy).with_values({"eye.size": 0.75, "nose.width": 1.0}).in_engine_units()
    assert list(units) == [controller.name for controller in toy.controllers]
    assert units["eye.size"] == 4.0
    assert units["nose.width"] == 0.5
    assert units["eye.turn"] == -0.5


def test_locked_names_refuse_changes(toy: Schema) -> None:
    locked = average(toy).lock("eye.size", "hair")
    assert locked.locked == {"eye.size", "hair"}
    for change in ({"eye.size": 0.1}, {"hair": "long"}):
        with pytest.raises(InputError, match=f"'{next(iter(change))}' is locked"):
            locked.with_values(change)
    assert locked.with_values({"eye.turn": 0.9})["eye.turn"] == pytest.approx(0.9)
    assert locked.unlock("eye.size").with_values({"eye.size": 0.1})["eye.size"] == pytest.approx(0.1)


def test_a_part_of_the_face_locks_its_controllers(toy: Schema) -> None:
    locked = Parameters(toy, vector(toy), frozenset({"eye"}))
    assert locked.locked == {"eye.size", "eye.turn", "eye.height"}
    assert locked.locked_mask.tolist() == [True, True, False, True, False] + [False] * 5
    assert locked.unlock("eye").locked == frozenset()
    with pytest.raises(InputError, match="named 'eys'. Did you mean 'eye'"):
        locked.lock("eys")


def test_merge_takes_everything_but_what_is_locked() -> None:
    schema = load_schema("justice-male")
    rng = np.random.default_rng(3)
    names = [*schema.controller_index, *schema.discrete_slices]
    for mine, generated in zip(random_batch(schema, 20, 1), random_batch(schema, 20, 2), strict=True):
        chosen = rng.choice(names, size=rng.integers(0, len(names)), replace=False).tolist()
        edited = Parameters(schema, mine).lock(*chosen)
        merged = edited.merge(generated)
        for name, place in schema.controller_index.items():
            assert merged.values[place] == (mine if name in chosen else generated)[place]
        for name, part in schema.discrete_slices.items():
            assert np.array_equal(merged.values[part], (mine if name in chosen else generated)[part])
        assert merged.locked == edited.locked
        assert merged == edited.merge(Parameters(schema, generated))


def test_merge_refuses_another_schema(toy: Schema) -> None:
    with pytest.raises(InputError, match="cannot merge parameters of 'justice-male' into 'toy'"):
        average(toy).merge(average(load_schema("justice-male")))
    with pytest.raises(InputError, match="needs 10 values"):
        average(toy).merge(np.zeros(1))


def test_equality(toy: Schema) -> None:
    assert average(toy) == average(toy)
    assert average(toy) != average(toy).lock("hair")
    assert average(toy) != average(toy).with_values({"eye.size": 0.6})


def test_random_batch(female: Schema) -> None:
    batch = random_batch(female, 400, seed=5)
    assert batch.shape == (400, 310)
    assert batch.dtype == np.float32
    check_vectors(batch, female)
    controllers = batch[:, : female.n_c]
    assert abs(controllers.mean() - 0.5) < 0.005
    assert abs(controllers.std() - 12**-0.5) < 0.005
    for part in female.discrete_slices.values():
        assert set(np.unique(batch[:, part])) == {0.0, 1.0}
        assert batch[:, part].any(axis=0).all()
    assert np.array_equal(batch, random_batch(female, 400, seed=5))
    assert not np.array_equal(batch, random_batch(female, 400, seed=6))


def test_random_batch_starts_alike_whatever_its_length(female: Schema) -> None:
    assert np.array_equal(random_batch(female, 30, seed=5)[:7], random_batch(female, 7, seed=5))


def test_random_batch_without_discrete_groups() -> None:
    schema = Schema("plain", (Controller("a", "g"), Controller("b", "g")))
    assert random_batch(schema, 3, seed=0).shape == (3, 2)


@pytest.mark.parametrize("shape", [(), (7,), (2, 3)])
def test_harden_is_one_hot_at_the_arg_max(female: Schema, shape: tuple[int, ...]) -> None:
    soft = smooth(np.random.default_rng(0).normal(size=(*shape, female.n)), female, beta=1)
    hard = harden(soft, female)
    assert np.array_equal(hard[..., : female.n_c], soft[..., : female.n_c])
    for part in female.discrete_slices.values():
        assert np.array_equal(hard[..., part].argmax(-1), soft[..., part].argmax(-1))
        assert np.array_equal(hard[..., part].sum(-1), np.ones(shape))
        assert np.array_equal(hard[..., part].max(-1), np.ones(shape))


def test_harden_keeps_a_default_that_is_not_far_behind(female: Schema) -> None:
    soft = average(female).values.copy()
    part = next(iter(female.discrete_slices.values()))
    default = int(soft[part].argmax())
    other = 1 if default == 0 else 0
    soft[part] = 0.0
    soft[part][default], soft[part][other] = 0.4, 0.6
    assert harden(soft, female)[part].argmax() == other
    assert harden(soft, female, default_lead=0.1)[part].argmax() == other
    assert harden(soft, female, default_lead=0.3)[part].argmax() == default
    soft[part][other] = 0.4
    assert harden(soft, female)[part].argmax() == default, "a tie is the default's"


@pytest.mark.parametrize("beta", [1.0, 100.0])
def test_smooth_is_the_formula_of_the_paper(female: Schema, beta: float) -> None:
    state = np.random.default_rng(1).uniform(size=(4, female.n))
    expected = state.copy()
    for part in female.discrete_slices.values():
        for row in range(4):
            powers = np.exp(beta * state[row, part])
            for k in range(part.start, part.stop):
                expected[row, k] = np.exp(beta * state[row, k]) / powers.sum()
    in_double, in_single = smooth(state, female, beta), smooth(state.astype(np.float32), female, beta)
    assert in_double.dtype == np.float64
    np.testing.assert_allclose(in_double, expected, rtol=1e-12, atol=0)
    assert in_single.dtype == np.float32
    np.testing.assert_allclose(in_single, expected, atol=1e-5)
    check_vectors(in_single, female)


def test_smooth_survives_large_numbers(toy: Schema) -> None:
    state = np.zeros(toy.n, dtype=np.float32)
    state[5:] = (1e6, -1e6, 0, -1e6, -1e6)
    smoothed = smooth(state, toy, beta=100)
    assert smoothed[5:].tolist() == [1, 0, 0, 0.5, 0.5]
    assert state[5] == 1e6


def test_smooth_refuses_a_beta_without_meaning(toy: Schema) -> None:
    for beta in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="beta must be greater than 0"):
            smooth(vector(toy), toy, beta)
    with pytest.raises(InputError, match="found an array of shape"):
        smooth(np.zeros(9), toy, 1.0)


def test_column_names(toy: Schema) -> None:
    assert column_names(toy)[4:7] == ("nose.length", "hair=bald", "hair=short")
    assert len(column_names(toy)) == toy.n
