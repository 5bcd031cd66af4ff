"""The plot of latency against batch size."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.evaluation.speed.rows import Row, SpeedReport
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.files import open_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Markers and colours of the contenders; both repeat after ten.
MARKERS = "osD^vPX*<>"


def draw_latency(report: SpeedReport, path: Path) -> None:
    """Draw a panel for each mode: each contender's median against batch size, with a whisker to the 95th percentile.

    Args:
        report: of a benchmark.
        path: the .png, .svg or .pdf to write.

    Raises:
        InputError: nothing was timed, or the file cannot be written.
        MissingDependency: the extra `bench` is not installed.
    """
    require("bench", "a plot")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    timed = [row for row in report.rows if row.median_ms is not None and row.p95_ms is not None]
    if not timed:
        raise InputError(f"nothing was timed, so there is nothing to draw in {path}")
    modes = list(dict.fromkeys(row.mode for row in timed))
    contenders = list(dict.fromkeys((row.runtime, row.precision) for row in timed))
    figure = Figure(figsize=(1.5 + 4.2 * len(modes), 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(modes), squeeze=False)[0]
    for panel, mode in zip(panels, modes, strict=True):
        for number, (runtime, precision) in enumerate(contenders):
            rows = [row for row in timed if (row.mode, row.runtime, row.precision) == (mode, runtime, precision)]
            if rows:
                _draw_contender(panel, rows, number)
        _set_axes(panel, mode, sorted({row.batch for row in timed}))
    handles = {label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels())}  # noqa: B905
    figure.legend(handles.values(), handles.keys(), loc="outside right upper")
    where = f"bundle {report.bundle['name']}, {_machine(report)}, {report.date}"
    figure.suptitle(f"{where}: median, whisker to the 95th percentile")
    _save(figure, path)


def _draw_contender(panel: "Axes", rows: Sequence[Row], number: int) -> None:
    """Draw one contender's rows of one mode; the number chooses marker and colour."""
    medians = [float(row.median_ms or 0) for row in rows]
    above = [float(row.p95_ms or 0) - median for row, median in zip(rows, medians, strict=True)]
    panel.errorbar(
        [row.batch for row in rows],
        medians,
        yerr=[[0.0] * len(rows), [max(0.0, value) for value in above]],
        label=f"{rows[0].runtime}, {rows[0].precision}",
        marker=MARKERS[number % len(MARKERS)],
        color=f"C{number % len(MARKERS)}",
        # A row below its parity threshold is drawn hollow: it computes something else.
        fillstyle="full" if all(row.status == "ok" for row in rows) else "none",
        capsize=3,
    )


def _set_axes(panel: "Axes", mode: str, ticks: list[int]) -> None:
    """Label a panel and make both axes logarithmic, with a tick at each batch size."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    panel.set(xscale="log", yscale="log", title=mode, xlabel="faces in a call", ylabel="milliseconds a call")
    panel.set_xticks(ticks, [str(tick) for tick in ticks])
    panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.minorticks_off()
    panel.grid(alpha=0.3)


def _save(figure: "Figure", path: Path) -> None:
    """Write the figure in the format that the file's suffix names; PNG without one."""
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
