"""Output of the command line: sentences and progress on stderr, results on stdout."""

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from f2p_deploy.system.names import json_text, shown, shown_lines

if TYPE_CHECKING:
    from rich.console import Console

    from f2p_deploy.report.page import Table
    from f2p_deploy.system.progress import Progress

#: Seconds between two lines of progress if stderr is not a terminal.
_LINE_EVERY = 30.0

#: Seconds until the first of them.
_FIRST_LINE = 5.0

#: Width of a table in columns if stdout is not a terminal.
WIDTH = 80

_COLOURS = {"error": "31", "warning": "33"}


class _Output:
    """The console of the progress bar while one is drawn, and a flag set once the JSON object is printed."""

    bar_console: "Console | None" = None
    emitted = False


def result(text: str) -> None:
    """Print a line of the result."""
    print(shown_lines(text), flush=True)


def emit(data: object) -> None:
    """Print the single JSON object of `--json`."""
    _Output.emitted = True
    print(json_text(data), flush=True)


def emitted() -> bool:
    """Return whether the JSON object of `--json` was printed."""
    return _Output.emitted


def sentence(text: str, kind: str = "") -> None:
    """Print a sentence on stderr, above the bar if there is one.

    Args:
        text: never wrapped or marked up.
        kind: `error`, `warning` or empty; becomes the first word. Line breaks in an error or a warning are escaped, so
            that it stays one line.
    """
    text = shown(text) if kind else shown_lines(text)
    if _Output.bar_console is not None:
        line = f"{kind}: {text}" if kind else text
        _Output.bar_console.print(line, soft_wrap=True, markup=False, highlight=False, style=_style(kind))
        return
    prefix = f"{kind}: " if kind else ""
    if prefix and _is_terminal(sys.stderr) and not os.environ.get("NO_COLOR"):
        prefix = f"\x1b[1;{_COLOURS[kind]}m{prefix}\x1b[0m"
    if sys.stderr is not None:  # None would mean stdout
        print(f"{prefix}{text}", file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[str]], headers: Sequence[str] = ()) -> None:
    """Print rows in columns on stdout; cells are folded if they exceed the terminal's width, or `WIDTH` without one."""
    if not rows and not headers:
        return
    rows = [[shown(cell) for cell in row] for row in rows]
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = _is_terminal(sys.stdout)
    box, padding = (SIMPLE_HEAD, (0, 1)) if terminal else (None, (0, 2, 0, 0))
    drawn = Table(box=box, padding=padding, show_header=bool(headers), pad_edge=False)
    console = Console() if terminal else Console(width=_width(), color_system=None)
    lines = [*([headers] if headers else []), *rows]
    natural = _natural(lines)
    for header, width in zip(headers or [""] * len(natural), _fitting(natural, console.width), strict=True):
        drawn.add_column(Text(header), overflow="fold", width=width)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    if terminal:
        console.print(drawn)
        return
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().splitlines():
        print(line.rstrip())


def tables(titled: "Iterable[Table]") -> None:
    """Print tables, each below its title and above its explanation; a wide one goes on below, with its first column."""
    for one in titled:
        result(f"\n{one.title}")
        for number, columns in enumerate(_blocks([one.headers, *one.rows], _columns())):
            if number:
                result("")
            headers, *rows = ([row[i] for i in columns] for row in (one.headers, *one.rows))
            table(rows, headers)
        if one.text:
            result(one.text)


def _columns() -> int:
    """Return the width of the terminal, or that of tables without one."""
    if not _is_terminal(sys.stdout):
        return _width()
    from rich.console import Console

    return Console().width


