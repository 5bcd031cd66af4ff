"""The quoted figures: each column of the paper sums to one."""

import pytest

from f2p_deploy.evaluation.selection.published_selection import TABLE_7, TABLE_9


def test_the_ratios_of_a_table_sum_to_one() -> None:
    for column in range(2):
        assert sum(figures[column][0] for figures in TABLE_7.values()) == pytest.approx(1.0)
    assert sum(ratio for ratio, _ in TABLE_9.values()) == pytest.approx(1.0)
