"""Prints the table of docs/targets.md from one file of results, so that no number is copied by hand.

    python bench/golden/table.py bench/results/golden_paper.json

Each cell is the worst sample's values in the order of `COLUMNS`; a value that misses its floor is bold.
"""

import json
import sys
from pathlib import Path
from typing import Any

#: The graphs, and of each the measures that are shown, as results name them.
COLUMNS = {
    "one_shot": ("parameters: controllers max abs difference",),
    "describe": ("identity: cosine", "content: relative L1 difference"),
    "render": ("image: PSNR dB",),
    "step": (
        "next_state: cosine of the update",
        "next_state: relative length of the update",
        "loss: relative difference",
    ),
    "segment": ("classes: relative L1 difference",),
}


def main() -> None:
    rows = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    lines = [f"| runtime | {' | '.join(f'`{name}`' for name in COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    shown: list[str] = []
    for row in rows:
        floors = _floors(row)
        if floors and floors != shown:
            lines.append(f"| *floors* | {' | '.join(floors)} |")
            shown = floors
        cells = [_cell(row["graphs"].get(name), measures) for name, measures in COLUMNS.items()]
        lines.append(f"| {row['runtime']} | {' | '.join(cells)} |")
    print("\n".join(lines))


def _floors(row: dict[str, Any]) -> list[str]:
    """Return a row's floors by column, or nothing if a graph has none."""
    graphs = [row["graphs"].get(name, {}).get("measures") for name in COLUMNS]
    if not all(graphs):
        return []
    return [
        ", ".join(f"*{graph[measure][1]:.5g}*" for measure in measures)
        for graph, measures in zip(graphs, COLUMNS.values(), strict=True)
    ]


def _cell(graph: dict[str, Any] | None, measures: tuple[str, ...]) -> str:
    if graph is None:
        return "not run"
    if graph.get("error"):
        return f"refused: {graph['error']}".replace("|", "\\|")
    shown = [_value(measure, *graph["measures"][measure]) for measure in measures]
    others = [name for name, (value, floor) in graph["measures"].items() if name not in measures]
    more = "" if graph["passed"] or any("**" in part for part in shown) else f" **missed: {', '.join(others)}**"
    return ", ".join(shown) + more


def _value(measure: str, value: float, floor: float) -> str:
    higher = "cosine" in measure or "PSNR" in measure
    kept = value >= floor if higher else value <= floor
    text = f"{value:.0f}" if "PSNR" in measure else f"{value:.3g}" if "cosine" in measure else f"{value:.2g}"
    return text if kept else f"**{value:.3g}**"


if __name__ == "__main__":
    main()
