"""Latency against batch size, as a picture."""

from pathlib import Path

from f2p_deploy.evaluation.speed.rows import SpeedReport
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.files import open_whole


def draw_latency(report: SpeedReport, path: Path) -> None:
    """Draw a panel for each mode: the median of each contender over the batch size, and its 95th percentile.

    Args:
        report: of a benchmark.
        path: the PNG to write.

    Raises:
        InputError: nothing was timed, or the file cannot be written.
        MissingDependency: the extra `bench` is not installed.
    """
    require("bench", "a plot")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator

    timed = [row for row in report.rows if row.median_ms is not None and row.p95_ms is not None]
    if not timed:
        raise InputError(f"nothing was timed, so there is nothing to draw in {path}")
    modes = list(dict.fromkeys(row.mode for row in timed))
    names = list(dict.fromkeys((row.runtime, row.precision) for row in timed))
    figure = Figure(figsize=(1.5 + 4.2 * len(modes), 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(modes), squeeze=False)[0]
    for panel, mode in zip(panels, modes, strict=True):
        for number, (runtime, precision) in enumerate(names):
            rows = [r for r in timed if (r.mode, r.runtime, r.precision) == (mode, runtime, precision)]
            if not rows:
                continue
            batches, medians = [r.batch for r in rows], [float(r.median_ms or 0) for r in rows]
            above = [float(r.p95_ms or 0) - median for r, median in zip(rows, medians, strict=True)]
            # A row that missed its floor is drawn hollow: it computes something else.
            filled = "full" if all(r.status == "ok" for r in rows) else "none"
            panel.errorbar(
                batches,
                medians,
                yerr=[[0.0] * len(rows), [max(0.0, value) for value in above]],
                label=f"{runtime}, {precision}",
                marker="osD^vPX*<>"[number % 10],
                color=f"C{number % 10}",
                fillstyle=filled,
                capsize=3,
            )
        panel.set(xscale="log", yscale="log", title=mode, xlabel="faces in a call", ylabel="milliseconds a call")
        ticks = sorted({row.batch for row in timed})
        panel.set_xticks(ticks, [str(tick) for tick in ticks])
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    handles = {label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels())}  # noqa: B905
    figure.legend(handles.values(), handles.keys(), loc="outside right upper")
    where = f"bundle {report.bundle['name']}, {_machine(report)}, {report.date}"
    figure.suptitle(f"{where}: median, whisker to the 95th percentile")
    form = path.suffix.removeprefix(".") or "png"
    try:
        with open_whole(path) as file:
            figure.savefig(file, dpi=150, format=form)
    except ValueError as error:
        reason = reason_of(error, "a plot is a .png, .svg or .pdf")
        raise InputError(f"cannot write {path}: {reason}") from error


def _machine(report: SpeedReport) -> str:
    cards = report.device.get("cards") or []
    if report.device.get("computes") == "cuda" and cards:
        return str(cards[0]["name"])
    return f"{report.device.get('processor') or report.device.get('machine')}, {report.device.get('threads')} threads"
