"""The table of searches: the settings choose, and every word of theirs is in it."""

from typing import get_args

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.imitator_search import Describe, GenerationLoss  # noqa: E402
from f2p_deploy.model.search_loss import SEARCHES, describer, search_loss  # noqa: E402
from f2p_deploy.model.settings import Search  # noqa: E402
from f2p_deploy.model.surrogate_search import SurrogateDescribe, SurrogateLoss  # noqa: E402


def test_the_settings_choose_the_way_of_the_search(small_bundle, surrogate_bundle) -> None:
    assert isinstance(search_loss(small_bundle, 1.0), GenerationLoss)
    assert isinstance(describer(small_bundle), Describe)
    assert isinstance(search_loss(surrogate_bundle, 1.0), SurrogateLoss)
    assert isinstance(describer(surrogate_bundle), SurrogateDescribe)


def test_every_word_of_the_settings_is_in_the_table() -> None:
    assert tuple(SEARCHES) == get_args(Search)
