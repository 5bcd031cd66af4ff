"""The plot of latency against batch size."""

from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from PIL import Image  # noqa: E402

from f2p_deploy.evaluation.speed.plot import draw_latency  # noqa: E402
from f2p_deploy.evaluation.speed.rows import Row, SpeedReport  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def report(*rows: Row) -> SpeedReport:
    device = {"processor": "some processor", "threads": 2, "cards": [], "computes": "cpu"}
    return SpeedReport("2026-01-01", device, {"name": "demo"}, "f2p-deploy bench", 1.0, rows)


def test_it_is_drawn(tmp_path: Path) -> None:
    rows = [
        Row(mode, name, "fp32", batch, "ok", median_ms=batch * 2.0, p95_ms=batch * 2.5)
        for mode in ("one-shot", "iterative")
        for name in ("torch", "onnxruntime")
        for batch in (1, 8)
    ]
    draw_latency(report(*rows), tmp_path / "latency.png")
    with Image.open(tmp_path / "latency.png") as picture:
        assert picture.size[0] > 1000 and picture.convert("L").getextrema() == (0, 255)


def test_nothing_to_draw_and_nowhere_to_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was timed"):
        draw_latency(report(Row("one-shot", "torch", "", 1, "skipped", "why")), tmp_path / "a.png")
    row = Row("one-shot", "torch", "fp32", 1, "ok", median_ms=1.0, p95_ms=1.0)
    with pytest.raises(InputError, match="cannot write"):
        draw_latency(report(row), tmp_path / "nothing" / "a.png")
