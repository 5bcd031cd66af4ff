"""Fold the batch norms of a graph, and check on a real batch that the outputs are unchanged."""

from dataclasses import replace

import numpy as np
from torch import nn

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.model.networks.batch_norm_folding import folded
from f2p_deploy.system.errors import CompilerError

#: Largest allowed difference, relative to the output's maximum. 2e-6 was measured for networks of the paper's depth.
FOLDED_TOLERANCE = 1e-4


def folded_and_proven(graph: ExportGraph, inputs: Arrays, norms_before: bool = True) -> nn.Module:
    """Return a graph's module with its batch norms folded, after comparing both forms on a real batch.

    Args:
        graph: the graph; its module is not changed.
        inputs: one real batch, by tensor name.
        norms_before: see `folded`.

    Raises:
        CompilerError: an output differs by more than `FOLDED_TOLERANCE`.
    """
    module = folded(graph.module, norms_before)
    before, after = graph.compute(inputs), replace(graph, module=module).compute(inputs)
    for name, expected in before.items():
        difference = float(np.abs(after[name] - expected).max()) / max(float(np.abs(expected).max()), 1e-12)
        if not difference <= FOLDED_TOLERANCE:
            raise CompilerError(
                f"folding batch norms changed {name} of {graph.name} by {difference:.3g} of its largest value"
            )
    return module
