"""Measure how many engine pictures a surrogate needs: search the same people after training on few and on many.

    python bench/pictures.py PHOTOS... --front PAIRS --judge FILE --counts 500,2000,7000,11500 -o DIR --plot PNG

Only the surrogate is retrained, each time on the first N pictures; recogniser, reader and translator are the bundle's.
Characters are searched from the average face, drawn by the engine and compared by the judge, as in
`f2p-deploy evaluate likeness`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker
from f2p_deploy.evaluation.likeness.judge import FileJudge
from f2p_deploy.evaluation.likeness.measure_likeness import measure_likeness
from f2p_deploy.model.bundle import copy_bundle, load_bundle, store_network
from f2p_deploy.pipeline.drawing import engine_for
from f2p_deploy.training.data.aligned_pairs import descriptors_of_pairs, shapes_of_characters
from f2p_deploy.training.data.photo_choice import select_photos
from f2p_deploy.training.presets import LITE
from f2p_deploy.training.stages import HELD_OUT_PAIRS
from f2p_deploy.training.train_loop import train
from f2p_deploy.training.train_surrogate import SurrogateStage


def main() -> None:
    """Train, search, judge; write the JSON after every count, so that an interrupted run resumes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--front", type=Path, required=True, help="rendered pairs, the last 500 are held out")
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, help="the demo bundle if not given")
    parser.add_argument("--counts", default="500,2000,7000,11500")
    parser.add_argument("--only", default="held-out")
    parser.add_argument("--limit", type=int)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--plot", type=Path)
    words = parser.parse_args()
    bundle, pairs, finder = load_bundle(words.bundle), PairSet(words.front), open_landmarker()
    engine, judge = engine_for(bundle.schema), FileJudge(words.judge)
    photos = select_photos(words.photos, words.only, words.limit)
    words.out.mkdir(parents=True, exist_ok=True)
    results = words.out / "pictures.json"
    rows = json.loads(results.read_text()) if results.is_file() else []
    seen = descriptors_of_pairs(bundle, pairs, finder, words.out / "descriptors-front.npz")
    shapes = shapes_of_characters(pairs, finder, words.out / "face-shapes-front.npz")
    parameters = np.array(pairs.parameters[: len(pairs)], np.float32)
    for count in map(int, words.counts.split(",")):
        if any(row["pictures"] == count for row in rows):
            continue
        kept = np.r_[0 : min(count, len(pairs) - HELD_OUT_PAIRS), len(pairs) - HELD_OUT_PAIRS : len(pairs)]
        torch.manual_seed(1)
        empty = np.empty((0, seen.shape[1]), np.float32)
        stage = SurrogateStage(bundle, parameters[kept], seen[kept], empty, HELD_OUT_PAIRS, shapes[:count])
        stage.network.photos.copy_(bundle.surrogate.photos)
        if stage.network.shape_length:
            stage.network.guess.load_state_dict(bundle.surrogate.guess.state_dict())
        outcome = train(stage, LITE.schedules["surrogate"], words.out / f"surrogate-{count}", 1)
        folder = words.out / f"bundle-{count}"
        copy = load_bundle(folder) if folder.is_dir() else copy_bundle(bundle, folder, f"{count} pictures")
        copy = store_network(copy, "surrogate", stage.trained(), {"pictures": count})
        report = measure_likeness(photos, copy, engine, finder, judge, ("iterative",))
        found = report.identification["iterative"]
        rows.append(
            {
                "pictures": count,
                "training_seconds": round(outcome.seconds, 1),
                "cosine": round(outcome.metrics["cosine"], 4),
                "people": found.people,
                **{
                    name: {"value": value.value, "low": value.low, "high": value.high}
                    for name, value in (("rank_1", found.rank_1), ("rank_5", found.rank_5), ("auc", found.auc))
                },
            }
        )
        rows.sort(key=lambda row: row["pictures"])
        results.write_text(json.dumps(rows, indent=1) + "\n")
        print(json.dumps(rows[-1]), flush=True)
    if words.plot is not None:
        draw(rows, words.plot)


def draw(rows: list[dict], path: Path) -> None:
    """Plot rank-1 and rank-5 with intervals, and the surrogate's cosine, against the number of pictures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    counts = [row["pictures"] for row in rows]
    for name, label in (("rank_1", "right photo first"), ("rank_5", "right photo among five")):
        values = [row[name]["value"] for row in rows]
        apart = [[row[name][end] for row in rows] for end in ("low", "high")]
        around = [np.subtract(values, apart[0]), np.subtract(apart[1], values)]
        panel.errorbar(counts, values, yerr=around, marker="o", capsize=3, label=label)
    panel.plot(counts, [row["cosine"] for row in rows], marker="s", ls=":", label="surrogate, cosine")
    panel.set(xscale="log", xlabel="engine pictures", ylim=(0.0, 1.02), title=f"{rows[0]['people']} people")
    panel.set_xticks(counts, [f"{count:,}" for count in counts])
    panel.grid(alpha=0.3)
    panel.legend(loc="lower right")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
