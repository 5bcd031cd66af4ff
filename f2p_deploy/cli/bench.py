"""The command `f2p-deploy bench`: time a bundle in every runtime and compare its results with PyTorch's."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console, options

if TYPE_CHECKING:
    from f2p_deploy.evaluation.speed import Request, Row, SpeedReport


def bench(
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            metavar="LIST",
            autocompletion=choices.complete("timed_modes"),
            help="Modes to time, separated by commas: {timed_modes}.",
        ),
    ] = "one-shot,iterative",
    runtime: Annotated[
        str,
        typer.Option(
            "--runtime",
            metavar="LIST",
            autocompletion=choices.complete("contenders"),
            help="Runtimes to time, separated by commas: {contenders}; by default all that can run here.",
        ),
    ] = "all",
    batch: Annotated[
        str | None,
        typer.Option("--batch", metavar="LIST", help="Batch sizes, separated by commas, such as 1,8. Default 1."),
    ] = None,
    bundle: options.Bundle = None,
    artifact: Annotated[
        list[Path] | None,
        typer.Option("--artifact", metavar="DIR", help="Also time this artifact of the bundle; may be repeated."),
    ] = None,
    threads: options.Threads = None,
    device: Annotated[
        str, typer.Option("--device", metavar="auto|cpu|cuda", help="Where PyTorch computes.")
    ] = "auto",
    limit: Annotated[
        float,
        typer.Option(
            "--limit",
            metavar="SECONDS",
            help="Skip runtimes that need minutes to compile once this many seconds have passed; 0 never skips.",
        ),
    ] = 100.0,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check", metavar="FLOORS", help="TOML file of minimum results; exit code 1 if one is not met."
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.png", help="Draw latency against batch size.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Also write the JSON to this file.")
    ] = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Time a bundle's networks in every runtime, and in eager PyTorch, torch.compile and a default ONNX export.

    Runtimes take turns on real faces until the last windows of calls agree; each result is compared with PyTorch's. The
    status of a row is `ok`, `parity` where a parity threshold was missed, `failed`, or `skipped` with the reason.
    """
    from f2p_deploy.system.extras import require

    require("export", "bench, which compares with PyTorch,")
    if plot is not None:
        require("bench", "--plot")
    from f2p_deploy.evaluation.speed import Request
    from f2p_deploy.evaluation.speed.floors import missed, read_floors
    from f2p_deploy.evaluation.speed.measure_speed import run_benchmark
    from f2p_deploy.evaluation.speed.request import timed_modes
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.system.errors import FloorMissed

    floors = read_floors(check) if check is not None else ()
    opened = load_bundle(bundle)
    request = Request(
        modes=timed_modes("shortcut" in opened.networks) if mode == "all" else _words(mode),
        runtimes=() if runtime == "all" else _words(runtime),
        batches=_batches(batch, tuple(artifact or ())),
        artifacts=tuple(artifact or ()),
        threads=threads,
        device=device,
        limit=limit,
    )
    with console.bar() as bar:
        report = run_benchmark(
            opened,
            request,
            _command(request, bundle),
            bar.follow("bench"),
        )
    if out is not None:
        _write(report, out)
    if plot is not None:
        from f2p_deploy.evaluation.speed.plot import draw_latency

        draw_latency(report, plot)
    if as_json:
        console.emit(report.to_dict())
    else:
        show(report)
        for path in (out, plot):
            if path is not None:
                console.result(f"written: {path}")
    sentences = missed(floors, report.rows)
    if sentences:
        raise FloorMissed("; ".join(sentences))


