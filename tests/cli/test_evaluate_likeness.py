"""`evaluate likeness` with the real engine and landmarker, and errors that are raised before slow work."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

PEOPLE = 10


@pytest.fixture
def crowd(tmp_path: Path, astronaut: np.ndarray) -> Path:
    """A folder of ten photos in ten colours, and a file that is no photo."""
    folder = tmp_path / "crowd"
    folder.mkdir()
    for i in range(PEOPLE):
        tint = 0.7 + 0.3 * np.random.default_rng(i).random(3)
        Image.fromarray((astronaut * tint).astype(np.uint8)).save(folder / f"p{i}.png")
    (folder / "index.csv").write_text("not a photo")
    return folder


@pytest.fixture
def judge(tmp_path: Path) -> Path:
    """A network that knows people by the mean colour of their crop."""
    given = onnx.helper.make_tensor_value_info("picture", onnx.TensorProto.FLOAT, [1, 3, 112, 112])
    made = onnx.helper.make_tensor_value_info("descriptor", onnx.TensorProto.FLOAT, [1, 3, 1, 1])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("GlobalAveragePool", ["picture"], ["descriptor"])], "colours", [given], [made]
    )
    path = tmp_path / "colours.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def test_the_demo_bundle_is_measured(
    f2p: Callable, crowd: Path, judge: Path, landmarker: Path, makehuman_assets: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mediapipe")
    out = tmp_path / "out"
    words = ("--landmarker", landmarker, "--assets", makehuman_assets, "--mode", "one-shot", "--threads", 1)
    ran = f2p("evaluate", "likeness", crowd, "--judge", judge, *words, "-o", out)
    assert ran.code == 0, ran.err
    assert f"Whose character is it? {PEOPLE} people, judged by colours" in ran.out and f"page: {out}" in ran.out
    assert ran.err.count("index.csv") == 1
    data = json.loads((out / "likeness.json").read_text())
    assert data["complete"] and data["photos"] == {"asked": PEOPLE, "measured": PEOPLE, "refused": 0}
    assert 0.0 <= data["subjects"]["one-shot"]["rank_1"]["value"] <= 1.0
    assert (out / "index.html").read_text().count("<img") == 2 * PEOPLE


def test_too_few_people_are_refused_before_anything_is_opened(f2p: Callable, crowd: Path, tmp_path: Path) -> None:
    ran = f2p("evaluate", "likeness", crowd, "--judge", tmp_path / "gone.onnx", "--limit", 3, "--json")
    assert ran.code == 2 and ran.json == {
        "error": "identification needs at least 10 people, found 3",
        "exit_code": 2,
    }


def test_bad_words(f2p: Callable, crowd: Path, judge: Path, tmp_path: Path) -> None:
    words = ("evaluate", "likeness", crowd, "--judge")
    assert "there is no judge" in f2p(*words, tmp_path / "gone.onnx").err
    assert "an .onnx or .tflite file" in f2p(*words, crowd / "p0.png").err
    ran = f2p(*words, judge, "--mode", "oneshot")
    assert ran.code == 2 and "Did you mean 'one-shot'?" in ran.err
    ran = f2p(*words, judge, "--age-sex", tmp_path / "gone.json")
    assert ran.code == 2 and "the age and sex network" in ran.err
    (tmp_path / "labels.csv").write_text("photo,hare\n")
    ran = f2p(*words, judge, "--labels", tmp_path / "labels.csv")
    assert ran.code == 2 and "has columns but no rows" in ran.err
    (tmp_path / "labels.csv").write_text("photo,hair\nelsewhere/p0.png,\n")
    ran = f2p(*words, judge, "--labels", tmp_path / "labels.csv")
    assert ran.code == 2 and "names none of these photos: a photo's name is its folder and file" in ran.err
    ran = f2p("evaluate", "likeness", crowd)
    assert ran.code == 2 and "--judge" in ran.err and ran.err.rstrip().endswith("f2p-deploy evaluate likeness --help")


def test_a_studios_own_engine_is_measured(
    f2p: Callable, crowd: Path, judge: Path, landmarker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mediapipe")
    import sys

    from f2p_deploy.engine.engine import Rendering
    from f2p_deploy.model.bundle import load_bundle

    asked: list[int] = []

    class Painter:
        schema = load_bundle(None).schema

        def render(self, parameters: np.ndarray, size: int, scene: object = None) -> Rendering:
            asked.append(size)
            return Rendering(np.full((size, size, 3), 40, np.uint8))

        def render_many(self, batch, size, scenes=None, workers=1):  # noqa: ANN001, ANN201
            return (self.render(row, size) for row in batch)

    module = type(sys)("own_likeness_painter")
    module.Painter = Painter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_likeness_painter", module)
    words = ("--landmarker", landmarker, "--mode", "one-shot", "--threads", 1, "--json")
    at = ("--engine-at", "own_likeness_painter:Painter")
    ran = f2p("evaluate", "likeness", crowd, "--judge", judge, *words, *at)
    assert ran.code == 0, ran.err
    assert len(asked) == PEOPLE and ran.json["photos"]["measured"] == PEOPLE
    assert ran.json["engine"].endswith("Painter")
