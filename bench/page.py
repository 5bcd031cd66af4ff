"""Writes bench/README.md from the results in bench/results, so that no number is copied by hand.

    python bench/page.py
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE / "README.md"

#: The other scripts: file name, purpose, and the page that discusses the results.
SCRIPTS = (
    ("loop_parity.py", "whole searches in each runtime against PyTorch's autograd", "docs/targets.md"),
    ("int8.py", "8 bits compared with float32: speed, size, and accuracy of characters", "docs/calibration.md"),
    ("int8_step.py", "accuracy of the gradient step in 8 bits", "docs/calibration.md"),
    ("fewer_steps.py", "number of steps that a search needs", "docs/imitator-search.md"),
    ("shortcut.py", "quality and speed of searches through the shortcut", "docs/shortcut.md"),
    ("shape_limits.py", "smallest distance of the reference engine's faces from real ones", "docs/imitator-search.md"),
    ("many_photos.py", "thousands of photos, including unusual files: none lost, kills survived, workers", ""),
    ("bulk.py", "thousands of photos into Parquet: none lost, same bits after kills and on Ray", "docs/batch.md"),
    ("serve/ray_cluster.py", "`serve --ray`: a generator killed, bundles rolled out, under load", "docs/cluster.md"),
    ("strange_photos.py", "the unusual files for many_photos.py", ""),
    ("rotations.py", "results for rotated or mirrored photos", ""),
    ("browser_parity.py", "characters made in a browser beside those of Python", "docs/web.md"),
    ("browser_landmarks.py", "faces found in a browser beside those found by Python", "docs/web.md"),
    ("serve/load.py", "the service under load, beside a route that one writes in an afternoon", "docs/serve.md"),
    ("serve/endurance.py", "the service's memory, overload, and every caller's own answer", "docs/serve.md"),
    ("serve/schemathesis_run.py", "the service against its own OpenAPI document", "docs/serve.md"),
    ("golden_runtimes.py", "the golden vectors on every runtime of this machine", "docs/targets.md"),
    ("golden/mnn.sh", "the golden vectors with MNN, in an environment of its own", "docs/targets.md"),
    ("golden/litert.sh", "the same with LiteRT", "docs/targets.md"),
    ("golden/executorch.sh", "the same with ExecuTorch", "docs/targets.md"),
    ("golden/held_out.py", "every graph of artifacts against PyTorch over held-out portraits", "docs/targets.md"),
    ("golden/arm64.sh", "the same with ONNX Runtime on arm64, under emulation", "docs/targets.md"),
    ("serve/hostile_uploads.py", "thousands of hostile uploads: codes, memory, readiness", "docs/serve.md"),
    ("fuzz_files.py", "thousands of command lines on damaged files, in one process", ""),
    ("triton_server.py", "a model repository in Triton's server against ONNX Runtime", "docs/triton.md"),
    ("face_finder.py", "landmark finders on held-out, turned, small and missing faces", "docs/fidelity.md"),
    ("head_turn.py", "effect of a face's position in the photo on yaw and pitch", ""),
    ("gallery.py", "randomly drawn people above their characters, drawn by the engine", "docs/fidelity.md"),
    ("stability.py", "change of the character for a mirrored, moved, grey or dark photo", "docs/fidelity.md"),
    ("pictures.py", "number of engine pictures that a surrogate needs", "docs/fidelity.md"),
    ("expression_table.py", "effect of expressions on meshes, for pose-true landmarks", "docs/fidelity.md"),
    ("run_profile.py", "where each millisecond of `run` goes", "docs/shortcut.md"),
    ("editor_latency.py", "from a moved slider to its picture in `edit`, and the first picture", "docs/editor.md"),
    ("search_cost.py", "how the cost of a search grows with controllers, batch and steps", "docs/shortcut.md"),
    ("search_files.py", "a whole search from three ONNX files, for search_cost.py", ""),
    ("threads.py", "throughput of one runtime shared by several threads, with and without a lock", "docs/targets.md"),
    ("crop.py", "what the crop of a recognition network is worth, on photos of the same people", "docs/weights.md"),
    ("official_weights.py", "official layouts imported, kept by training, exported, verified, run", "docs/weights.md"),
    ("training_cost.py", "one update of every stage at the paper's size, and the whole recipe", "docs/training.md"),
    ("prepare_faces.py", "memory and time of preparing many photos for training", "docs/training.md"),
    ("paper_bundle.py", "a bundle of the paper's size with random weights", ""),
)

COLUMNS = (
    "mode",
    "batch",
    "runtime",
    "precision",
    "median",
    "p95",
    "faces/s",
    "vs eager",
    "parity",
    "first call",
    "memory",
    "of ceiling",
)

HEAD = """# Benchmarks

