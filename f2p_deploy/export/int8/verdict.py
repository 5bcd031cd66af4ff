"""The verdict on 8 bits: each quantised graph compared with its float twin in size, time and accuracy."""

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

#: The mark of an unreliable time, and its explanation.
NOISE = " ~"
NOISE_MEANS = "~: the calls did not agree; measure again when the machine is quiet"

#: Smallest speed-up for which 8 bits are worth it.
WORTH = 1.05


@dataclass(frozen=True)
class Verdict:
    """The comparison of a graph in 8 bits with its float twin.

    Args:
        graph: the graph's name.
        rest: the twin's precision.
        quantised, of: number of layers in 8 bits, and of layers that could compute in 8 bits.
        weight_bytes, twin_bytes: size of the constants of both graphs.
        ms, twin_ms: median times of both in ONNX Runtime on this machine, measured in turn; None if another runtime
            runs the built files.
        missed: the metrics whose thresholds it misses.
        restless: whether a time is unreliable, see `f2p_deploy.export.timing.Median`.
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
        """The speed-up: twin's time / own time; None if they were not measured."""
        return None if self.ms is None or self.twin_ms is None else self.twin_ms / self.ms

    @property
    def why_not(self) -> str:
        """The reason why it is not worth it here; empty if it is, or if that was not measured."""
        if self.missed:
            return f"it misses a floor ({', '.join(self.missed)})"
        if not self.quantised:
            return "no layer may compute in 8 bits without missing a floor"
        ratio = self.speed_ratio
        if ratio is not None and ratio < WORTH:
            return f"it is {self.times_as_fast()} times as fast as {self.rest}"
        return ""

    def times_as_fast(self) -> str:
        """Return the speed-up as text, with `~` if it is unreliable; empty if it was not measured."""
        return "" if self.speed_ratio is None else f"{self.speed_ratio:.2f}{NOISE if self.restless else ''}"

    def sentence(self) -> str:
        """Return the verdict as a sentence."""
        if self.why_not:
            return f"{self.graph}: not worth it on this hardware, {self.why_not}: --keep-float {self.graph}"
        if self.speed_ratio is None:
            return f"{self.graph}: the speed compared with {self.rest} was not measured, it needs the card"
        return f"{self.graph}: worth it here, {self.times_as_fast()} times as fast as {self.rest}"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Verdict":
        """Build a verdict from the result of `to_dict`."""
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
    """Return the verdict on every graph that was quantised.

    Args:
        sources: the sources of the built files, by the graph's name.
        inputs: one real batch of each graph, tensors by name.
        parity: the parity of the built files.
        rest: the precision of the twins.
        runs_here: whether ONNX Runtime runs the built files, so that its times are worth measuring.
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
    """Return a report with the verdict's times at the points of its curve for the same graphs, so that they agree."""
    same = {len(report.quantised): verdict.ms}
    if verdict.rest == "fp32":
        same.setdefault(0, verdict.twin_ms)
    points = (
        replace(point, ms=same[point.layers], restless=verdict.restless) if point.layers in same else point
        for point in report.curve
    )
    return replace(report, curve=tuple(points))
