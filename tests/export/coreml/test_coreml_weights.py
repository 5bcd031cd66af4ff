"""Weights in 8 bits for Core ML: both ways are written and measured, and the nearer one stays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("coremltools")

from f2p_deploy.artifact.coreml_file import contents_of, package_precision  # noqa: E402
from f2p_deploy.character.parameters import random_batch  # noqa: E402
from f2p_deploy.export.coreml import coreml_weights  # noqa: E402
from f2p_deploy.export.coreml.convert_coreml import to_coreml  # noqa: E402
from f2p_deploy.export.coreml.coreml_weights import NEAR, Weights, _table  # noqa: E402
from f2p_deploy.export.export_graphs import exportable_graphs  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402


@pytest.fixture
def written(small_bundle: Bundle, tmp_path: Path) -> Any:
    graph = next(graph for graph in exportable_graphs(small_bundle) if graph.name == "render")

    def write(ios: str = "17") -> tuple[tuple[Weights, ...], Path]:
        path, given = tmp_path / "render.mlpackage", {"parameters": random_batch(small_bundle.schema, 1, 0)}
        return to_coreml(graph, given, path, "int8", ios, 1.0, {}), path

    return write


@pytest.mark.parametrize("ios", ["17", "18"])
def test_the_nearer_way_stays_and_nothing_else(written: Any, ios: str) -> None:
    (chosen, other), path = written(ios)
    assert {chosen.kind, other.kind} == {"linear", "palettised"}
    assert chosen.error <= (1 + NEAR) * other.error
    assert 0 < chosen.error < 0.05 and 0 < other.error < 0.1
    assert package_precision(path)[0] == "int8"
    found = contents_of(path, "render")
    assert found["how"] == chosen.kind
    lut = found["operators"].get("constexpr_lut_to_dense", 0)
    assert (lut > 0) == (chosen.kind == "palettised")
    assert [item.name for item in path.parent.iterdir()] == [path.name], "what was only tried is gone"


@pytest.mark.parametrize(("worse", "stays"), [("linear", "palettised"), ("palettised", "linear")])
def test_a_way_that_costs_more_goes(written: Any, monkeypatch: pytest.MonkeyPatch, worse: str, stays: str) -> None:
    errors = {worse: 0.5, stays: 0.1}
    monkeypatch.setattr(coreml_weights, "_error", lambda path, *rest: errors[path.name.split("-")[0].lstrip(".")])
    (chosen, other), path = written()
    assert (chosen.kind, other.kind) == (stays, worse) and contents_of(path, "render")["how"] == stays


@pytest.mark.parametrize("smaller", ["linear", "palettised"])
def test_of_two_that_are_as_near_the_smaller_one_stays(
    written: Any, monkeypatch: pytest.MonkeyPatch, smaller: str
) -> None:
    errors = {"linear": 0.100, "palettised": 0.102}
    monkeypatch.setattr(coreml_weights, "_error", lambda path, *rest: errors[path.name.split("-")[0].lstrip(".")])
    monkeypatch.setattr(coreml_weights, "_size", lambda path: 1 if smaller in path.name else 2)
    (chosen, _), _ = written()
    assert chosen.kind == smaller


def test_a_table_is_the_best_there_is() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(40, 50)).astype(np.float16)
    table, places = _table(weight)
    assert table.shape == (256,) and places.dtype == np.uint8 and table.dtype == np.float16
    off = np.abs(table[places].reshape(weight.shape) - weight).mean()
    steps = np.linspace(weight.min(), weight.max(), 256, dtype=np.float32)
    of_steps = np.abs(steps[np.abs(weight[..., None].astype(np.float32) - steps).argmin(-1)] - weight).mean()
    assert off < of_steps
    again = _table(weight)
    assert np.array_equal(again[0], table) and np.array_equal(again[1], places)
    assert Weights("linear", 0.0123, 1_500_000).sentence() == "linear: off by 0.012, 1.50 MB"