def _blocks(lines: Sequence[Sequence[str]], width: int) -> list[list[int]]:
    """Return the positions of the columns of each part of a table that is printed in parts.

    Each part has the first column, which names the rows, and as many of the others as fit. A table of which some column
    does not fit beside the first is not divided; its cells are folded.
    """
    natural = _natural(lines)
    blocks, room = [[0]], width - natural[0]
    if any(natural[0] + 2 + column > width for column in natural[1:]):
        return [list(range(len(natural)))]
    for i, column in enumerate(natural[1:], start=1):
        if column + 2 > room:
            blocks.append([0])
            room = width - natural[0]
        blocks[-1].append(i)
        room -= column + 2
    return blocks


def _natural(lines: Sequence[Sequence[str]]) -> list[int]:
    """Return the width of each column's longest cell."""
    from rich.cells import cell_len

    return [max(cell_len(shown(word)) for word in column) for column in zip(*lines, strict=True)]


def _width() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) else WIDTH


def _fitting(natural: Sequence[int], width: int) -> list[int]:
    """Return column widths that fit with two spaces between them; the widest columns are narrowed first."""
    room = width - 2 * (len(natural) - 1)
    cap = max(natural)
    while cap > 1 and sum(min(column, cap) for column in natural) > room:
        cap -= 1
    return [min(column, cap) for column in natural]


class Bar:
    """A progress bar on a terminal; without one, a line after `_FIRST_LINE` seconds and then every `_LINE_EVERY`."""

    def __init__(self, progress: Any) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}
        self._next_line = time.monotonic() + _FIRST_LINE

    def update(self, key: str, done: float, total: float, doing: str) -> None:
        """Show the progress of one activity.

        Args:
            key: names a line of the display.
            done, total: in any unit; a total of 0 means unknown.
            doing: description of the activity.
        """
        doing = shown(doing)
        if self._progress is not None:
            if key not in self._tasks:
                self._tasks[key] = self._progress.add_task(doing, total=total or None)
            self._progress.update(self._tasks[key], completed=done, total=total or None, description=doing)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY
            sentence(f"{doing} ({done / total:.0%})" if total else doing)

    def follow(self, key: str) -> "Progress":
        """Return the progress that shows long work in one line of the display."""
        return lambda doing, done=0.0, total=0.0, /: self.update(key, done, total, doing)


@contextmanager
def bar() -> Iterator[Bar]:
    """Draw progress on stderr while a block runs."""
    if not _is_terminal(sys.stderr):
        yield Bar(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TimeRemainingColumn
    from rich.text import Text

    class Doing(ProgressColumn):
        """The description without markup, since file names may contain brackets."""

        def render(self, task: Task) -> Text:
            return Text(task.description)

    console = Console(stderr=True)
    columns = (BarColumn(28), TaskProgressColumn(), TimeRemainingColumn(), Doing())
    with Progress(*columns, console=console, transient=True) as drawn:
        _Output.bar_console = console
        try:
            yield Bar(drawn)
        finally:
            _Output.bar_console = None


def set_up(verbose: bool = False) -> None:
    """Silence libraries and print the package's warnings on stderr; with `verbose`, print all log records."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if verbose else "3")
    os.environ.setdefault("GLOG_minloglevel", "0" if verbose else "3")
    warnings.simplefilter("default" if verbose else "ignore")
    root, own = logging.getLogger(), logging.getLogger("f2p_deploy")
    for handler in [handler for handler in root.handlers if isinstance(handler, _SentenceHandler)]:
        root.removeHandler(handler)
    root.addHandler(_SentenceHandler())
    root.setLevel(logging.INFO if verbose else logging.CRITICAL)
    own.setLevel(logging.DEBUG if verbose else logging.WARNING)


class _SentenceHandler(logging.Handler):
    """A log handler that prints records as sentences."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            sentence(self.format(record), "warning")
        else:
            sentence(f"{record.name}: {self.format(record)}")


def reset() -> None:
    """Forget the output of the previous command."""
    _Output.emitted = False


def _is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; the stream is None in a process without a console (`pythonw`)."""
    return stream is not None and stream.isatty()


def _style(kind: str) -> str | None:
    return {"error": "bold red", "warning": "yellow"}.get(kind)
