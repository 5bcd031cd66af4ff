"""Several workers: the same results in the same order; a killed one fails one photo; an interrupt ends all."""

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.pipeline import workers
from f2p_deploy.system.errors import InputError, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.alignment import Landmarks
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

pytest.importorskip("torch")


def test_several_make_what_one_makes_in_the_same_order(
    small_bundle: "Bundle", many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.model.bundle import copy_bundle, replace_settings
    from f2p_deploy.pipeline import create_characters

    settings = small_bundle.settings
    short = replace(settings, hybrid=replace(settings.hybrid, iterations=3))
    bundle = replace_settings(copy_bundle(small_bundle, tmp_path / "bundle", "short"), short)
    many[3].write_text("no photo")
    finder = finder_for(*(path.name for path in many))
    one = create_characters(many, bundle, tmp_path / "one", ["one-shot", "hybrid"], finder=finder)
    said: list[str] = []
    two = create_characters(
        many,
        bundle,
        tmp_path / "two",
        ["one-shot", "hybrid"],
        finder=finder,
        workers=2,
        threads=1,
        progress=lambda doing, done, total: said.append(doing),
    )
    assert two.made_with == one.made_with and any("2.png: hybrid, iteration" in doing for doing in said)
    assert [result.photo.name for result in two.results] == [result.photo.name for result in one.results]
    for mine, theirs in zip(two.created, one.created, strict=True):
        assert mine.name == theirs.name and np.allclose(mine.parameters.values, theirs.parameters.values, atol=1e-4)
    assert two.failed == one.failed and len(two.failed) == 1
    again = create_characters(many, bundle, two.out, ["hybrid", "one-shot"], finder=finder, workers=2)
    assert (len(again.kept), len(again.created)) == (10, 0)
    assert not multiprocessing.active_children() and not list(two.out.glob(".f2p-*"))


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_killed_process_costs_the_photo_that_it_worked_on(
    small_bundle: "Bundle", many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    def kill(doing: str, done: float = 0.0, total: float = 0.0) -> None:
        if doing.startswith("2.png: hybrid, iteration 1,"):
            (process,) = multiprocessing.active_children()  # for one photo, one is started
            os.kill(process.pid, signal.SIGKILL)

    out, finder = tmp_path / "out", finder_for(*(path.name for path in many))
    report = create_characters(
        many[2:3], small_bundle, out, ["hybrid"], finder=finder, workers=2, threads=1, progress=kill
    )
    (failure,) = report.failed
    assert failure.reason == "killed" and report.page.is_file()
    assert failure.message.startswith("2.png: the process that worked on it was ended by SIGKILL")
    report = create_characters(many, small_bundle, out, ["hybrid"], finder=finder, workers=2, threads=1)
    assert len(report.created) == 6 and not list(report.out.glob(".f2p-*"))


class Deadly:
    """A finder that ends its process at some photos, and knows a face in all others."""

    def __init__(self, finder: object, deadly: tuple[str, ...]) -> None:
        self.finder, self.deadly = finder, deadly

    def find(self, image: np.ndarray, name: str | None = None) -> "list[Landmarks]":
        """Find, or end."""
        if name in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.finder.find(image, name)  # type: ignore[attr-defined]


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_native_code_that_crashes_on_some_photos_loses_no_other(
    small_bundle: "Bundle", many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import ChosenFinder, create_characters

    known = finder_for(*(path.name for path in many))
    finder = ChosenFinder(Deadly(known.finder, ("0.png", "4.png")), "deadly")
    report = create_characters(many, small_bundle, tmp_path / "out", ["one-shot"], finder=finder, workers=2, threads=1)
    assert [result.photo.name for result in report.results] == [path.name for path in many]
    assert [failure.photo.name for failure in report.failed] == ["0.png", "4.png"]
    assert {failure.reason for failure in report.failed} == {"killed"}


def test_an_interrupt_ends_all_and_shows_what_was_made(
    small_bundle: "Bundle", many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    def interrupt(doing: str, done: float = 0.0, total: float = 0.0) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    finder = finder_for(*(path.name for path in many))
    out = tmp_path / "out"
    with pytest.raises(Interrupted, match=r"stopped after [2-5] of 6 characters; .*index.html shows what was made"):
        create_characters(many, small_bundle, out, ["one-shot"], finder=finder, workers=2, progress=interrupt)
    assert not multiprocessing.active_children() and not list(out.glob(".f2p-*"))
    assert (out / "index.html").is_file() and (out / "summary.csv").is_file()


def test_a_load_error_in_a_worker_is_reported(
    small_bundle: "Bundle", many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    finder = finder_for(*(path.name for path in many))
    assert finder.choice is not None
    gone = replace(finder, choice=replace(finder.choice, landmarks=tmp_path / "gone.json"))
    with pytest.raises(InputError, match="cannot read the landmarks .*gone.json"):
        create_characters(many, small_bundle, tmp_path / "out", ["one-shot"], finder=gone, workers=2)
    assert not multiprocessing.active_children()


def test_a_finder_that_cannot_be_sent_to_a_process_is_refused(
    small_bundle: "Bundle", many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    class Local(Deadly):
        pass

    finder = finder_for("0.png")
    local = replace(finder, finder=Local(finder.finder, ()), choice=None)
    with pytest.raises(InputError, match="finder or engine cannot be sent to a worker"):
        create_characters(many, small_bundle, tmp_path / "out", ["one-shot"], finder=local, workers=2)
    with pytest.raises(InputError, match="at least one worker makes characters, found 0"):
        create_characters(many, small_bundle, tmp_path / "out", ["one-shot"], finder=finder, workers=0)


def test_an_artifact_is_run_by_several_without_its_parents_sessions(
    small_artifact: Path, many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters
    from f2p_deploy.runtimes import load

    finder = finder_for(*(path.name for path in many))
    runtime = load(small_artifact, "onnxruntime", threads=1)
    report = create_characters(many, runtime, tmp_path / "out", ["one-shot"], finder=finder, workers=2, threads=1)
    assert len(report.created) == 6 and report.made_with.startswith("onnxruntime ")


def test_processes_are_started_where_they_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 4)
    assert [workers.workers_for(photos) for photos in (0, 31, 64, 100, 10_000)] == [1, 1, 2, 3, 4]
