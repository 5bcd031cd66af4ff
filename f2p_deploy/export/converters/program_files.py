"""Graphs as files for converters: programs of `torch.export`, and traced modules of TorchScript."""

from pathlib import Path

import torch

from f2p_deploy.export.onnx.checked_folding import folded_and_proven
from f2p_deploy.export.source import Source
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError


def write_program(source: Source, file: Path) -> None:
    """Write a graph as a program of `torch.export` (`.pt2`), its batch norms folded and its gradient lowered.

    Raises:
        CompilerError: PyTorch cannot export it.
    """
    module, tensors = _ready(source)
    try:
        with torch.no_grad():
            torch.export.save(torch.export.export(module, tensors), file)
    except Exception as error:  # torch.export raises many classes
        raise CompilerError(f"PyTorch cannot export the graph {source.graph.name}; {SAID}") from error


def write_traced(source: Source, file: Path) -> None:
    """Write a graph as a traced module of TorchScript (`.pt`), its batch norms folded.

    Raises:
        CompilerError: PyTorch cannot trace it.
    """
    module, tensors = _ready(source)
    try:
        with torch.no_grad():
            torch.jit.trace(module, tensors, check_trace=False).save(str(file))
    except Exception as error:  # a tracer runs the module's own code
        raise CompilerError(f"PyTorch cannot trace the graph {source.graph.name}; {SAID}") from error


def _ready(source: Source) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
    """Return a graph's module to export and a real batch of its inputs."""
    graph = source.graph
    if graph.lower is not None:
        module = graph.exported(source.loss_scale)
    else:
        module = folded_and_proven(graph, source.example, norms_before=False)
    return module.eval(), tuple(torch.from_numpy(source.example[spec.name]) for spec in graph.inputs)
