"""The modes of --mode."""

import pytest

from f2p_deploy.pipeline.mode import MODES, check_modes, modes_of
from f2p_deploy.system.errors import InputError


def test_every_way_of_generating_and_auto() -> None:
    assert check_modes(MODES) == ("auto", "one-shot", "iterative", "hybrid")


def test_each_mode_once() -> None:
    assert check_modes(["hybrid", "auto", "hybrid"]) == ("hybrid", "auto")


def test_no_mode() -> None:
    with pytest.raises(InputError, match="name a mode: auto"):
        check_modes([])


def test_all_modes_to_compare_instead_of_named_ones() -> None:
    assert modes_of(["auto"], compare=True) == ("one-shot", "iterative", "hybrid")
    assert modes_of(["hybrid", "auto"], compare=False) == ("hybrid", "auto")
    with pytest.raises(InputError, match="--compare makes one-shot, iterative, hybrid: leave out --mode hybrid"):
        modes_of(["hybrid"], compare=True)