def show(report: "SpeedReport") -> None:
    """Print the device, the tables of results, and the device's measured peak rates."""
    device = report.device
    cards = "".join(f", {card['name']}" for card in device["cards"])
    console.result(
        f"{device['processor'] or device['machine']}{cards}; {device['threads']} of {device['cores']} cores, "
        f"load {device['load_average']}, {device['clock_mhz'] or '?'} MHz; "
        + ", ".join(f"{name} {version}" for name, version in device["versions"].items())
    )
    console.result(f"bundle {report.bundle['name']}, {report.date}, {report.seconds:.0f} s")
    console.result("")
    rows = [row for row in report.rows if row.status != "skipped"]
    for mode, batch in dict.fromkeys((row.mode, row.batch) for row in rows):
        own = [row for row in rows if (row.mode, row.batch) == (mode, batch)]
        console.result(f"{mode}, batches of {batch}:")
        console.table([(row.runtime, row.precision, *_speed(row)) for row in own], ("runtime", "precision", *SPEED))
        if any(row.loss is not None for row in own):
            console.result("")
            cells = [(row.runtime, row.precision, *_likeness(row)) for row in own]
            console.table(cells, ("runtime", "precision", *LIKENESS))
        console.result("")
        console.table([(row.runtime, row.precision, *_costs(row)) for row in own], ("runtime", "precision", *COSTS))
        console.result("")
    console.result("of floor: the difference from PyTorch / the difference that the threshold (floor) allows")
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for row in report.rows:
        if row.why:
            reasons.setdefault((row.runtime, row.status, row.why), []).append(f"{row.mode} {row.batch}")
    for (name, status, why), places in reasons.items():
        console.result(f"{name}: {status} ({why}) in {', '.join(places)}")
    if any(row.windows is False for row in report.rows):
        console.result("~: the last windows of calls did not agree; measure again on an idle machine")
    for ceiling in report.ceilings:
        console.result(
            f"this device, {ceiling.precision}: {ceiling.flop_per_s / 1e9:,.0f} GFLOP/s in a large matrix product, "
            f"{ceiling.byte_per_s / 1e9:,.0f} GB/s in a large copy; `ceiling` is the least time at these rates / median"
        )


#: Columns of the tables of a mode; one table with all of them would be too wide for a terminal. The second one shows
#: how alike the characters of a search are to the faces.
SPEED = ("status", "median", "p95", "vs eager", "of floor")
LIKENESS = ("likeness", "loss")
COSTS = ("faces/s", "load", "first", "memory", "ceiling")


def _speed(row: "Row") -> tuple[str, ...]:
    restless = "" if row.windows in (True, None) else " ~"
    return (
        row.status,
        _number(row.median_ms, "ms") + restless,
        _number(row.p95_ms, "ms"),
        "" if row.vs_eager is None else f"{row.vs_eager:.2f}x",
        "" if row.parity is None else f"{row.parity['share']:.2g}",
    )


def _likeness(row: "Row") -> tuple[str, ...]:
    return tuple("" if value is None else f"{value:.4f}" for value in (row.likeness, row.loss))


def _costs(row: "Row") -> tuple[str, ...]:
    return (
        _number(row.faces_per_s),
        _number(row.load_ms, "ms"),
        _number(row.first_ms, "ms"),
        _number(row.memory_mb, "MB"),
        "" if row.share_of_ceiling is None else f"{row.share_of_ceiling:.0%}",
    )


def _number(value: float | None, unit: str = "") -> str:
    """Return a number with three significant digits, or rounded to a whole number from 100 on."""
    if value is None:
        return ""
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{shown} {unit}".rstrip()


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _batches(text: str | None, artifacts: tuple[Path, ...]) -> tuple[int, ...]:
    """Return the batch sizes of `--batch`; by default those of the artifacts, or 1 without artifacts."""
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.system.errors import InputError

    if text is None:
        return tuple(dict.fromkeys(read_artifact(folder).manifest.batch for folder in artifacts)) or (1,)
    try:
        return tuple(map(int, _words(text)))
    except ValueError:
        raise InputError(f"--batch takes whole numbers separated by commas, found {text!r}") from None


def _command(request: "Request", bundle: Path | None) -> str:
    """Return the command line that repeats the measurement."""
    import shlex

    words = ["f2p-deploy", "bench", "--mode", ",".join(request.modes), "--batch", ",".join(map(str, request.batches))]
    words += ["--runtime", ",".join(request.runtimes)] if request.runtimes else []
    words += ["--bundle", str(bundle)] if bundle is not None else []
    for folder in request.artifacts:
        words += ["--artifact", str(folder)]
    words += ["--threads", str(request.threads)] if request.threads else []
    words += ["--device", request.device] if request.device != "auto" else []
    return shlex.join([*words, "--limit", f"{request.limit:g}"])


def _write(report: "SpeedReport", path: Path) -> None:
    import json

    from f2p_deploy.system.files import write_whole

    write_whole(path, (json.dumps(report.to_dict(), indent=1) + "\n").encode())
