"""What 8 bits cost and save, layer by layer: plain data for the terminal, JSON and the page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class LayerCost:
    """One layer alone in 8 bits, all others float32.

    Args:
        name, kind: of its node in the float32 graph.
        weights: how many numbers.
        multiplications: for one sample.
        error: the mean error, see `GraphReport.errors`.
        share: of what the floors of int8 allow, how much this layer uses up alone; above 1 it misses one.
        measures: the numbers behind that, by `output: metric`, on the worst of the judged faces.
        saved_bytes: against float32.
        float_ms, int8_ms: what it takes alone in ONNX Runtime here; None where that does not run the product.
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
    """One choice of layers: all but the most expensive ones.

    Args:
        layers: how many compute in 8 bits.
        share: of what the floors allow, the largest.
        measures: by `output: metric`, the worst of the export's samples.
        weight_bytes: of all layers that can compute in 8 bits.
        ms: median of the whole graph in ONNX Runtime here; None where that does not run the product.
        restless: whether the calls did not agree on it, see `f2p_deploy.export.timing.Median`.
    """

    layers: int
    share: float
    measures: Mapping[str, float]
    weight_bytes: int
    ms: float | None = None
    restless: bool = False


@dataclass(frozen=True)
class GraphReport:
    """How one graph came to its 8 bits.

    Args:
        graph: its name.
        method: of the ranges.
        errors: mean error of every method, all layers in 8 bits, on the judged faces: of controllers for `one_shot`,
            relative to the outputs' mean magnitude for the others.
        measured, judged: inputs that ranges were taken from, and that choices were measured on.
        layers: what each costs, in the graph's order.
        quantised: names of those that compute in 8 bits.
        curve: from all layers to none.
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
        """Names of the layers that could compute in 8 bits, but cost too much."""
        return tuple(layer.name for layer in self.layers if layer.name not in self.quantised)

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
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
        """Return it as a person would read it."""
        return (
            f"{self.graph}: {len(self.quantised)} of {len(self.layers)} layers in 8 bits, {self.method} ranges of "
            f"{self.measured} inputs"
        )
