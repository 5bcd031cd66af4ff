"""The files of metrics: a line an update, a sheet an evaluation, and TensorBoard's events if asked for."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.training.metrics_files import MetricsFiles  # noqa: E402


def test_lines_and_sheets_are_written(tmp_path: Path) -> None:
    files = MetricsFiles(tmp_path)
    files.append(1, 0.123456, {"loss": 0.5})
    files.append_evaluation(1, {"l1": 0.25}, np.zeros((4, 6, 3), np.uint8))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines == [{"step": 1, "seconds": 0.12, "loss": 0.5}, {"step": 1, "evaluation": {"l1": 0.25}}]
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.jsonl", "sheet-000001.png"}


def test_events_hold_the_same_numbers(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    files = MetricsFiles(tmp_path, tensorboard=True)
    files.append(3, 1.0, {"loss": 0.5})
    files.append_evaluation(3, {"l1": 0.25}, np.zeros((4, 6, 3), np.uint8))
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("training/loss")] == [(3, 0.5)]
    assert [(e.step, e.value) for e in events.Scalars("evaluation/l1")] == [(3, 0.25)]
    assert events.Images("sheet")[0].width == 6
