"""The search for nodes that must stay float32."""

import pytest

from f2p_deploy.export.float16.bisection import needed_nodes

NODES = tuple(f"node{i}" for i in range(64))


@pytest.mark.parametrize("needed", [{"node0"}, {"node63"}, {"node20", "node21"}, {"node3", "node40", "node62"}])
def test_exactly_what_is_needed_is_found(needed: set[str]) -> None:
    asked = []

    def keeps_floors(kept: tuple[str, ...]) -> bool:
        asked.append(kept)
        return needed <= set(kept)

    found = needed_nodes(NODES, keeps_floors, tries=100)
    assert found is not None and set(found) == needed and list(found) == sorted(found, key=NODES.index)
    assert len(asked) <= 2 + 14 * len(needed), "halving, not one after the other"


def test_nothing_is_needed() -> None:
    asked = []
    assert needed_nodes(NODES, lambda kept: not asked.append(kept), tries=10) == ()
    assert asked == [()]


def test_all_are_not_enough() -> None:
    assert needed_nodes(NODES, lambda kept: False, tries=10) is None


@pytest.mark.parametrize("tries", range(2, 12))
def test_what_is_found_is_enough_however_few_the_tries(tries: int) -> None:
    needed, asked = {"node5", "node50"}, []
    found = needed_nodes(NODES, lambda kept: not asked.append(kept) and needed <= set(kept), tries)
    assert found is not None and needed <= set(found)
    assert len(asked) <= tries


def test_without_a_try_nothing_is_known() -> None:
    assert needed_nodes(NODES, lambda kept: True, tries=0) is None
