"""`evaluate priors`: tables, page and JSON; a bundle without priors is refused before anything is written."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch")

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_the_energies_of_a_bundle(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    from f2p_deploy.character.parameters import random_batch
    from f2p_deploy.character.priors import fit_priors
    from f2p_deploy.model.bundle import load_bundle, store_priors

    refused = f2p("evaluate", "priors", "--bundle", small_bundle.path, "-o", tmp_path / "out")
    assert refused.code == 2 and "has no priors" in refused.err and not (tmp_path / "out").exists()
    shutil.copytree(small_bundle.path, tmp_path / "bundle")
    priors = fit_priors(small_bundle.schema, random_batch(small_bundle.schema, 20, seed=0))
    store_priors(load_bundle(tmp_path / "bundle"), priors, {"command": "tests"})
    words = ("evaluate", "priors", "--bundle", tmp_path / "bundle", "--count", 2, "--threads", 1)
    ran = f2p(*words, "-o", tmp_path / "out")
    assert ran.code == 0 and "Reconstruction energy by number of components" in ran.out, ran.err
    assert f"page: {tmp_path / 'out' / 'index.html'}" in ran.out
    assert f2p(*words, "--json").json["groups"]["eye"]["controllers"] == 2


def test_the_folder_of_a_run_is_refused(f2p: Callable, tmp_path: Path) -> None:
    for name in ("index.html", "summary.csv"):
        (tmp_path / name).write_text("of a run")
    for kind in ("priors", "pose", "stages"):
        ran = f2p("evaluate", kind, "-o", tmp_path)
        assert ran.code == 2 and "holds characters of f2p-deploy run" in ran.err
    assert (tmp_path / "index.html").read_text() == "of a run"
