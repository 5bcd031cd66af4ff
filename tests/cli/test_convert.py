"""`convert`: from parameter files to other programs' formats."""

from collections.abc import Callable
from pathlib import Path

import pytest

from f2p_deploy.character.parameter_files import write_parameters
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema

SCHEMA = load_schema("makehuman-female")


@pytest.fixture
def anna(tmp_path: Path) -> Path:
    path = tmp_path / "ännä.json"
    write_parameters(path, average(SCHEMA))
    return path


def test_a_file_and_a_folder(f2p: Callable, anna: Path, tmp_path: Path) -> None:
    ran = f2p("convert", anna, "--to", "mhm", "-o", tmp_path / "a.mhm")
    assert (ran.code, ran.out) == (0, f"{tmp_path / 'a.mhm'}\n"), ran.err
    assert "name ännä" in (tmp_path / "a.mhm").read_text(encoding="utf-8")
    ran = f2p("convert", anna, anna, "--to", "units", "-o", tmp_path / "all", "--json")
    files = [str(tmp_path / "all" / f"{name}.json") for name in ("ännä", "ännä-2")]
    assert ran.json == {"characters": 2, "written": files}


def test_a_template(f2p: Callable, anna: Path, tmp_path: Path) -> None:
    (tmp_path / "t.lua").write_text("return { nose = {{ Nose }} }\n")
    (tmp_path / "t.toml").write_text('[values.Nose]\nfrom = "nose.width"\nrange = [0, 9]\ndecimals = 1\n')
    words = ("convert", anna, "--template", tmp_path / "t.lua", "--mapping", tmp_path / "t.toml")
    assert f2p(*words, "-o", tmp_path / "out.lua").code == 0
    assert (tmp_path / "out.lua").read_text() == "return { nose = 4.5 }\n"
    ran = f2p(*words, "-o", tmp_path / "t.toml")
    assert ran.code == 2 and "is read by this command" in ran.err


def test_standard_output(anna: Path) -> None:
    import subprocess
    import sys

    words = ("convert", anna, "--to", "float32", "-o", "-")
    ran = subprocess.run([sys.executable, "-m", "f2p_deploy.cli", *words], capture_output=True, check=True)
    assert ran.stdout == average(SCHEMA).values.astype("<f4").tobytes()


def test_wrong_words(f2p: Callable, anna: Path, tmp_path: Path) -> None:
    def said(*words: object) -> str:
        ran = f2p("convert", *words)
        assert ran.code == 2 and ran.err.count("\n") == 1, ran.err
        return ran.err

    out = ("-o", tmp_path / "out")
    assert "no format named 'unit'. Did you mean 'units'" in said(anna, "--to", "unit", *out)
    assert "give either --to" in said(anna, *out) and "give -o" in said(anna, "--to", "units")
    assert "--mapping is for the placeholders" in said(anna, "--to", "units", "--mapping", anna, *out)
    assert "both write to standard output" in said(anna, "--to", "units", "-o", "-", "--json")
    assert "cannot read" in said(tmp_path / "gone.json", "--to", "units", *out)
    (tmp_path / "own.json").write_text('{"schema": "studio"}')
    assert "'studio', which is not shipped: give --schema" in said(tmp_path / "own.json", "--to", "units", *out)
    assert "'schema' must be 'makehuman'" in said(anna, "--schema", "makehuman", "--to", "units", *out)
    assert not (tmp_path / "out").exists()
