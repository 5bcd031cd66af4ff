"""Bits of each layer: as few bytes as pass."""

from collections.abc import Mapping

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Parity
from f2p_deploy.character.schema import load_schema
from f2p_deploy.export.palette.allocation import (
    comfortable,
    fewest_bytes,
    groups_that_share,
    harm,
    harm_of_all,
    harm_to_options,
)
from f2p_deploy.export.palette.rounding import RoundedWeight


def of(bits: int, error: float) -> RoundedWeight:
    codes = np.random.default_rng(0).integers(0, 2**bits, (1, 800)).astype(np.uint8)
    return RoundedWeight(bits, codes, None, np.zeros(1, np.float32), np.zeros(1), error)


CHOICES = {
    b"harmless": [of(4, 1e-4), of(8, 1e-6)],
    b"delicate": [of(4, 0.5), of(8, 1e-3)],
}


EFFECTS = {b"harmless": 1.0, b"delicate": 1.0}


def bits_of(chosen: Mapping[bytes, RoundedWeight]) -> dict[bytes, int]:
    return {key: one.bits for key, one in chosen.items()}


def test_bits_go_where_they_help() -> None:
    chosen = fewest_bytes(CHOICES, EFFECTS, lambda chosen: sum(one.error for one in chosen.values()) < 0.01)
    assert bits_of(chosen) == {b"harmless": 4, b"delicate": 8}
    assert set(bits_of(fewest_bytes(CHOICES, EFFECTS, lambda chosen: True)).values()) == {4}
    assert set(bits_of(fewest_bytes(CHOICES, EFFECTS, lambda chosen: False)).values()) == {8}


def test_single_layers_get_fewer_bits_afterwards() -> None:
    """Estimates say that three layers do the same harm; one of them does none."""
    choices = {name: [of(4, 1e-2), of(8, 1e-3)] for name in (b"a", b"b", b"c")}

    def passes(chosen: Mapping[bytes, RoundedWeight]) -> bool:
        return all(one.bits == 8 for key, one in chosen.items() if key != b"b")

    assert bits_of(fewest_bytes(choices, dict.fromkeys(choices, 1.0), passes)) == {b"a": 8, b"b": 4, b"c": 8}


def test_graphs_of_a_group_share_weights() -> None:
    keys = {"a": frozenset({b"1"}), "b": frozenset({b"2"}), "c": frozenset({b"1", b"3"}), "d": frozenset({b"3", b"2"})}
    assert [sorted(group) for group in groups_that_share(keys)] == [["a", "b", "c", "d"]]
    assert groups_that_share({"a": frozenset({b"1"}), "b": frozenset({b"2"})}) == (("a",), ("b",))


@pytest.mark.parametrize(
    ("metric", "value", "floor", "better", "passed", "expected"),
    [
        ("cosine", 0.995, 0.99, "higher", True, True),
        ("cosine", 0.991, 0.99, "higher", True, False),
        ("controllers max abs difference", 0.017, 0.03, "lower", True, True),
        ("controllers max abs difference", 0.029, 0.03, "lower", True, False),
        ("PSNR dB", 36.0, 35.0, "higher", True, False),
        ("PSNR dB", 37.0, 35.0, "higher", True, True),
        ("cosine", 0.5, 0.99, "higher", False, False),
    ],
)
def test_a_distance_is_kept_from_each_floor(
    metric: str, value: float, floor: float, better: str, passed: bool, expected: bool
) -> None:
    record = Parity("g", "o", metric, value, floor, better, "s", 1)  # type: ignore[arg-type]
    assert comfortable(record) is expected


def test_harm_is_one_at_a_floor() -> None:
    for metric, floor, better in (("cosine", 0.99, "higher"), ("PSNR dB", 35.0, "higher"), ("max", 0.03, "lower")):
        assert harm(Parity("g", "o", metric, floor, floor, better, "s", 1)) == pytest.approx(1.0)  # type: ignore[arg-type]
    assert harm(Parity("g", "o", "max", 0.06, 0.03, "lower", "s", 1)) == pytest.approx(4.0)
    assert harm(Parity("g", "o", "discrete arg-max agreement", 0.5, 0.99, "higher", "s", 1)) == 0.0


def test_probabilities_that_move_do_harm() -> None:
    schema = load_schema("makehuman")
    before = np.zeros((4, schema.n), np.float32)
    after = before.copy()
    after[:, : schema.n_c] = 1.0
    assert harm_to_options(before, after, schema) == 0.0
    for place in schema.discrete_slices.values():
        after[:, place.start] = 0.01
    assert harm_to_options(before, after, schema) == pytest.approx(1.0, rel=1e-4)


def test_harm_of_all_counts_measures_and_options() -> None:
    schema = load_schema("makehuman-female")
    reference = {"parameters": np.zeros((2, schema.n))}
    found = {"parameters": reference["parameters"] + 0.01}
    at_floor = Parity("g", "o", "max", 0.03, 0.03, "lower", "s", 1)
    assert harm_of_all((at_floor,), reference, found, schema) == pytest.approx(2.0)
    assert harm_of_all((at_floor, at_floor), {}, {}, schema) == pytest.approx(2.0)
