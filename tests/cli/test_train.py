"""`train`: its errors, and the state after an interrupt."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.engine.engine import Rendering, Scene

FRONT = Scene()


class Discs:
    """The smallest engine there is: a disc whose place and brightness are its two sliders."""

    schema = Schema(
        "discs", (Controller("x", "place"), Controller("light", "look")), (DiscreteGroup("hue", ("red", "blue")),)
    )

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT) -> Rendering:
        """Draw a disc."""
        y, x = np.mgrid[:size, :size] / size
        disc = np.hypot(x - 0.3 - 0.4 * parameters[0], y - 0.5) < 0.2
        image = np.full((size, size, 3), 230, np.uint8)
        image[disc] = np.array([200, 40, 40] if parameters[2] > 0.5 else [40, 40, 200]) * (0.5 + 0.5 * parameters[1])
        return Rendering(image)

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Draw one disc after the other."""
        return (self.render(parameters, size) for parameters in batch)


def test_pairs_are_needed(f2p: Callable, tmp_path: Path) -> None:
    ran = f2p("train", "imitator", "--front", tmp_path / "none", "--bundle", tmp_path / "bundle")
    assert ran.code == 2 and "is not a folder of rendered pairs" in ran.err
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("stage", ["imitator", "all"])
def test_too_few_pairs_are_refused_in_numbers_and_nothing_is_left(f2p: Callable, tmp_path: Path, stage: str) -> None:
    from f2p_deploy.engine.pairs import write_pairs

    write_pairs(Discs(), tmp_path / "front", count=12, size=16)
    words = ("--front", tmp_path / "front", "--bundle", tmp_path / "bundle", "--preset", "small")
    ran = f2p("train", stage, *words)
    assert ran.code == 2 and "imitator needs at least 516 rendered pairs" in ran.err and "found 12" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["front"]


def test_a_later_stage_s_missing_input_is_an_error_before_the_first_stage(f2p: Callable, tmp_path: Path) -> None:
    from f2p_deploy.engine.pairs import write_pairs

    write_pairs(Discs(), tmp_path / "front", count=520, size=16)
    words = ("--front", tmp_path / "front", "--bundle", tmp_path / "bundle")
    ran = f2p("train", "all", *words, "--preset", "small")
    assert ran.code == 2 and "recognition needs" in ran.err and not (tmp_path / "bundle").exists()
    ran = f2p("train", "all", *words)
    assert ran.code == 2 and "surrogate needs at least 564 rendered pairs" in ran.err


def test_two_processes_report_one_error(tmp_path: Path) -> None:
    from f2p_deploy.engine.pairs import write_pairs

    write_pairs(Discs(), tmp_path / "front", count=520, size=256)
    words = ["train", "imitator", "--front", "front", "--bundle", "bundle", "--device", "cpu", "--devices", "2"]
    line = [sys.executable, "-m", "f2p_deploy.cli", *words, "--batch", "3", "--accumulate", "2"]
    (tmp_path / "temporary").mkdir()
    place = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "TEMP": str(tmp_path / "temporary")}
    ran = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False, env=place)
    assert ran.returncode == 2 and ran.stderr.count("error:") == 1 and "cannot be divided into 4 parts" in ran.stderr
    assert not (tmp_path / "bundle").exists() and not (tmp_path / "bundle.training").exists()
    assert not list((tmp_path / "temporary").glob(".f2p-failed-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_an_interrupt_keeps_the_state_and_says_so(tmp_path: Path) -> None:
    from f2p_deploy.engine.pairs import write_pairs

    write_pairs(Discs(), tmp_path / "front", count=520, size=256)
    words = ["train", "imitator", "--front", "front", "--bundle", "bundle", "--threads", "1"]
    # A suite that was started in the background ignores SIGINT, and its children would: a terminal's do not.
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{listening}; import sys; from f2p_deploy.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *words]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        metrics = tmp_path / "bundle.training" / "imitator" / "metrics.jsonl"
        deadline = time.monotonic() + 120
        while not metrics.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert err.startswith("error: imitator: stopped after ") and "the same command goes on from there" in err
    assert (metrics.parent / "state.pt").is_file() and not list(tmp_path.rglob("*.part"))
