"""Print figures of the code structure: packages, layers, imports, cycles, lines, long functions, start-up time.

    python tools/house.py [CHECKOUT] [--times 9]

A room is a folder of the package that contains Python, or a module in the package's root. An arrow leads from a room
to another one that it imports, anywhere in a file, also inside functions and for type checkers. A circle is a set of
rooms, or of files, that import one another. The number of floors is the length of the longest import chain. Functions
are counted from `def` to their last line, docstring included. Times are the median of `--times` processes in turn.
"""

import argparse
import ast
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

PACKAGE = "f2p_deploy"
LONG = 60


def modules_of(root: Path) -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(path: Path, known: Iterable[str]) -> set[str]:
    """Return the modules of the package that a file imports."""
    known, found = set(known), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f if (f := f"{node.module}.{name.name}") in known else node.module for name in node.names}
    return found & known


def room_of(module: str) -> str:
    """Return a module's folder or module name in the package's root; an empty string for the package itself."""
    return module.split(".")[1] if "." in module else ""


def circles(arrows: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the sets of nodes that reach one another (Tarjan's strongly connected components of two or more)."""
    reached = {node: _reach(node, arrows) for node in arrows}
    found: list[set[str]] = []
    for node in arrows:
        circle = {other for other in reached[node] if node in reached.get(other, set())}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


def _reach(start: str, arrows: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(arrows.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += arrows.get(node, ())
    return seen


def floors(arrows: Mapping[str, set[str]], ringed: Iterable[set[str]]) -> int:
    """Return the number of rooms on the longest import chain; a circle counts as one room."""
    head = {node: min(ring) for ring in ringed for node in ring}
    plain: dict[str, set[str]] = {}
    for node, below in arrows.items():
        plain.setdefault(head.get(node, node), set()).update(head.get(b, b) for b in below)
    for node, below in plain.items():
        below.discard(node)
    height: dict[str, int] = {}
    for node in TopologicalSorter(plain).static_order():
        height[node] = 1 + max((height[below] for below in plain.get(node, ())), default=0)
    return max(height.values())


def long_functions(paths: Iterable[Path]) -> list[tuple[int, str]]:
    """Return (lines, name) of every function of more than `LONG` lines, longest first."""
    found = []
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONG:
                    found.append((lines, f"{path.parent.name}/{path.stem}.{node.name}"))
    return sorted(found, reverse=True)


def seconds(root: Path, arguments: list[str], times: int) -> float:
    """Return the median duration of `times` runs of Python in a checkout, in seconds."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=root, env=environment, check=True, capture_output=True)
        taken.append(time.perf_counter() - begin)
    return median(taken)


def measure(root: Path, times: int) -> dict[str, str]:
    """Return every figure as text, by its name."""
    modules = modules_of(root)
    files = {name: imports_of(path, modules) - {name} for name, path in modules.items()}
    rooms: dict[str, set[str]] = {}
    for name, imported in files.items():
        if room_of(name).strip("_") not in ("", "main"):
            below = {room_of(other) for other in imported}
            rooms.setdefault(room_of(name), set()).update(below - {room_of(name), ""})
    ringed = circles(rooms)
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules.items()}
    loose = [name for name, path in modules.items() if path.parent == root / PACKAGE and not path.stem.startswith("__")]
    largest = max(lines, key=lambda name: lines[name])
    long = long_functions(modules.values())
    start = ["-c", f"import {PACKAGE}"]
    return {
        "rooms at the top": str(len(rooms)),
        "modules loose in the root": f"{len(loose)}",
        "floors": str(floors(rooms, ringed)),
        "arrows between rooms": str(sum(map(len, rooms.values()))),
        "circles of rooms": str(len(ringed)),
        "circles of files": str(len(circles(files))),
        "files, lines": f"{len(modules)}, {sum(lines.values()):,}",
        "median file": f"{median(lines.values()):g} lines",
        "largest file": f"{lines[largest]} lines ({largest.removeprefix(PACKAGE + '.')})",
        f"functions over {LONG} lines": f"{len(long)}, the longest {long[0][0]} ({long[0][1]})" if long else "0",
        f"`import {PACKAGE}`": f"{1000 * seconds(root, start, times):.0f} ms",
        "`f2p-deploy --help`": f"{1000 * seconds(root, ['-m', PACKAGE, '--help'], times):.0f} ms",
    }


def main() -> None:
    """Print the table of this checkout, and of another one if it is given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path, nargs="?", help="a checkout to compare with")
    parser.add_argument("--times", type=int, default=9, help="number of timed processes")
    parser.add_argument("--long", action="store_true", help="also name the long functions and the circles")
    given = parser.parse_args()
    here = Path(__file__).resolve().parents[1]
    columns = {"here": here} if given.checkout is None else {"before": given.checkout.resolve(), "here": here}
    measured = {name: measure(root, given.times) for name, root in columns.items()}
    print(f"| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    keys = list(dict.fromkeys(key for table in measured.values() for key in table))
    for key in keys:
        print(f"| {key} | {' | '.join(table.get(key, '-') for table in measured.values())} |")
    if given.long:
        modules = modules_of(here)
        files = {name: imports_of(path, modules) - {name} for name, path in modules.items()}
        print("\n".join(f"{lines} {name}" for lines, name in long_functions(modules.values())))
        print("\n".join(" <-> ".join(sorted(circle)) for circle in circles(files)))


if __name__ == "__main__":
    main()
