"""Options of several commands."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.system.threads import default_threads, usable_cores

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@pytest.fixture
def threads_during(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The default number of threads for sessions, recorded at each of a command's first steps."""
    from f2p_deploy.model import bundle

    found: list[int | None] = []
    load = bundle.load_bundle

    def loading(*words: object) -> object:
        made = load(*words)  # type: ignore[arg-type]
        found.append(default_threads())
        return made

    monkeypatch.setattr(bundle, "load_bundle", loading)
    return found


def test_threads_hold_whatever_a_command_computes(
    f2p: Callable, small_bundle: "Bundle", photo: Path, tmp_path: Path, threads_during: list[int | None]
) -> None:
    bundle = ("--bundle", small_bundle.path)
    before = default_threads()
    assert f2p("export", "--target", "onnx", *bundle, "--dry-run", "--threads", 1).code == 0
    ran = f2p("calibrate", photo, "-o", tmp_path / "set", *bundle, "--offline", "--threads", 1)
    assert "64 faces" in ran.err
    assert threads_during == [1, 1] and default_threads() == before


def test_a_picture_is_drawn_with_the_threads_that_were_asked_for(
    f2p: Callable, small_bundle: "Bundle", small_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from f2p_deploy.runtimes.onnxruntime import onnx_runtime
    from f2p_deploy.system import threads

    told: list[int | None] = []
    options, limit = onnx_runtime.session_options, threads.limit_threads
    monkeypatch.setattr(onnx_runtime, "session_options", lambda number: (told.append(number), options(number))[1])
    monkeypatch.setattr(threads, "limit_threads", lambda number: (told.append(number), limit(number))[1])
    for source in (("--artifact", small_artifact), ("--bundle", small_bundle.path)):
        ran = f2p("render", "--average", *source, "-o", tmp_path / "face.png", "--threads", 1)
        assert ran.code == 0, ran.err
    assert told == [1, 1]


def test_more_threads_than_cores_is_one_warning(f2p: Callable, small_artifact: Path, tmp_path: Path) -> None:
    many = usable_cores() + 7
    ran = f2p("render", "--average", "--artifact", small_artifact, "-o", tmp_path / "face.png", "--threads", many)
    assert ran.code == 0
    assert ran.err.count(f"warning: {many} threads were requested, but this process may use") == 1
    assert len(ran.err.splitlines()) == 1


def test_the_artifact_inside_a_bundle_may_be_preferred_unless_it_is_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    from f2p_deploy.cli.options import open_source
    from f2p_deploy.model.bundle import demo_bundle_path

    assert open_source(None, None).name == "torch"
    assert open_source(None, None, prefer_artifact=True).name == "onnxruntime"
    copy = tmp_path / "copy"
    shutil.copytree(demo_bundle_path(), copy)
    (copy / "render.onnx").write_bytes(b"cut short")
    assert open_source(copy, None, prefer_artifact=True).name == "torch"
    assert "warning: " in capsys.readouterr().err
