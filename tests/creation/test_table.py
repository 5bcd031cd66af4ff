"""summary.csv reads back."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from f2p_deploy.bundle import Bundle
    from f2p_deploy.creation import ChosenFinder

pytest.importorskip("torch")


def test_controllers_choices_and_failures(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.creation import create_characters

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
