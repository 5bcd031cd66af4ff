"""Weights of several graphs in one file: equal ones once, and the graphs compute as before."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from f2p_deploy.export.onnx.onnx_weights import (
    ALIGNMENT,
    WEIGHTS_FILE,
    Place,
    key_of,
    save_by_precision,
    save_sharing_weights,
)
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

LARGE = np.random.default_rng(0).random((1, 500), np.float32)
OTHER = LARGE[:, ::-1].copy()
SMALL = np.array([2.0], np.float32)


@pytest.fixture
def models(toy_model: Callable[..., onnx.ModelProto]) -> dict[str, onnx.ModelProto]:
    shape = LARGE.shape
    nodes = [("Mul", ["x", "large"], "a"), ("Mul", ["a", "other"], "b"), ("Mul", ["b", "small"], "y")]
    same = [("Add", ["x", "again"], "a"), ("Add", ["a", "small"], "y")]
    return {
        "first": toy_model(nodes, {"large": LARGE, "other": OTHER, "small": SMALL}, shape),
        "second": toy_model(same, {"again": LARGE, "small": SMALL}, shape),
    }


def test_equal_weights_are_stored_once(models: dict[str, onnx.ModelProto], tmp_path: Path) -> None:
    before = {name: model.SerializeToString() for name, model in models.items()}
    save_sharing_weights(models, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.onnx", "second.onnx", WEIGHTS_FILE]
    padded = -(-LARGE.nbytes // ALIGNMENT) * ALIGNMENT
    assert (tmp_path / WEIGHTS_FILE).stat().st_size == padded + OTHER.nbytes
    assert (tmp_path / "second.onnx").stat().st_size < 1000
    assert {name: model.SerializeToString() for name, model in models.items()} == before


def test_the_graphs_compute_as_before(models: dict[str, onnx.ModelProto], tmp_path: Path) -> None:
    save_sharing_weights(models, tmp_path)
    feed = {"x": np.random.default_rng(1).random(LARGE.shape, np.float32)}
    for name, model in models.items():
        onnx.checker.check_model(tmp_path / f"{name}.onnx", full_check=True)
        outside, inside = open_session(str(tmp_path / f"{name}.onnx")), open_session(model.SerializeToString())
        assert np.array_equal(outside.run(["y"], feed)[0], inside.run(["y"], feed)[0])


def test_small_weights_stay_in_the_graph(models: dict[str, onnx.ModelProto], tmp_path: Path) -> None:
    save_sharing_weights(models, tmp_path)
    read = onnx.load(tmp_path / "first.onnx", load_external_data=False)
    places = {weight.name: weight.data_location for weight in read.graph.initializer}
    assert places == {"large": onnx.TensorProto.EXTERNAL, "other": onnx.TensorProto.EXTERNAL, "small": 0}


def test_each_precision_has_a_separate_file(models: dict[str, onnx.ModelProto], tmp_path: Path) -> None:
    save_by_precision({"first": ("int8", models["first"]), "second": ("fp32", models["second"])}, tmp_path)
    sizes = {path.name: path.stat().st_size for path in tmp_path.glob("*.bin")}
    assert sizes == {WEIGHTS_FILE: 2 * LARGE.nbytes + (-LARGE.nbytes) % ALIGNMENT, "weights-fp32.bin": LARGE.nbytes}
    feed = {"x": LARGE}
    for name, model in models.items():
        outside, inside = open_session(str(tmp_path / f"{name}.onnx")), open_session(model.SerializeToString())
        assert np.array_equal(outside.run(["y"], feed)[0], inside.run(["y"], feed)[0])


def test_weights_that_lie_elsewhere_are_read_from_there(models: dict[str, onnx.ModelProto], tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"abc" + LARGE.tobytes())
    save_sharing_weights(models, tmp_path, elsewhere={key_of(LARGE.tobytes()): Place("other.bin", 3, LARGE.nbytes)})
    assert (tmp_path / WEIGHTS_FILE).stat().st_size == OTHER.nbytes
    feed = {"x": LARGE}
    for name, model in models.items():
        outside, inside = open_session(str(tmp_path / f"{name}.onnx")), open_session(model.SerializeToString())
        assert np.array_equal(outside.run(["y"], feed)[0], inside.run(["y"], feed)[0])
