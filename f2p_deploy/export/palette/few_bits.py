"""From the sources of an export to sources with weights of few bits, fitted to and chosen on calibration faces."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from f2p_deploy.export.calibration.inputs import JUDGED_ONE_IN
from f2p_deploy.export.palette.coding import Coding
from f2p_deploy.export.palette.palette_sources import choose_roundings
from f2p_deploy.export.palette.rounded_layers import RoundedLayer
from f2p_deploy.export.precision import make_sources
from f2p_deploy.export.samples import Samples, sample_graphs
from f2p_deploy.export.source import Source, Trial
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.progress import Progress

if TYPE_CHECKING:
    from f2p_deploy.export.calibration.calibration_set import CalibrationSet

#: Largest number of calibration faces that weights of few bits are fitted to, and of others on which bits are chosen.
FITTED, TRIED = 96, 128

#: Number of the latter that a target gets which fits no weights, with all of the former.
TRIED_TOO = 64


def with_few_bits(
    bundle: Bundle,
    sources: dict[str, Source],
    samples: dict[str, Samples],
    coding: Coding,
    calibration: "CalibrationSet",
    progress: Progress,
) -> tuple[dict[str, Source], dict[str, dict[str, Any]]]:
    """Return sources with weights of few bits, and the facts about them, by the graph's name.

    ONNX is packed. Sources of modules get the rounded weights for their converter; those whose weights keep another
    precision stay as they are.

    Args:
        bundle: to compute PyTorch's outputs with.
        sources: float32 ONNX, or modules.
        samples: inputs of every graph, to trace modules with.
        coding: the ways in which the format can store weights.
        calibration: its faces; those on which the export is judged are not looked at.
        progress: called with a description of each stage.
    """
    modules = {name for name, source in sources.items() if source.model is None}
    models = sources
    if modules:
        graphs = tuple(source.graph for source in sources.values() if source.precision == "int4")
        models = make_sources(graphs, samples, "fp32", progress, bundle.schema)
    progress("calibration inputs")
    graphs = tuple(source.graph for source in models.values())
    fitted, tried = (
        sample_graphs(bundle, graphs, calibration.chosen_faces(few)) for few in _fitted_and_tried(calibration)
    )
    found = choose_roundings(models, fitted, tried, bundle.schema, coding, progress)
    if not modules:
        return found.packed(sources), found.facts()
    rounded = {
        name: tuple(RoundedLayer.of(weight, found.chosen[weight.key]) for weight in every)
        for name, every in found.weights.items()
    }
    return {name: _with_layers(source, rounded.get(name, ())) for name, source in sources.items()}, found.facts()


def with_trials(
    bundle: Bundle, sources: dict[str, Source], calibration: "CalibrationSet", progress: Progress
) -> dict[str, Source]:
    """Return sources with the faces on which their target chooses bits; a gradient has none.

    Args:
        bundle: to compute PyTorch's outputs with.
        sources: modules.
        calibration: its faces; those on which the export is judged are not looked at.
        progress: called with a description of the stage.
    """
    progress("calibration inputs")
    forward = tuple(source.graph for source in sources.values() if source.graph.lower is None)
    fitted, tried = _fitted_and_tried(calibration)
    samples = sample_graphs(bundle, forward, calibration.chosen_faces([*fitted, *tried[:TRIED_TOO]]))
    trials = {name: Trial(those, bundle.schema) for name, those in samples.items()}
    return {name: replace(source, precision="int4", trial=trials.get(name)) for name, source in sources.items()}


def _fitted_and_tried(calibration: "CalibrationSet") -> tuple[list[int], list[int]]:
    """Return the rows of the faces that weights are fitted to, and of those on which bits are chosen."""
    rows = [row for row in range(calibration.count) if row % JUDGED_ONE_IN != JUDGED_ONE_IN - 1]
    others = rows[2::3]
    return [row for row in rows if row not in others][:FITTED], others[:TRIED]


def _with_layers(source: Source, layers: tuple[RoundedLayer, ...]) -> Source:
    """Return a source with rounded weights; `int8` if none of them has a palette."""
    if not layers:
        return source
    return replace(source, layers=layers, precision="int4" if any(one.values is not None for one in layers) else "int8")
