"""`run --write`: words that are wrong are said before any photo is read."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_formats_of_a_run(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ("--bundle", small_bundle.path, "--landmarks", landmarks, "--mode", "one-shot", "--threads", 1)
    out = tmp_path / "out"
    ran = f2p("run", photo, *words, "-o", out, "--write", "csv", "--write", "units", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["written"] == [str(out / "astronaut/formats/units.json"), str(out / "parameters.csv")]
    ran = f2p("run", photo, *words, "-o", out, "--write", "units")
    assert f"written: {out}/astronaut/formats/units.json" in ran.out


def test_wrong_formats_leave_nothing(f2p: Callable, small_bundle: "Bundle", photo: Path, tmp_path: Path) -> None:
    words = ("run", photo, "--bundle", small_bundle.path, "-o", tmp_path / "out")
    assert "no format named 'fbx'" in f2p(*words, "--write", "fbx").err
    assert "has no slider of MakeHuman" in f2p(*words, "--write", "mhm").err
    ran = f2p(*words, "--template", tmp_path / "gone.xml")
    assert ran.code == 2 and "cannot read the template" in ran.err and not (tmp_path / "out").exists()
