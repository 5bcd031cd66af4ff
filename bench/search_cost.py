"""How the cost of a search grows: with controllers, faces in a batch and steps, exactly and through the shortcut.

    python bench/search_cost.py -o bench/results/search_cost.json --plot docs/search-cost.png
    python bench/search_cost.py --paper -o bench/results/search_cost_paper.json

Networks have random weights: only time is measured. The first form uses the sizes of the preset `small` for schemas of
several lengths, one step of every batch size by ONNX Runtime, and loops of several lengths. The second form compares a
whole search of 50 steps at the paper's size, through the shortcut by ONNX Runtime and exactly by eager PyTorch, each in
a process of its own so that memory is its own, too. The photo's description, and the judgement of start and result by
the true networks, are part of the search.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import torch
from search_files import peak_megabytes
from torch import nn

from f2p_deploy.character.schema import load_schema
from f2p_deploy.export.export_graphs import exportable_graphs
from f2p_deploy.export.onnx.convert_onnx import to_onnx
from f2p_deploy.model.bundle import Bundle, create_bundle, store_network
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.model.reference import reference_iterate
from f2p_deploy.model.settings import Architecture, BundleSettings, IterativeSettings
from f2p_deploy.model.shortcut_owner import described_by
from f2p_deploy.model.state import first_state
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.runtimes.step_tensors import plain_step
from f2p_deploy.training.presets import SMALL

#: Schemas of 136 and of 208 controllers: 215 and 310 parameters with their discrete groups.
SCHEMAS = ("makehuman", "justice-female")
BATCHES = (1, 4, 16, 64, 256)
#: The exact step is measured up to this batch size; larger ones take minutes and gigabytes.
LARGEST_EXACT = 16
STEPS = (1, 5, 10, 50, 100, 500)
PAPER_STEPS = 50
NEEDED = ("imitator", "recognition", "segmentation", "translator", "shortcut")

Call = Callable[[], object]


def random_bundle(folder: Path, schema: str, settings: BundleSettings) -> Bundle:
    """Create a bundle with random weights, with a shortcut and without priors."""
    torch.manual_seed(0)
    bundle = create_bundle(folder, f"random {schema}", load_schema(schema), settings)
    for name in NEEDED:
        network = build_network(name, bundle.schema, settings)
        for module in network.modules():  # below the gain that preserves variance, since residual layers increase it
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight).data.mul_(0.45)
        facts = {"described_by": described_by(bundle)} if name == "shortcut" else {}
        bundle = store_network(bundle, name, network, facts)
    return bundle


def without_priors(settings: BundleSettings) -> BundleSettings:
    """Return settings whose searches need no priors."""

    change = {"use_prior": False, "from_prior": False}
    return replace(
        settings,
        iterative=replace(settings.iterative, **change),
        hybrid=replace(settings.hybrid, **change),
        one_shot_prior=False,
    )


def sessions_of(bundle: Bundle, batch: int, names: tuple[str, ...], threads: int) -> dict[str, object]:
    """Return ONNX Runtime's sessions of graphs."""
    found = {}
    for graph in exportable_graphs(bundle, batch):
        if graph.name in names:
            given = {spec.name: np.full(spec.shape, 0.5, np.float32) for spec in graph.inputs}
            found[graph.name] = open_session(to_onnx(graph, given).SerializeToString(), threads=threads)
    return found


def stepper(bundle: Bundle, session: object, described: dict[str, np.ndarray], batch: int) -> Call:
    """Return a call of one step from the first state."""
    start = first_state(bundle, batch).numpy()
    given = plain_step(start, described, 0.1, bundle.settings.iterative)
    taken = {spec.name: given[spec.name] for spec in session.get_inputs()}
    return lambda: session.run(None, taken)


def described(bundle: Bundle, batch: int) -> dict[str, np.ndarray]:
    """Return random descriptions of photos."""
    graph = next(graph for graph in exportable_graphs(bundle, 1) if graph.name == "describe")
    rng = np.random.default_rng(0)
    return {spec.name: rng.random((batch, *spec.shape[1:]), np.float32) for spec in graph.outputs}


