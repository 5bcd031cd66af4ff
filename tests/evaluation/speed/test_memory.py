"""The memory of a process."""

import subprocess
import sys

_GROWTH = """
import numpy as np
from f2p_deploy.evaluation.speed.memory import resident_bytes
before = resident_bytes()
held = np.ones(50_000_000, np.uint8)
print(before, resident_bytes() - before, held[0])
"""


def test_it_grows_with_what_is_held() -> None:
    """In a fresh process, where nothing freed earlier can serve the new array."""
    answer = subprocess.run([sys.executable, "-c", _GROWTH], check=True, capture_output=True, text=True)
    before, growth, _ = map(int, answer.stdout.split())
    assert before > 0 and growth > 30_000_000
