"""A sample of bench/serve/hostile_uploads.py: hostile conversations with a service that computes."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from hostile_photos import pictures  # noqa: E402
from hostile_talk import hold, talk  # noqa: E402


def test_every_conversation_gets_its_code_or_is_closed(demo_service: str, astronaut: np.ndarray) -> None:
    shown = pictures(np.ascontiguousarray(astronaut[:320, 80:400]))
    port = int(demo_service.rsplit(":", 1)[1])
    with ThreadPoolExecutor(3) as pool:
        heard = list(pool.map(lambda seed: hold(talk(seed, shown), port), range(100)))
    assert not [(seed, each) for seed, each in enumerate(heard) if each.wrong]
    assert {200, 413, 415, 422} <= {status for each in heard for status in each.statuses}
    assert httpx.get(f"{demo_service}/readyz").status_code == 200
    assert "f2p_queue 0.0" in httpx.get(f"{demo_service}/metrics").text
