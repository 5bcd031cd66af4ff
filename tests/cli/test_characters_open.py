"""`run --bundles` and `--character`: several characters, and options that exclude one another."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from f2p_deploy.character.schema import load_schema
from f2p_deploy.model.bundle import create_bundle

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@pytest.fixture
def bundles(tmp_path: Path, small_bundle: "Bundle") -> Path:
    """A man and a woman with small bundles; the demo bundle reads sex and age."""
    for name in ("man", "woman"):
        shutil.copytree(small_bundle.path, tmp_path / "set" / name)
    (tmp_path / "set" / "characters.toml").write_text('reader = "demo"\n')
    return tmp_path / "set"


def test_auto_and_a_name(f2p: Callable[..., Any], photo: Path, bundles: Path, landmarks: Path, tmp_path: Path) -> None:
    words = ("run", photo, "--bundles", bundles, "--landmarks", landmarks, "--mode", "one-shot", "-o", tmp_path / "out")
    ran = f2p(*words)
    assert ran.code == 0 and "woman: a woman of about" in ran.out
    ran = f2p(*words, "--character", "man", "--json")
    assert ran.json["results"][0]["character"]["reason"] == "as asked"


def test_options_that_exclude_one_another(f2p: Callable[..., Any], photo: Path, bundles: Path) -> None:
    ran = f2p("run", photo, "--character", "man")
    assert (ran.code, ran.err) == (2, "error: --character man is one of several: name their folder with --bundles\n")
    ran = f2p("run", photo, "--bundles", bundles, "--bundle", bundles / "man")
    assert ran.code == 2 and "leave out --bundle and --artifact" in ran.err
    ran = f2p("run", photo, "--bundles", bundles, "--character", "men")
    assert ran.code == 2 and "no character named 'men'" in ran.err and "Did you mean 'man'?" in ran.err


def test_formats_need_one_schema(
    f2p: Callable[..., Any], photo: Path, bundles: Path, small_bundle: "Bundle"
) -> None:
    create_bundle(bundles / "boy", "boy", load_schema("justice-male"), small_bundle.settings)
    ran = f2p("run", photo, "--bundles", bundles, "--write", "units")
    assert ran.code == 2 and "take characters of one schema" in ran.err and "--character" in ran.err
