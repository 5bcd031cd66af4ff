"""The words of --mode."""

import pytest

from f2p_deploy.creation.mode import MODES, check_modes
from f2p_deploy.errors import InputError


def test_every_way_of_generating_and_auto() -> None:
    assert check_modes(MODES) == ("auto", "one-shot", "iterative", "hybrid")


def test_each_mode_once() -> None:
    assert check_modes(["hybrid", "auto", "hybrid"]) == ("hybrid", "auto")


def test_no_mode() -> None:
    with pytest.raises(InputError, match="name a mode: auto"):
        check_modes([])
