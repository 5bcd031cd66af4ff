"""The graphs of an export: those of the bundle, with the step in a form that can be traced."""

from f2p_deploy.export.export_graphs import exportable_graphs
from f2p_deploy.model.bundle import Bundle


def test_only_the_step_is_lowered(small_bundle: Bundle) -> None:
    graphs = exportable_graphs(small_bundle)
    assert [graph.name for graph in graphs if graph.lower is not None] == ["step"]
    assert all(graph.exported() is graph.module for graph in graphs if graph.lower is None)