Written by `python bench/page.py` from `bench/results`; do not edit it.

`f2p-deploy bench` times every available runtime, eager PyTorch, `torch.compile` and the naive export
(`torch.onnx.export` and a default session of ONNX Runtime). Contenders are timed in turns, one window of calls each,
until the last windows agree; `~` marks a median where they did not. Every result is compared with PyTorch's: `parity`
is the difference / the difference that the precision's threshold allows (1 is at the threshold). `of ceiling` is the
time that the counted work would take at this device's measured ceiling (a large matrix product and a large copy) / the
median. Operations are counted as direct convolution, so an algorithm that needs fewer can exceed 100 %. `iterative` is
a whole search for one face: `describe`, every step, and the last state's loss.

Compare ratios rather than milliseconds: the machine is shared.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for path in sorted(RESULTS.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if "ceilings" in content:
            parts.append(_report(path, content))
        elif "benchmarks" in content:
            parts += [_report(path, part, name) for name, part in content["benchmarks"].items() if "ceilings" in part]
    if not any(_is_of_a_card(path) for path in RESULTS.glob("*.json")):
        parts.append(
            "## On a GPU\n\nNot measured yet: `bench/gpu.sh` runs the GPU tests and the benchmarks on a machine with "
            "an NVIDIA GPU.\nIt needs no network and writes one JSON file and one table.\n"
        )
    rows = "\n".join(
        f"| [{name}]({name}) | {what} | {f'[{where}](../{where})' if where else ''} |" for name, what, where in SCRIPTS
    )
    parts.append(f"## Other scripts\n\n| script | measures | discussed in |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _is_of_a_card(path: Path) -> bool:
    return "benchmarks" in json.loads(path.read_text(encoding="utf-8"))


def _report(path: Path, content: dict[str, Any], name: str = "") -> str:
    device = content["device"]
    cards = "".join(f", {card['name']}" for card in device["cards"])
    versions = ", ".join(f"{package} {found}" for package, found in device["versions"].items())
    lines = [
        f"## {name or path.stem.replace('_', ' ')}",
        "",
        f"Bundle `{content['bundle']['name']}`, {content['date']}, {content['seconds']:.0f} s; "
        f"{device['processor'] or device['machine']}{cards}, {device['threads']} threads, "
        f"load {device['load_average']}. {versions}.",
        "",
        f"    {content['command']}",
        "",
        *_table(content["rows"]),
        "",
        *_reasons(content["rows"]),
    ]
    ceilings = [
        f"{c['precision']} {c['flop_per_s'] / 1e9:,.0f} GFLOP/s and {c['byte_per_s'] / 1e9:,.0f} GB/s"
        for c in content["ceilings"]
    ]
    lines += [f"Ceiling of this device: {'; '.join(ceilings)}.", ""]
    picture = path.with_suffix(".png")
    if picture.is_file() and not name:
        lines += [f"![Latency against batch size](results/{picture.name})", ""]
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for row in rows:
        if row["median_ms"] is None:
            continue
        status = "" if row["status"] == "ok" else f" ({row['status']})"
        cells = (
            row["mode"],
            row["batch"],
            row["runtime"],
            row["precision"],
            f"{_number(row['median_ms'])} ms{'' if row['windows'] else ' ~'}",
            f"{_number(row['p95_ms'])} ms",
            _number(row["faces_per_s"]),
            "" if row["vs_eager"] is None else f"{row['vs_eager']:.2f}x",
            f"{row['parity']['share']:.2g}{status}",
            f"{_number(row['first_ms'] + row['load_ms'])} ms",
            f"{_number(row['memory_mb'])} MB",
            "" if row["share_of_ceiling"] is None else f"{row['share_of_ceiling']:.0%}",
        )
        yield f"| {' | '.join(map(str, cells))} |"


def _reasons(rows: list[dict[str, Any]]) -> Iterator[str]:
    reasons = dict.fromkeys((row["runtime"], row["status"], row["why"]) for row in rows if row["why"])
    for runtime, status, why in reasons:
        yield f"- {runtime}: {status} ({why})"
    if reasons:
        yield ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
