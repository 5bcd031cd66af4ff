"""A whole benchmark: prepare contenders, check parity, time in turns, compare with the device's measured peak."""

import datetime
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.parity import SearchResults
from f2p_deploy.evaluation.speed.bench_case import BenchCase, Prepared, make_case, moved
from f2p_deploy.evaluation.speed.contenders import Contender, contenders_for, require_here
from f2p_deploy.evaluation.speed.device import describe_device
from f2p_deploy.evaluation.speed.flops import Flops, count_flops
from f2p_deploy.evaluation.speed.memory import resident_bytes
from f2p_deploy.evaluation.speed.peers import require_device
from f2p_deploy.evaluation.speed.prepare import faces_of, named_artifacts, onnx_artifact
from f2p_deploy.evaluation.speed.request import SEARCHES, Request
from f2p_deploy.evaluation.speed.roofline import measure_ceilings, share_of_ceiling
from f2p_deploy.evaluation.speed.rows import Ceiling, Row, SpeedReport
from f2p_deploy.evaluation.speed.windows import Timing, time_in_turns
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.graphs import bundle_graphs
from f2p_deploy.model.shortcut_search import own_shortcut
from f2p_deploy.runtimes import RUNTIMES
from f2p_deploy.system.causes import SAID, log_causes
from f2p_deploy.system.errors import F2PError, InputError, MissingDependency
from f2p_deploy.system.progress import Progress, silent
from f2p_deploy.system.threads import use_torch_threads

logger = logging.getLogger(__name__)

#: Largest length of a failure message, in characters.
LONGEST_WHY = 220


def run_benchmark(
    bundle: Bundle, request: Request, command: str, progress: Progress = silent
) -> SpeedReport:
    """Measure every contender in every mode at every batch size.

    Args:
        bundle: a complete bundle; eager PyTorch runs it as the reference.
        request: what to measure.
        command: the command line that repeats it, for the report.
        progress: called with the progress.

    Raises:
        InputError: an unknown runtime, or an artifact of another bundle or batch size.
        MissingDependency: a named runtime or GPU is missing.
        CompilerError: the bundle cannot be exported to ONNX.
    """
    started = time.perf_counter()
    _require_modes(bundle, request)
    device = require_device(request.device)
    facts = describe_device(request.threads)  # before measuring, so that the load is that of other processes
    use_torch_threads(request.threads)
    named = named_artifacts(request, bundle)
    require_here(request.runtimes)
    contenders_for(named, tuple(name for name in request.runtimes if ".onnx" not in _suffixes(name)))
    artifacts = named + tuple(
        onnx_artifact(bundle, batch, progress)
        for batch in request.batches
        if not any(artifact.manifest.target == "onnx" and artifact.manifest.batch == batch for artifact in named)
        and (not request.runtimes or any(".onnx" in _suffixes(name) for name in request.runtimes))
    )
    here, rows = moved(bundle, device), list[Row]()
    total = len(request.modes) * len(request.batches) * len(contenders_for(artifacts, request.runtimes))
    for batch in request.batches:
        faces, graphs = faces_of(bundle, batch), {graph.name: graph for graph in bundle_graphs(bundle, batch)}
        fitting = tuple(artifact for artifact in artifacts if artifact.manifest.batch == batch)
        contenders = contenders_for(fitting, ()) if not request.runtimes else _wanted(fitting, request)
        for mode in request.modes:
            progress(f"{mode}, batch {batch}: PyTorch's reference", len(rows), total)
            case = make_case(mode, bundle, here, graphs, faces, fitting, request.threads, device)
            rows += _rows(case, contenders, request, started, partial(_tell, progress, len(rows), total))
    rows.sort(key=lambda row: (request.modes.index(row.mode), request.batches.index(row.batch)))
    progress("measuring the device's peak rates", total, total)
    ceilings = measure_ceilings(device, tuple(dict.fromkeys(row.precision for row in rows if row.precision)))
    return SpeedReport(
        date=datetime.date.today().isoformat(),
        device=facts | {"computes": device},
        bundle={"name": bundle.name, "fingerprint": bundle.fingerprint, "faces": faces.names[0]},
        command=command,
        seconds=time.perf_counter() - started,
        rows=tuple(_against(row, ceilings) for row in rows),
        ceilings=ceilings,
    )


def _require_modes(bundle: Bundle, request: Request) -> None:
    """Raise if a mode goes through a shortcut that the bundle does not have."""
    for mode in request.modes:
        if mode in SEARCHES and SEARCHES[mode][1]:
            if bundle.settings.search == "surrogate":
                raise InputError(
                    f"the bundle {bundle.name} searches through a surrogate, so all its searches are fast: "
                    f"--mode {SEARCHES[mode][0]}"
                )
            own_shortcut(bundle)


def _tell(progress: Progress, done: int, total: int, doing: str) -> None:
    progress(doing, done, total)


def _suffixes(name: str) -> tuple[str, ...]:
    """Return the suffixes of the files that a contender runs; empty if it needs no artifact."""
    return RUNTIMES[name].suffixes if name in RUNTIMES else ()


def _wanted(artifacts: tuple[Artifact, ...], request: Request) -> tuple[Contender, ...]:
    return tuple(c for c in contenders_for(artifacts, ()) if c.name == "torch" or c.name in request.runtimes)