def seconds(call: Call, least: float = 1.0) -> float:
    """Return the median time of a call, over a second or three calls."""
    call()
    times: list[float] = []
    while len(times) < 3 or sum(times) < least:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def growth(threads: int) -> list[dict[str, object]]:
    """Measure one step for every schema, graph and batch size, and loops of every length for one face."""
    rows: list[dict[str, object]] = []
    for schema in SCHEMAS:
        with tempfile.TemporaryDirectory() as folder:
            bundle = random_bundle(Path(folder) / "bundle", schema, without_priors(SMALL.settings))
            facts = {"schema": schema, "controllers": bundle.schema.n_c, "parameters": bundle.schema.n}
            for batch in BATCHES:
                names = ("step", "step_fast") if batch <= LARGEST_EXACT else ("step_fast",)
                for name, session in sessions_of(bundle, batch, names, threads).items():
                    step = stepper(bundle, session, described(bundle, batch), batch)
                    took = seconds(step)
                    rows.append({**facts, "graph": name, "batch": batch, "steps": 1, "seconds": took})
                    print(f"{schema}, {name}, batch {batch}: {1e3 * took / batch:.2f} ms a face", flush=True)
                    for steps in STEPS[1:] if batch == 1 and name == "step_fast" else ():
                        took = seconds(lambda step=step, steps=steps: [step() for _ in range(steps)])
                        rows.append({**facts, "graph": name, "batch": batch, "steps": steps, "seconds": took})
    return rows


def paper_search(way: str, threads: int) -> dict[str, float]:
    """Measure a whole search at the paper's size in this process, `fast` or `eager`."""
    settings = BundleSettings(Architecture(segmentation_size=256), iterative=IterativeSettings(iterations=PAPER_STEPS))
    with tempfile.TemporaryDirectory() as folder:
        bundle = random_bundle(Path(folder) / "bundle", "justice-female", without_priors(settings))
        edge = settings.architecture.image_size
        face = np.random.default_rng(0).random((1, 3, edge, edge), np.float32)
        if way == "eager":
            few = replace(bundle.settings.iterative, iterations=2)
            began = time.perf_counter()
            reference_iterate(bundle, torch.from_numpy(face), few)
            took = (time.perf_counter() - began) * (PAPER_STEPS + 1) / 3  # 2 steps, and the loss of the last state
        else:
            graphs = {}
            for name in ("describe", "render", "step_fast"):
                graphs[name] = Path(folder) / f"{name}.onnx"
                one = next(graph for graph in exportable_graphs(bundle, 1) if graph.name == name)
                given = {spec.name: np.full(spec.shape, 0.5, np.float32) for spec in one.inputs}
                graphs[name].write_bytes(to_onnx(one, given).SerializeToString())
            script = Path(__file__).with_name("search_files.py")
            child = [sys.executable, script, folder, str(threads), str(PAPER_STEPS)]
            return json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    return {"seconds": took, "memory_mb": peak_megabytes()}


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Draw time a face against batch size, and time against steps."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for number, schema in enumerate(SCHEMAS):
        own = [row for row in rows if row["schema"] == schema]
        label = f"{own[0]['controllers']} controllers, {own[0]['parameters']} parameters"
        for graph, style in (("step", "--s"), ("step_fast", "-o")):
            one = [row for row in own if row["graph"] == graph and row["steps"] == 1]
            what = "exact" if graph == "step" else "through the shortcut"
            ms = [1e3 * row["seconds"] / row["batch"] for row in one]
            left.plot([row["batch"] for row in one], ms, style, color=f"C{number}", label=f"{label}, {what}")
        longer = [row for row in own if row["graph"] == "step_fast" and row["batch"] == 1]
        right.plot([row["steps"] for row in longer], [1e3 * row["seconds"] for row in longer], "-o", color=f"C{number}")
        exact = next(row["seconds"] for row in own if row["graph"] == "step" and row["batch"] == 1)
        right.plot(STEPS, [1e3 * exact * steps for steps in STEPS], "--", color=f"C{number}")
    left.set(xscale="log", yscale="log", xlabel="faces in a batch", ylabel="milliseconds a step and face")
    right.set(xscale="log", yscale="log", xlabel="steps of one face", ylabel="milliseconds (exact: steps x one step)")
    left.set_xticks(BATCHES, [str(batch) for batch in BATCHES])
    for panel in (left, right):
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    left.legend(fontsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paper", action="store_true", help="a whole search at the paper's size")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--way", choices=("eager", "fast"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.way:
        print(json.dumps(paper_search(given.way, given.threads)))
        return
    facts = {
        "date": date.today().isoformat(),
        "command": " ".join(["python", *sys.argv]),
        "device": f"{platform.processor() or platform.machine()}, {given.threads} threads, torch {torch.__version__}",
    }
    if given.paper:
        result: dict[str, object] = {}
        for way in ("eager", "fast"):
            child = [sys.executable, __file__, "--threads", str(given.threads), "--way", way]
            result[way] = json.loads(subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True).stdout)
            print(way, result[way], flush=True)
    else:
        rows = growth(given.threads)
        result = {"rows": rows}
        if given.plot:
            draw(rows, given.plot)
    if given.out:
        given.out.write_text(json.dumps(facts | result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
