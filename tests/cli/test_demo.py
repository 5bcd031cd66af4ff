"""`demo`, which `make demo` runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_a_checkout_without_a_bundle_says_so(f2p: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import f2p_deploy.model.bundle

    monkeypatch.setattr(f2p_deploy.model.bundle, "demo_bundle_path", lambda: tmp_path / "none")
    ran = f2p("demo", "-o", tmp_path / "out")
    assert ran.code == 2 and ran.err == f"error: {tmp_path / 'none'} is not a bundle: it has no bundle.json\n"
    assert not (tmp_path / "out").exists()


def test_it_ends_with_what_to_open_next(
    f2p: Callable,
    small_bundle: "Bundle",
    landmarker: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    exporting: Callable,
) -> None:
    pytest.importorskip("mediapipe")
    pytest.importorskip("onnxsim")
    pytest.importorskip("starlette")
    import f2p_deploy.model.bundle
    from f2p_deploy.system.extras import command_name

    monkeypatch.setattr(f2p_deploy.model.bundle, "demo_bundle_path", lambda: small_bundle.path)
    monkeypatch.setenv("COLUMNS", "80")
    with exporting("one_shot", "render"):
        ran = f2p("demo", "-o", tmp_path / "out", "--landmarker", landmarker)
    assert ran.code == 0, ran.err
    page = (tmp_path / "out" / "index.html").resolve()
    lines = ran.out.splitlines()
    assert page.is_file() and lines[-5] == f"  {page.as_uri()}"
    assert lines[-3] == f"  {command_name()} run PHOTO"
    assert lines[-1] == f"  {command_name()} edit {tmp_path / 'out'}"
    table = [line for line in lines if line.startswith(("one_shot ", "describe ", "render ", "step "))]
    assert table and max(map(len, table)) <= 80
