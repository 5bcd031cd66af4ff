"""Characters of a bundle without an imitator: created without a preview, and only where none is needed."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch")

from f2p_deploy.pipeline import create_characters  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder


def without(bundle: "Bundle", *networks: str) -> "Bundle":
    """The bundle before these networks are trained."""
    files = {f"{network}.safetensors" for network in networks}
    return replace(bundle, stored={name: file for name, file in bundle.stored.items() if name not in files})


def test_a_search_through_a_surrogate_needs_no_imitator_and_no_reader(
    surrogate_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    early, out = without(surrogate_bundle, "imitator", "reader"), tmp_path / "out"
    report = create_characters([photo], early, out, ("one-shot", "hybrid"), finder=finder)
    for result in report.characters:
        assert not result.has_preview and not (out / result.name / "character.png").exists()
        assert {part.origin for part in result.read.values()} == {"default"}
        assert result.choices["hair"] == early.schema.discrete_groups[0].default
        uneven = result.parameters.schema.controller_index["uneven"]
        assert result.parameters.values[uneven] == 0.5
    text = report.page.read_text()
    assert text.count("No picture: the bundle has no imitator yet.") == 2 and "character.png" not in text
    again = create_characters([photo], early, out, ("one-shot", "hybrid"), finder=finder)
    assert len(again.kept) == 2 and again.page.read_text().count("No picture") == 2
    alone = create_characters([photo], early, tmp_path / "alone", finder=finder).page.read_text()
    assert alone.count("No picture") == 1 and "preview" not in alone.partition("<article")[2]


def test_a_search_through_the_imitator_needs_it(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    early = without(small_bundle, "imitator")
    with pytest.raises(InputError, match="has no imitator yet: f2p-deploy train imitator --bundle .* makes it"):
        create_characters([photo], early, tmp_path / "out", ("hybrid",), finder=finder)
