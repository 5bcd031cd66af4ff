"""summary.csv reads back."""

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

pytest.importorskip("torch")


def test_controllers_choices_and_failures(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    (photo.parent / "notes.jpg").write_text("not a picture")
    report = create_characters([photo.parent], small_bundle, tmp_path / "out", ["hybrid"], finder=finder)
    with report.table.open(newline="", encoding="utf-8") as stream:
        made, failed = csv.DictReader(stream)
    parameters = report.created[0].parameters
    values = [float(made[controller.name]) for controller in small_bundle.schema.controllers]
    assert np.allclose(values, parameters.values[:6], atol=1e-5)
    assert made["hair"] == parameters.choice("hair") and made["mode"] == "hybrid"
    assert float(made["loss_last"]) == pytest.approx(report.created[0].losses[-1], rel=1e-4)
    assert (failed["status"], failed["reason"], failed["eye.tx"]) == ("failed", "unreadable", "")
    assert failed["warnings"].startswith("notes.jpg: this is not a picture")


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_no_cell_is_a_formula(
    small_bundle: "Bundle",
    photo: Path,
    finder_for: "Callable[..., ChosenFinder]",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from f2p_deploy.pipeline import create_characters

    monkeypatch.chdir(photo.parent)
    good = ["=cmd|' -C calc'!A0.png", "@a.png", "+b.png", "-c.png", "caf\udce9.png"]
    for name in good:
        Path(name).write_bytes(photo.read_bytes())
    Path("=no.jpg").write_text("not a picture")
    photos = [Path(name) for name in (*good, "=no.jpg")]
    report = create_characters(photos, small_bundle, tmp_path / "out", ["one-shot"], finder=finder_for(*good))
    with report.table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["photo"] for row in rows] == [
        *(f"'{name}" for name in good[:4]),
        "caf\\xe9.png",
        "'=no.jpg",
    ]
    for row in rows:
        assert not [cell for cell in row.values() if cell.startswith(tuple("=@+-\t\r"))]
    assert rows[0]["folder"].startswith("'=cmd") and rows[5]["warnings"].startswith("'=no.jpg: this is not")
    assert all(float(row["eye.tx"]) >= 0 and float(row["seconds"]) >= 0 for row in rows[:5])
