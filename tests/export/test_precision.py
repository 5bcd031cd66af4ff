"""Sources of a precision: which transformations there are, and when a loss scale is measured."""

import pytest

from f2p_deploy.export import Faces
from f2p_deploy.export.export_graphs import exportable_graphs
from f2p_deploy.export.int8.convert_int8 import FOR_PROCESSORS
from f2p_deploy.export.precision import Int8Settings, loss_scale, make_sources
from f2p_deploy.export.samples import sample_graphs
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.progress import silent


def test_only_the_gradient_is_scaled(small_bundle: Bundle, small_faces: Faces) -> None:
    graphs = exportable_graphs(small_bundle)
    samples = sample_graphs(small_bundle, graphs, small_faces)
    scales = {graph.name: loss_scale(graph, samples[graph.name], silent) for graph in graphs}
    assert scales["step"] > 1 and scales["step"].is_integer()
    assert {name: scale for name, scale in scales.items() if scale != 1} == {"step": scales["step"]}


def test_8_bits_need_what_they_are_calibrated_on_and_others_take_none(small_bundle: Bundle) -> None:
    with pytest.raises(CompilerError, match="int8 needs a scheme and calibration inputs"):
        make_sources((), {}, "int8", silent, small_bundle.schema)
    with pytest.raises(CompilerError, match="others take none"):
        make_sources((), {}, "fp16", silent, small_bundle.schema, Int8Settings(FOR_PROCESSORS, "fp32", {}))
