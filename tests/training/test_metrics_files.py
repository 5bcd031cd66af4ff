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


def test_lines_after_a_saved_state_are_cut_and_events_purged(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    first = MetricsFiles(tmp_path, tensorboard=True)
    for step in (1, 2, 3):
        first.append(step, 1.0, {"loss": float(step)})
        first.append_evaluation(step, {"l1": 0.25}, np.zeros((4, 6, 3), np.uint8))
    path = tmp_path / "metrics.jsonl"
    with path.open("a") as stream:
        stream.write('{"step": 3, "lo')  # killed in the middle of a line
    again = MetricsFiles(tmp_path, tensorboard=True)
    again.cut_back(2, 2)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 1, 2]  # the last evaluation is made again
    again.append(3, 1.0, {"loss": 7.0})
    again.append_evaluation(3, {"l1": 0.5}, np.zeros((4, 6, 3), np.uint8))
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("training/loss")] == [(1, 1.0), (2, 2.0), (3, 7.0)]


def test_nothing_to_cut_is_left_as_it_is(tmp_path: Path) -> None:
    files = MetricsFiles(tmp_path)
    files.cut_back(0, 5)
    files.append(1, 1.0, {"loss": 1.0})
    before = (tmp_path / "metrics.jsonl").stat()
    files.cut_back(1, 5)
    assert (tmp_path / "metrics.jsonl").stat().st_mtime_ns == before.st_mtime_ns
