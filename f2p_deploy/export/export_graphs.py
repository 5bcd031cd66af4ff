"""The graphs of a bundle that are exported, each with the module that exporters trace."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from f2p_deploy.export.gradient.step import lowered_step
from f2p_deploy.model import graphs
from f2p_deploy.model.bundle import Bundle


@dataclass(frozen=True)
class ExportGraph(graphs.BundleGraph):
    """One graph to export.

    Args:
        lower: makes the module to export from a loss scale, for a graph whose own module calls autograd, which no
            exporter supports. The lowered module uses only `lower_gradient.OPERATORS`.
    """

    lower: Callable[[float], nn.Module] | None = None

    def exported(self, loss_scale: float = 1.0) -> nn.Module:
        """Return the module to trace; it computes the same as `module`.

        Args:
            loss_scale: factor of a gradient during its backward pass; the result is divided by it.
        """
        return self.module if self.lower is None else self.lower(loss_scale)


def exportable_graphs(bundle: Bundle, batch: int = 1) -> tuple[ExportGraph, ...]:
    """Return the graphs of a bundle, see `f2p_deploy.model.graphs.bundle_graphs`, with a lowered form of each step.

    Raises:
        InputError: the batch size is below 1.
    """
    lower = {
        "step": partial(lowered_step, bundle, batch),
        "step_fast": partial(lowered_step, bundle, batch, fast=True),
    }
    plain = graphs.bundle_graphs(bundle, batch)
    return tuple(ExportGraph(**vars(graph), lower=lower.get(graph.name)) for graph in plain)
