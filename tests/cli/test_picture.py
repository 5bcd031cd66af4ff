"""`render`: a picture from parameters, and invalid parameters."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.character.parameters import average

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_the_average_face_at_a_size(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    out = tmp_path / "average.png"
    ran = f2p("render", "--average", "--bundle", small_bundle.path, "--size", 64, "-o", out)
    assert (ran.code, ran.out) == (0, f"{out}\n")
    with Image.open(out) as picture:
        assert picture.size == (64, 64)


@pytest.mark.parametrize("size", [0, -1, 15, 4097, 10**12])
def test_an_impossible_size_is_refused(
    f2p: Callable, small_bundle: "Bundle", tmp_path: Path, size: int
) -> None:
    out = tmp_path / "average.png"
    ran = f2p("render", "--average", "--bundle", small_bundle.path, "--size", size, "-o", out)
    assert ran.code == 2 and f"a picture is 16 to 4096 pixels, found {size}" in ran.err
    assert not out.exists()


def test_an_artifact_draws_it_too(f2p: Callable, small_artifact: Path, tmp_path: Path) -> None:
    out = tmp_path / "average.png"
    ran = f2p("render", "--average", "--artifact", small_artifact, "--runtime", "onnxruntime", "-o", out, "--json")
    assert ran.code == 0 and (ran.json["bundle"], ran.json["size"]) == ("small", 128)
    with Image.open(out) as picture:
        assert picture.size == (128, 128)


def test_a_moved_slider_changes_the_picture(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    pictures = []
    for value in (0.0, 1.0):
        content: Any = to_json(average(small_bundle.schema))
        content["controllers"]["nose.tx"] = value
        (tmp_path / "hand.json").write_text(json.dumps(content))
        out = tmp_path / f"{value}.png"
        assert f2p("render", tmp_path / "hand.json", "--bundle", small_bundle.path, "-o", out, "--json").code == 0
        pictures.append(out.read_bytes())
    assert pictures[0] != pictures[1]


def test_without_a_name_no_foreign_file_is_overwritten(
    f2p: Callable, small_bundle: "Bundle", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = json.dumps(to_json(average(small_bundle.schema)))
    Path("anna").mkdir()
    Path("anna/parameters.json").write_text(text)
    for _ in range(2):  # sliders are moved and drawn again
        ran = f2p("render", "anna/parameters.json", "--bundle", small_bundle.path)
        assert (ran.code, ran.out) == (0, "anna/drawn.png\n")
    Path("bob.json").write_text(text)
    assert f2p("render", "bob.json", "--bundle", small_bundle.path).out == "bob.png\n"
    Path("bob.png").write_bytes(b"a photo")
    ran = f2p("render", "bob.json", "--bundle", small_bundle.path)
    assert ran.code == 2 and "bob.png already exists and may be a photo" in ran.err
    assert Path("bob.png").read_bytes() == b"a photo"


def _renamed(content: Any) -> Any:
    content["controllers"]["eye.tz"] = content["controllers"].pop("eye.tx")
    return content


def _not_a_number(content: Any) -> Any:
    content["controllers"]["eye.tx"] = float("nan")
    return content


def _of_another_schema(content: Any) -> Any:
    content["schema"] = "justice-male"
    return content


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_renamed, "no controller named 'eye.tz'. Did you mean 'eye.t"),
        (_not_a_number, "controller 'eye.tx' must lie in [0, 1], found nan"),
        (_of_another_schema, "'schema' must be 'small', found 'justice-male'"),
        (lambda content: {}, "not a parameter file"),
    ],
)
def test_wrong_parameters(
    f2p: Callable, small_bundle: "Bundle", tmp_path: Path, damage: Callable, sentence: str
) -> None:
    path, out = tmp_path / "wrong.json", tmp_path / "out.png"
    path.write_text(json.dumps(damage(to_json(average(small_bundle.schema)))))
    ran = f2p("render", path, "--bundle", small_bundle.path, "-o", out)
    assert ran.code == 2 and ran.err.startswith(f"error: {path}: {sentence}")
    assert not out.exists()


def test_a_folder_as_parameters(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    ran = f2p("render", tmp_path, "--bundle", small_bundle.path, "-o", tmp_path / "out.png")
    assert ran.code == 2
    assert ran.err == f"error: {tmp_path} is a folder: name the parameters in it, such as {tmp_path}/parameters.json\n"


def test_parameters_or_the_average(f2p: Callable) -> None:
    for words in ((), ("x.json", "--average")):
        ran = f2p("render", *words)
        assert ran.code == 2 and "give either a file of parameters or --average" in ran.err


@pytest.mark.parametrize(
    ("out", "sentence"),
    [("picture.txt", "picture's name must end in .png"), ("no/a.png", "there is no folder"), (".", "a picture's name")],
)
def test_a_picture_that_cannot_be_written(
    f2p: Callable, small_bundle: "Bundle", tmp_path: Path, out: str, sentence: str
) -> None:
    ran = f2p("render", "--average", "--bundle", small_bundle.path, "-o", tmp_path / out)
    assert ran.code == 2 and sentence in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_engine_without_assets_is_code_3(f2p: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("F2P_MAKEHUMAN_ASSETS", raising=False)
    ran = f2p("render", "--average", "--engine", "-o", tmp_path / "a.png")
    assert ran.code == 3 and "--assets" in ran.err
