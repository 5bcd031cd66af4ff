"""The results of a run as plain data."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

pytest.importorskip("torch")


def test_a_report_is_json(small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path) -> None:
    from f2p_deploy.character.parameter_files import from_json
    from f2p_deploy.pipeline import create_characters

    (photo.parent / "notes.jpg").write_text("not a picture")
    report = create_characters([photo.parent], small_bundle, tmp_path / "out", ["auto"], finder=finder)
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    created, failed = data["results"]
    assert from_json(created["parameters"], small_bundle.schema) == report.created[0].parameters
    assert created["mode_reason"].startswith("chosen because ")
    assert (failed["status"], failed["reason"]) == ("failed", "unreadable")
    assert Path(data["page"]) == report.page


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_a_photo_whose_name_is_no_text_is_found_by_its_address(
    small_bundle: "Bundle", photo: Path, finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters
    from f2p_deploy.system.names import json_text

    odd = photo.rename(photo.with_name(os.fsdecode(b"caf\xe9.png")))
    report = create_characters([odd], small_bundle, tmp_path / "out", ["one-shot"], finder=finder_for(odd.name))
    for text in (json_text(report.to_dict()), (tmp_path / "out" / "caf_" / "result.json").read_text("utf-8")):
        data = json.loads(text.encode("utf-8"))
        data = data["results"][0] if "results" in data else data
        assert data["photo"].endswith(r"caf\xe9.png")
        assert os.path.samefile(unquote_to_bytes(data["photo_uri"].removeprefix("file://")), odd)
