"""The training loop: resumed runs equal undisturbed ones, and states of other settings are refused."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.system.errors import InputError, Interrupted  # noqa: E402
from f2p_deploy.training.schedule import Schedule  # noqa: E402
from f2p_deploy.training.stage import Stage  # noqa: E402
from f2p_deploy.training.train_loop import train  # noqa: E402
from f2p_deploy.training.training_hardware import Hardware, Processes  # noqa: E402

SCHEDULE = Schedule(steps=12, batch=4, learning_rate=0.05)


class LineStage(Stage):
    """A stage that fits a line, and stops or breaks at the update that a test names."""

    name = "line"

    def __init__(self, stop_at: int | None = None, break_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.network = torch.nn.Linear(3, 1)
        self.modules = {"line": self.network}
        self.samples = 20
        self.stop_at, self.break_at = stop_at, break_at
        self.seen: list[list[int]] = []
        x = np.random.default_rng(0).random((20, 3)).astype(np.float32)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(x.sum(1, keepdims=True))

    def prepare(self, batch, step, rng):
        if step == self.stop_at:
            raise KeyboardInterrupt
        self.seen.append(batch.tolist())
        noise = torch.from_numpy(rng.normal(0, 0.01, (len(batch), 3)).astype(np.float32)) + 0.01 * torch.randn(1)
        return {"x": self.x[batch] + noise, "y": self.y[batch]}

    def loss(self, prepared, step):
        loss = (self.network(prepared["x"]) - prepared["y"]).square().mean()
        return (loss * float("nan") if step == self.break_at else loss), {}

    def trained(self):
        return self.network

    def evaluate(self):
        return {"error": (self.network(self.x) - self.y).abs().mean().item()}

    def sheet(self):
        return np.zeros((4, 4, 3), np.uint8)


def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(tmp_path, caplog) -> None:
    whole = LineStage()
    train(whole, SCHEDULE, tmp_path / "whole", seed=1)
    first = LineStage(stop_at=7)
    with pytest.raises(Interrupted, match="stopped after 7 of 12 updates"):
        train(first, SCHEDULE, tmp_path / "parts", seed=1)
    second = LineStage()
    with caplog.at_level("INFO"):
        outcome = train(second, SCHEDULE, tmp_path / "parts", seed=1)
    assert "line: resuming after 7 of 12 updates" in caplog.text
    assert outcome.steps == 12
    assert first.seen + second.seen == whole.seen
    torch.testing.assert_close(second.network.weight, whole.network.weight, rtol=0, atol=0)


class NormedStage(LineStage):
    """A stage with batch statistics that a forward pass changes, and Ctrl-C in the middle of an update."""

    def __init__(self, press_at: int | None = None) -> None:
        super().__init__()
        self.network = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 1))
        torch.manual_seed(0)
        torch.nn.init.normal_(self.network[1].weight)
        self.modules, self.press_at = {"line": self.network}, press_at

    def loss(self, prepared, step):
        found = super().loss(prepared, step)
        if step == self.press_at:
            signal.raise_signal(signal.SIGINT)
        return found


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_in_the_middle_of_an_update_lets_it_end(tmp_path: Path) -> None:
    whole, parts = NormedStage(), NormedStage(press_at=7)
    train(whole, SCHEDULE, tmp_path / "whole", seed=1)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by a suite in the background
    try:
        with pytest.raises(Interrupted, match="stopped after 8 of 12 updates; the same command goes on from there"):
            train(parts, SCHEDULE, tmp_path / "parts", seed=1)
    finally:
        signal.signal(signal.SIGINT, before)
    again = NormedStage()
    train(again, SCHEDULE, tmp_path / "parts", seed=1)
    for name, tensor in whole.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], tensor, rtol=0, atol=0)


def test_a_stop_whose_state_cannot_be_saved_says_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Interrupted, match="stopped after 7 of 12 updates; .*cannot write .*state.pt: No space left"):
        train(LineStage(stop_at=7), SCHEDULE, tmp_path, seed=1)


def test_a_kill_loses_only_what_came_after_the_last_saved_state(tmp_path) -> None:
    class Killed(BaseException):
        pass

    stage = LineStage()

    def kill(done, total, numbers):
        if done == 9:
            raise Killed

    with pytest.raises(Killed):
        train(stage, SCHEDULE, tmp_path, seed=1, progress=kill, save_seconds=0.0)
    whole, again = LineStage(), LineStage()
    train(whole, SCHEDULE, tmp_path / "whole", seed=1)
    train(again, SCHEDULE, tmp_path, seed=1)
    assert len(again.seen) == 4  # updates 9 to 12: the kill came before the ninth was saved
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [*range(1, 13), 12]  # each once, and the evaluation
    train(LineStage(), SCHEDULE, tmp_path, seed=1)
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 13
    torch.testing.assert_close(again.network.weight, whole.network.weight, rtol=0, atol=0)


def test_every_epoch_sees_every_sample_once(tmp_path) -> None:
    stage = LineStage()
    train(stage, Schedule(steps=10, batch=4), tmp_path, seed=0)
    for epoch in (stage.seen[:5], stage.seen[5:]):
        assert sorted(sum(epoch, [])) == list(range(20))
    assert stage.seen[:5] != stage.seen[5:]


def test_metrics_and_sheets_are_on_disk(tmp_path) -> None:
    outcome = train(LineStage(), SCHEDULE, tmp_path, seed=1, sheet_every=5)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 13))
    assert lines[-1]["evaluation"] == outcome.metrics
    assert sorted(path.name for path in tmp_path.glob("sheet-*.png")) == [
        "sheet-000005.png",
        "sheet-000010.png",
        "sheet-000012.png",
    ]


def test_training_lowers_the_error(tmp_path) -> None:
    before = LineStage().evaluate()["error"]
    assert train(LineStage(), Schedule(steps=200, batch=4), tmp_path, seed=0).metrics["error"] < 0.5 * before


def test_a_finished_run_is_not_trained_again(tmp_path) -> None:
    train(LineStage(), SCHEDULE, tmp_path, seed=1)
    again = LineStage()
    train(again, SCHEDULE, tmp_path, seed=1)
    assert again.seen == []


def test_a_longer_schedule_goes_on_from_a_shorter_ones_state(tmp_path) -> None:
    train(LineStage(), SCHEDULE, tmp_path, seed=1)
    further = LineStage()
    outcome = train(further, replace(SCHEDULE, steps=SCHEDULE.steps + 3), tmp_path, seed=1)
    assert len(further.seen) == 3 and outcome.steps == SCHEDULE.steps + 3


SHORTER, OTHER = replace(SCHEDULE, steps=SCHEDULE.steps - 1), replace(SCHEDULE, learning_rate=0.5)


@pytest.mark.parametrize(
    ("schedule", "seed", "words"),
    [
        (SCHEDULE, 2, "seed 1, not 2: give"),
        (SHORTER, 1, "steps 12, not 11: give"),
        (OTHER, 2, r"seed 1, not 2, learning_rate 0\.05, not 0\.5: give"),
    ],
)
def test_a_state_of_other_settings_is_refused_with_both_values(tmp_path, schedule, seed, words) -> None:
    train(LineStage(), SCHEDULE, tmp_path, seed=1)
    with pytest.raises(InputError, match=f"state of a training with {words}"):
        train(LineStage(), schedule, tmp_path, seed=seed)


def test_a_state_of_other_parts_is_refused_with_both_numbers(tmp_path) -> None:
    halves = Processes(Hardware(device="cpu", accumulate=2))
    train(LineStage(), SCHEDULE, tmp_path, seed=1, processes=halves)
    with pytest.raises(InputError, match="with parts 2, not 1: give the same settings"):
        train(LineStage(), SCHEDULE, tmp_path, seed=1)


def test_a_truncated_state_is_refused(tmp_path) -> None:
    train(LineStage(), SCHEDULE, tmp_path, seed=1)
    state = tmp_path / "state.pt"
    state.write_bytes(state.read_bytes()[:200])
    with pytest.raises(InputError, match=r"state\.pt is damaged"):
        train(LineStage(), SCHEDULE, tmp_path, seed=1)


def test_a_loss_that_is_not_finite_stops_before_the_weights_are_spoiled(tmp_path) -> None:
    stage = LineStage(break_at=3)
    with pytest.raises(InputError, match="the loss became nan at update 3"):
        train(stage, SCHEDULE, tmp_path, seed=1)
    assert torch.isfinite(stage.network.weight).all()


def test_a_file_in_the_way_is_one_sentence(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot create the folder"):
        train(LineStage(), SCHEDULE, tmp_path / "file", seed=1)


def test_parts_too_small_for_batch_norms_are_refused_and_other_parts_may_lack_a_number(tmp_path: Path) -> None:
    alone = Processes(Hardware(device="cpu", accumulate=4))
    with pytest.raises(InputError, match="batch norms need two samples, but a batch of 4 samples in 4 parts"):
        train(NormedStage(), SCHEDULE, tmp_path / "normed", seed=1, processes=alone)
    with pytest.raises(InputError, match="a batch of 4 samples cannot be divided into 5 parts"):
        train(LineStage(), SCHEDULE, tmp_path / "line", 1, processes=Processes(Hardware(device="cpu", accumulate=5)))

    class Sometimes(LineStage):
        def loss(self, prepared, step):
            loss, _ = super().loss(prepared, step)
            return loss, {"pairs": torch.tensor(2.0)} if len(prepared["x"]) == 2 else {}

    halves = Processes(Hardware(device="cpu", accumulate=3))
    train(Sometimes(), SCHEDULE, tmp_path / "some", seed=1, processes=halves)
    lines = (tmp_path / "some" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["pairs"] == 2.0
