"""What came of the photos as plain data."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from f2p_deploy.bundle import Bundle
    from f2p_deploy.creation import ChosenFinder

pytest.importorskip("torch")


def test_a_report_is_json(small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path) -> None:
    from f2p_deploy.character.parameter_files import from_json
    from f2p_deploy.creation import create_characters

    (photo.parent / "notes.jpg").write_text("not a picture")
    report = create_characters([photo.parent], small_bundle, tmp_path / "out", ["auto"], finder=finder)
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    created, failed = data["results"]
    assert from_json(created["parameters"], small_bundle.schema) == report.created[0].parameters
    assert created["mode_reason"].startswith("chosen because ")
    assert (failed["status"], failed["reason"]) == ("failed", "unreadable")
    assert Path(data["page"]) == report.page
