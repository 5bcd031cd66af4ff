"""Programs and traced modules for converters compute what the graph computes."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.export.converters.program_files import write_program, write_traced  # noqa: E402
from f2p_deploy.export.export_graphs import exportable_graphs  # noqa: E402
from f2p_deploy.export.source import Source  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402


@pytest.fixture(scope="module")
def source(small_bundle: Bundle) -> Source:
    (graph,) = (graph for graph in exportable_graphs(small_bundle) if graph.name == "render")
    parameters = np.random.default_rng(0).random((1, small_bundle.schema.n), np.float32)
    return Source(graph, None, "fp32", example={"parameters": parameters})


def test_both_files_compute_the_same_as_the_graph(source: Source, tmp_path: Path) -> None:
    write_program(source, tmp_path / "render.pt2")
    write_traced(source, tmp_path / "render.pt")
    parameters = torch.from_numpy(source.example["parameters"])
    expected = source.graph.compute(source.example)["image"]
    with torch.no_grad():
        exported = torch.export.load(tmp_path / "render.pt2").module()(parameters)
        traced = torch.jit.load(str(tmp_path / "render.pt"))(parameters)
    for found in (exported, traced):
        image = found[0] if isinstance(found, tuple | list) else found
        assert np.abs(image.numpy() - expected).max() < 1e-5