def _rows(
    case: BenchCase,
    contenders: tuple[Contender, ...],
    request: Request,
    started: float,
    progress: Callable[[str], None],
) -> list[Row]:
    """Return the rows of one mode at one batch size; eager PyTorch's is the first."""
    rows: dict[int, Row] = {}
    ready: dict[str, Prepared] = {}
    counted = _counted(case)
    for number, contender in enumerate(contenders):
        row = Row(case.mode, contender.name, "", case.batch, "skipped", flops=counted.flops, bytes=counted.bytes)
        needs, spent = contender.compiles_s(case.mode), time.perf_counter() - started
        reason = contender.why_not(case)
        if not reason and request.limit and needs and spent + needs > request.limit:
            reason = f"compiling takes about {needs:.0f} s, beyond the limit of {request.limit:.0f}: --limit 0 waits"
        if reason:
            rows[number] = replace(row, why=reason)
            continue
        progress(f"{case.mode}, batch {case.batch}: {contender.name}, first call")
        rows[number], prepared = _first_call(case, contender, row)
        if prepared is not None:
            ready[str(number)] = prepared
    progress(f"{case.mode}, batch {case.batch}: timing {len(ready)} in turns")
    timings = time_in_turns({number: prepared.call for number, prepared in ready.items()})
    eager = timings.get("0")
    for key, timing in timings.items():
        rows[int(key)] = _timed(rows[int(key)], timing, eager)
    return [rows[number] for number in sorted(rows)]


def _first_call(case: BenchCase, contender: Contender, row: Row) -> tuple[Row, Prepared | None]:
    """Load a contender, measure its first-call latency, and compare its outputs with the reference."""
    before, begun = _memory(case.device), time.perf_counter()
    try:
        prepared = contender.prepare(case)
        loaded = time.perf_counter()
        answer = prepared.call()
        called = time.perf_counter()
        found = prepared.read(answer)
        judged = case.judge(found, prepared.precision, prepared.step)
        likeness = case.likeness(found) if isinstance(found, SearchResults) else (None, None)
    except MissingDependency as error:
        return replace(row, why=_short(error)), None
    except F2PError as error:
        return replace(row, status="failed", why=_short(error)), None
    except Exception as error:  # a peer's compiler may fail in any way; the row says which
        logger.info("%s failed", contender.name, exc_info=True)
        return replace(row, status="failed", why=f"an unexpected {type(error).__name__}; {SAID}"), None
    row = replace(
        row,
        precision=prepared.precision,
        device=prepared.device,
        status="ok" if judged["passed"] else "parity",
        why="" if judged["passed"] else f"{judged['metric']} of {judged['graph']} is {judged['value']:.4g}, "
        f"the floor {judged['floor']:.4g}",
        load_ms=1000.0 * (loaded - begun),
        first_ms=1000.0 * (called - loaded),
        memory_mb=max(0, _memory(case.device) - before) / 1e6,
        parity=judged,
        likeness=likeness[0],
        loss=likeness[1],
    )
    return row, prepared


def _timed(row: Row, timing: Timing, eager: Timing | None) -> Row:
    return replace(
        row,
        median_ms=timing.median,
        p95_ms=timing.p95,
        windows=timing.stable,
        calls=timing.calls,
        faces_per_s=1000.0 * row.batch / timing.median,
        vs_eager=eager.median / timing.median if eager else None,
    )


def _against(row: Row, ceilings: tuple[Ceiling, ...]) -> Row:
    """Return a row with its share of the ceiling of its precision."""
    ceiling = next((ceiling for ceiling in ceilings if ceiling.precision == row.precision), None)
    if ceiling is None or row.median_ms is None or row.flops is None or row.bytes is None:
        return row
    return replace(row, share_of_ceiling=share_of_ceiling(ceiling, row.flops, row.bytes, row.median_ms))


def _counted(case: BenchCase) -> Flops:
    """Return the work of one call.

    An iterative search is one `describe`, every step, and the loss of the last state; the start and the options of a
    hybrid are not counted.
    """
    if case.mode not in SEARCHES:
        return count_flops(case.bundle, case.graph.name, case.batch)
    describe, step = (count_flops(case.bundle, name, case.batch) for name in ("describe", case.graph.name))
    settings = case.bundle.settings
    steps = getattr(settings, SEARCHES[case.mode][0]).iterations + 1
    return replace(describe, flops=describe.flops + steps * step.flops, bytes=describe.bytes + steps * step.bytes)


def _memory(device: str) -> int:
    """Return the bytes in use on PyTorch's device: by the process on a CPU, in total on a GPU."""
    if device == "cpu":
        return resident_bytes()
    import torch

    free, total = torch.cuda.mem_get_info()
    return total - free


def _short(error: F2PError) -> str:
    log_causes(error)
    return " ".join(str(error).split())[:LONGEST_WHY]


def summary(report: SpeedReport) -> dict[str, Any]:
    """Return the fastest row with passed parity, for each mode and batch size."""
    best: dict[str, Any] = {}
    for row in report.rows:
        key = f"{row.mode}, batch {row.batch}"
        if row.status == "ok" and row.median_ms is not None:
            known = best.get(key)
            if known is None or row.median_ms < known["median_ms"]:
                best[key] = {"runtime": row.runtime, "median_ms": row.median_ms, "vs_eager": row.vs_eager}
    return best
