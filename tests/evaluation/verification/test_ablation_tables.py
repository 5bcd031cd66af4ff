"""The figures of Table 8 that are quoted; `test_measure_ablation` measures."""

import pytest

pytest.importorskip("torch")

from f2p_deploy.evaluation.verification.measure_ablation import ROWS  # noqa: E402
from f2p_deploy.evaluation.verification.published_accuracy import DATA_SETS  # noqa: E402


def test_a_row_has_a_figure_for_every_set_and_a_name() -> None:
    assert all(len(row.published) == len(DATA_SETS) for row in ROWS)
    assert ROWS[0].name == "content, attention"
    assert ROWS[2].name == "content + identity + loopback, no attention"
    assert ROWS[3].published[0] == max(row.published[0] for row in ROWS)
