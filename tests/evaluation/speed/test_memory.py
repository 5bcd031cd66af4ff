"""The memory of this process."""

import numpy as np

from f2p_deploy.evaluation.speed.memory import resident_bytes


def test_it_grows_with_what_is_held() -> None:
    before = resident_bytes()
    held = np.ones(50_000_000, np.uint8)
    assert before > 0 and resident_bytes() - before > 30_000_000 and held[0] == 1
