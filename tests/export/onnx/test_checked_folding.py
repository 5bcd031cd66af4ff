"""Batch norms of a graph: folded only if the outputs of a real batch are unchanged."""

import pytest
import torch
from torch import nn

from f2p_deploy.export import Faces
from f2p_deploy.export.export_graphs import exportable_graphs
from f2p_deploy.export.onnx.checked_folding import folded_and_proven
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import CompilerError


def test_folding_is_proven_on_a_batch(
    small_bundle: Bundle, small_faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = next(graph for graph in exportable_graphs(small_bundle) if graph.name == "describe")
    inputs = {"face": small_faces.images[:1]}
    module = folded_and_proven(graph, inputs)
    assert not [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    halved = "f2p_deploy.export.onnx.checked_folding.folded"
    monkeypatch.setattr(halved, lambda module, _: nn.Sequential(Halved(), module))
    with pytest.raises(CompilerError, match="folding batch norms changed identity of describe by"):
        folded_and_proven(graph, inputs)


class Halved(nn.Module):
    """A fault that a wrong folding could cause: the picture is halved."""

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        return face / 2
