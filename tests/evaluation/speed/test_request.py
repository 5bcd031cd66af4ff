"""The request of a benchmark, and invalid requests."""

import pytest

from f2p_deploy.evaluation.speed import MODES, Request
from f2p_deploy.system.errors import InputError


def test_every_mode_is_known() -> None:
    assert set(MODES) == {"one-shot", "describe", "render", "iterative", "iterative-fast", "hybrid", "hybrid-fast"}
    assert Request(MODES, (1, 8)).batches == (1, 8)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"modes": ("iteratve",)}, "no mode named 'iteratve'. Did you mean 'iterative'"),
        ({"batches": (0,)}, "1 to 1024 faces, found 0"),
        ({"device": "gpu"}, "found 'gpu'"),
        ({"batches": (4096,)}, "1 to 1024 faces, found 4096"),
        ({"limit": -1.0}, "0 or more seconds, found -1"),
        ({"limit": float("nan")}, "0 or more seconds, found nan"),
    ],
)
def test_mistakes(wrong: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Request(**wrong)
