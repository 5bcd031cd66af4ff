"""The words of --mode."""

import pytest

from f2p_deploy.creation.mode import MODES, check_modes
from f2p_deploy.errors import InputError


def test_modes_are_those_of_generation_and_auto() -> None:
    generation = pytest.importorskip("f2p_deploy.generation")
    assert set(MODES) == {"auto", *generation.MODES}


def test_each_mode_once() -> None:
    assert check_modes(["hybrid", "auto", "hybrid"]) == ("hybrid", "auto")


def test_no_mode() -> None:
    with pytest.raises(InputError, match="name a mode: auto"):
        check_modes([])
