"""Was it worth it? Every graph in 8 bits beside the same graph without: layers, size, time and what was missed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from f2p_deploy.artifact.artifact import Parity
from f2p_deploy.export.int8.int8_report import GraphReport
from f2p_deploy.export.source import Source
from f2p_deploy.export.timing import medians
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

if TYPE_CHECKING:
    import numpy as np
    from onnx import ModelProto

#: The mark of a time that the calls did not agree on, and what it means.
NOISE = " ~"
NOISE_MEANS = "~: the calls did not agree; measure again when the machine is quiet"

#: A graph in 8 bits has to be faster by so much for anyone to notice.
WORTH = 1.05


@dataclass(frozen=True)
class Verdict:
    """One graph in 8 bits beside its twin in float.

    Args:
        graph: its name.
        rest: the twin's precision.
        quantised, of: how many of the layers that could compute in 8 bits do.
        weight_bytes, twin_bytes: of both graphs' constants.
        ms, twin_ms: medians of both in ONNX Runtime here, in turn; None where that does not run the product.
        missed: the measures whose floors it missed.
        restless: whether the calls did not agree on a time, see `f2p_deploy.export.timing.Median`.
    """

    graph: str
    rest: str
    quantised: int
    of: int
    weight_bytes: int
    twin_bytes: int
    ms: float | None
    twin_ms: float | None
    missed: tuple[str, ...]
    restless: bool = False

    @property
    def speed_ratio(self) -> float | None:
        """How many times as fast as the twin; None if nobody knows."""
        return None if self.ms is None or self.twin_ms is None else self.twin_ms / self.ms

    @property
    def why_not(self) -> str:
        """Why it is not worth it here; empty if it is, or if nobody knows."""
        if self.missed:
            return f"it misses a floor ({', '.join(self.missed)})"
        if not self.quantised:
            return "no layer may compute in 8 bits without missing a floor"
        ratio = self.speed_ratio
        if ratio is not None and ratio < WORTH:
            return f"it is {self.times_as_fast()} times as fast as {self.rest}"
        return ""

    def times_as_fast(self) -> str:
        """Return the speed over the twin's, with `~` where the calls did not agree on it; empty if nobody knows."""
        return "" if self.speed_ratio is None else f"{self.speed_ratio:.2f}{NOISE if self.restless else ''}"

    def sentence(self) -> str:
        """Return the verdict as a person would read it."""
        if self.why_not:
            return f"{self.graph}: not worth it on this hardware, {self.why_not}: --keep-float {self.graph}"
        if self.speed_ratio is None:
            return f"{self.graph}: whether it is faster than {self.rest} was not measured; this runs on its card alone"
        return f"{self.graph}: worth it here, {self.times_as_fast()} times as fast as {self.rest}"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Verdict":
        """Build a verdict from what `to_dict` gave."""
        content = {name: data[name] for name in cls.__dataclass_fields__}
        return cls(**{**content, "missed": tuple(content["missed"])})

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self) | {"speed_ratio": self.speed_ratio, "why_not": self.why_not}


def judge(
    sources: Mapping[str, Source],
    inputs: Mapping[str, Mapping[str, "np.ndarray"]],
    parity: Sequence[Parity],
    rest: str,
    runs_here: bool,
) -> tuple[Verdict, ...]:
    """Return the verdict on every graph that was to compute in 8 bits.

    Args:
        sources: what was built, by the graph's name.
        inputs: one real batch of each graph, tensors by name.
        parity: what was measured.
        rest: the precision without 8 bits.
        runs_here: whether ONNX Runtime runs the product, so that its times mean something.
    """
    verdicts = []
    for name, source in sources.items():
        if source.report is None or source.twin is None:
            continue
        ms, twin_ms, restless = None, None, False
        if runs_here:
            sessions = [open_session(model.SerializeToString()) for model in (source.onnx, source.twin)]
            own, twin = medians([partial(session.run, None, dict(inputs[name])) for session in sessions])
            ms, twin_ms, restless = own.ms, twin.ms, own.restless or twin.restless
        verdicts.append(
            Verdict(
                graph=name,
                rest=rest,
                quantised=len(source.report.quantised),
                of=len(source.report.layers),
                weight_bytes=_bytes(source.onnx),
                twin_bytes=_bytes(source.twin),
                ms=ms,
                twin_ms=twin_ms,
                missed=tuple(record.metric for record in parity if record.graph == name and not record.passed),
                restless=restless,
            )
        )
    return tuple(verdicts)


def _bytes(model: "ModelProto") -> int:
    from f2p_deploy.artifact.onnx_file import weights

    return sum(entry["bytes"] for entry in weights(model).values())


def with_times(report: GraphReport, verdict: Verdict) -> GraphReport:
    """Return a report with the verdict's times where its curve stands for the same graphs: nothing has two times."""
    same = {len(report.quantised): verdict.ms}
    if verdict.rest == "fp32":
        same.setdefault(0, verdict.twin_ms)
    points = (
        replace(point, ms=same[point.layers], restless=verdict.restless) if point.layers in same else point
        for point in report.curve
    )
    return replace(report, curve=tuple(points))
