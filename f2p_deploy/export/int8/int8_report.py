"""The costs and savings of 8 bits by layer, as plain data for the terminal, JSON and the page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class LayerCost:
    """The measurements of one layer in 8 bits, with all others in float32.

    Args:
        name, kind: name and operator of its node in the float32 graph.
        weights: number of weights.
        multiplications: for one sample.
        error: the mean error, see `GraphReport.errors`.
        share: the largest ratio error / allowed error over the thresholds of int8; above 1 one is missed.
        measures: the measured values by `output: metric`, on the worst of the held-out faces.
        saved_bytes: bytes saved compared with float32.
        float_ms, int8_ms: time of the layer alone in ONNX Runtime on this machine; None if another runtime runs the
            built files.
    """

    name: str
    kind: str
    weights: int
    multiplications: int
    error: float
    share: float
    measures: Mapping[str, float]
    saved_bytes: int
    float_ms: float | None = None
    int8_ms: float | None = None


@dataclass(frozen=True)
class CurvePoint:
    """The measurements of one choice of layers: all in 8 bits except the most expensive ones.

    Args:
        layers: number of layers in 8 bits.
        share: the largest ratio error / allowed error over the thresholds; above 1 one is missed.
        measures: the measured values by `output: metric`, on the worst of the export's samples.
        weight_bytes: size of the weights of all layers that can compute in 8 bits.
        ms: median time of the whole graph in ONNX Runtime on this machine; None if another runtime runs the built
            files.
        restless: whether the median is unreliable, see `f2p_deploy.export.timing.Median`.
    """

    layers: int
    share: float
    measures: Mapping[str, float]
    weight_bytes: int
    ms: float | None = None
    restless: bool = False


@dataclass(frozen=True)
class GraphReport:
    """The report on the quantisation of one graph.

    Args:
        graph: the graph's name.
        method: the chosen method of calibrating ranges.
        errors: mean error of every method, with all layers in 8 bits, on the held-out faces: of controllers for
            `one_shot`, relative to the outputs' mean magnitude for the others.
        measured, judged: number of inputs from which ranges were calibrated, and of held-out inputs.
        layers: the cost of each layer, in the graph's order.
        quantised: names of the layers in 8 bits.
        curve: from all layers in 8 bits to none.
    """

    graph: str
    method: str
    errors: Mapping[str, float]
    measured: int
    judged: int
    layers: tuple[LayerCost, ...]
    quantised: tuple[str, ...]
    curve: tuple[CurvePoint, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the layers that could compute in 8 bits but stay float, because they cost too much."""
        return tuple(layer.name for layer in self.layers if layer.name not in self.quantised)

    def facts(self) -> dict[str, Any]:
        """Return the manifest's entry of this graph."""
        return {
            "method": self.method,
            "measured": self.measured,
            "judged": self.judged,
            "quantised": len(self.quantised),
            "of": len(self.layers),
            "kept": list(self.kept),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self) | {"kept": list(self.kept)}

    def sentence(self) -> str:
        """Return a summary in one sentence."""
        return (
            f"{self.graph}: {len(self.quantised)} of {len(self.layers)} layers in 8 bits, {self.method} ranges of "
            f"{self.measured} inputs"
        )
