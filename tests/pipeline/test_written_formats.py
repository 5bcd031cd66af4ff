"""Formats of a run's characters, and conversions of parameter files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.character.parameter_files import read_parameters, write_parameters
from f2p_deploy.character.parameters import Parameters, average, random_batch
from f2p_deploy.character.schema import load_schema
from f2p_deploy.character.template_file import FilledTemplate
from f2p_deploy.pipeline.written_formats import (
    FORMATS,
    Formats,
    convert_characters,
    format_names,
    named_characters,
    write_report_formats,
)
from f2p_deploy.system.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

SCHEMA = load_schema("makehuman")


def characters(folder: Path, *names: str) -> list[Path]:
    """Write random characters to files."""
    paths = [folder / name for name in names]
    for path, row in zip(paths, random_batch(SCHEMA, len(paths), 1), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parameters(path, Parameters(SCHEMA, row))
    return paths


def test_a_run_s_characters_in_every_format(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    (tmp_path / "hero.ini").write_text("[{{ name }}]\nphoto = {{ photo }}\nhair = {{ options['hair'] }}\n")
    template = FilledTemplate(tmp_path / "hero.ini", None, small_bundle.schema)
    formats = Formats(("csv", "float32", "units"), small_bundle.schema, template)

    def run(**more: object) -> Path:
        report = create_characters([photo], small_bundle, tmp_path / "out", ("one-shot",), finder=finder, **more)
        files = write_report_formats(report, formats)
        assert [file.name for file in files] == [
            "parameters.f32", "parameters.f32.json", "units.json", "hero.ini", "parameters.csv",
        ]  # fmt: skip
        return files[0].parent

    folder = run()
    assert folder == tmp_path / "out" / "astronaut" / "formats"
    character = read_parameters(folder.parent / "parameters.json", small_bundle.schema)
    np.testing.assert_array_equal(np.fromfile(folder / "parameters.f32", "<f4"), character.values)
    assert (folder / "hero.ini").read_text().splitlines()[:2] == ["[astronaut]", f"photo = {photo}"]
    assert (tmp_path / "out" / "parameters.csv").read_text().splitlines()[1].startswith(f"{photo},astronaut,one-shot,")
    # A kept character's files are as they were; edited values are written anew.
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    run()
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    edited = character.with_values({"nose.tx": 0.125})
    write_parameters(folder.parent / "parameters.json", edited)
    run()
    assert json.loads((folder / "units.json").read_text())["controllers"]["nose.tx"]["value"] == -0.75
    # Another character takes the old one's files away.
    (folder / "of another template.xml").touch()
    run(again=True)
    assert not (folder / "of another template.xml").exists()


def test_files_and_folders_are_converted(tmp_path: Path) -> None:
    given = characters(tmp_path / "in", "Zoë.json", "b.f32", "run/anna/parameters.json", "run/bob/parameters.json")
    (given[2].parent / "result.json").write_text('{"photo": "fotos/anna.jpg", "mode": "hybrid"}')
    named = named_characters([*given[:2], tmp_path / "in" / "run", given[2].parent], SCHEMA)
    assert [one.name for one in named] == ["Zoë", "b", "anna", "bob", "anna-2"]
    assert (named[2].photo, named[2].mode, named[3].photo) == ("fotos/anna.jpg", "hybrid", "")
    for name in ("json", "float32", "units", "mhm"):
        files = convert_characters(named, Formats((name,), SCHEMA), tmp_path / name)
        assert len(files) == len(named) * (2 if name == "float32" else 1)
        assert files[0].name.startswith("Zoë.") and all(file.stat().st_size for file in files)
    assert read_parameters(tmp_path / "json" / "b.json", SCHEMA) == named[1].parameters
    (table,) = convert_characters(named, Formats(("csv",), SCHEMA), tmp_path / "all.csv")
    assert len(table.read_text(encoding="utf-8").splitlines()) == 6
    one, layout = convert_characters(named[:1], Formats(("float32",), SCHEMA), tmp_path / "x.bin")
    assert (one.name, layout.name) == ("x.bin", "x.bin.json")
    assert Formats(("float32",), SCHEMA).only(named[:1]) == one.read_bytes()


def test_a_batch_gives_several_characters(tmp_path: Path) -> None:
    rows = random_batch(SCHEMA, 2, 5)
    (tmp_path / "two.f32").write_bytes(rows.astype("<f4").tobytes())
    named = named_characters([tmp_path / "two.f32"], SCHEMA)
    assert [one.name for one in named] == ["two", "two-2"]
    np.testing.assert_array_equal(named[1].parameters.values, rows[1])


def test_names_that_come_from_numbering_are_taken_too(tmp_path: Path) -> None:
    given = characters(tmp_path, "1/a.json", "2/a.json", "3/a-2.json", "4/A.json")
    named = named_characters(given, SCHEMA)
    assert [one.name for one in named] == ["a", "a-2", "a-2-2", "A-3"]  # one file system may not tell a from A
    assert len(set(convert_characters(named, Formats(("units",), SCHEMA), tmp_path / "out"))) == 4


def test_a_table_goes_into_a_folder_that_is_new(tmp_path: Path) -> None:
    named = named_characters(characters(tmp_path, "a.json", "b.json"), SCHEMA)
    (table,) = convert_characters(named, Formats(("csv",), SCHEMA), tmp_path / "heads")
    assert table == tmp_path / "heads" / "parameters.csv" and table.is_file()


def test_a_template_with_the_name_of_a_format(tmp_path: Path) -> None:
    (tmp_path / "units.json.j2").write_text("{{ name }}")
    template = FilledTemplate(tmp_path / "units.json.j2", None, SCHEMA)
    assert Formats(("csv", "float32"), SCHEMA, template)
    with pytest.raises(InputError, match="would be units.json, .* rename the template"):
        Formats(("units",), SCHEMA, template)


def test_inputs_stay_as_they_are(tmp_path: Path) -> None:
    (path,) = characters(tmp_path, "anna.json")
    before = path.read_bytes()
    named = named_characters([path], SCHEMA)
    with pytest.raises(InputError, match="is read by this command and would be replaced"):
        convert_characters(named, Formats(("units",), SCHEMA), tmp_path, [path])
    assert path.read_bytes() == before


def test_what_cannot_be_written_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert format_names() == ("csv", *FORMATS)
    with pytest.raises(InputError, match="no format named 'mhn'. Did you mean 'mhm'"):
        Formats(("mhn",), SCHEMA)
    with pytest.raises(InputError, match="has no slider of MakeHuman"):
        Formats(("mhm",), load_schema("justice-male"))
    monkeypatch.delenv("F2P_MAKEHUMAN_ASSETS", raising=False)
    with pytest.raises(MissingDependency):
        Formats(("gltf",), SCHEMA)
    with pytest.raises(InputError, match="a folder without characters"):
        named_characters([tmp_path], SCHEMA)
    many = named_characters(characters(tmp_path, "a.json", "b.json"), SCHEMA)
    with pytest.raises(InputError, match="-o - takes one character, found 2"):
        Formats(("units",), SCHEMA).only(many)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        convert_characters(many, Formats(("units",), SCHEMA), tmp_path / "file")


def test_a_head_as_gltf(makehuman_assets: Path) -> None:
    pytest.importorskip("numba")
    from f2p_deploy.character.parameter_table import NamedCharacter

    formats = Formats(("gltf",), SCHEMA, None, makehuman_assets)
    files = formats.files_of(NamedCharacter("anna", average(SCHEMA)))
    assert list(files) == ["character.glb"] and files["character.glb"][:4] == b"glTF"
