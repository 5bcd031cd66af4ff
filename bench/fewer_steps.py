"""Quality against the number of steps: plain gradient steps and the same search with momentum, on the same photos.

    python bench/fewer_steps.py PHOTOS --only held-out -o bench/results/fewer_steps.json --plot docs/fewer-steps.png

Each photo is aligned once, and its options are tried out once; every rule then searches from the same start. Compared
is the loss of eq. 9 (identity and content), not the likeness of the faces, which `f2p-deploy evaluate landmarks`
measures.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.model.reference import reference_iterate, reference_start, with_options_tried_out
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.pipeline import choose_finder_for
from f2p_deploy.pipeline.faces import aligned_faces
from f2p_deploy.training.data.photo_choice import select_photos

#: The paper's number of steps, and the numbers of steps with momentum.
PLAIN_STEPS = 50
FAST_STEPS = (5, 10, 20)


def rules(settings: IterativeSettings, momentum: float, rate: float) -> dict[str, IterativeSettings]:
    """Return the settings to compare, by name."""
    plain = replace(settings, momentum=0.0, keep_best=False)
    fast = replace(settings, momentum=momentum, keep_best=True, learning_rate=settings.learning_rate * rate)
    return {f"plain, {PLAIN_STEPS} steps": replace(plain, iterations=PLAIN_STEPS)} | {
        f"momentum {momentum:g}, {steps} steps": replace(fast, iterations=steps) for steps in FAST_STEPS
    }


def settings_of(bundle: Bundle, mode: str) -> IterativeSettings:
    """Return the bundle's settings for a mode."""
    return bundle.settings.iterative if mode == "iterative" else bundle.settings.hybrid


def first_states(bundle: Bundle, faces: torch.Tensor, mode: str) -> torch.Tensor:
    """Return the (N, n) states from which `generate` would search."""
    settings = settings_of(bundle, mode)
    return with_options_tried_out(bundle, faces, reference_start(bundle, faces, mode, settings), settings.beta)


def measure(bundle: Bundle, faces: torch.Tensor, start: torch.Tensor, settings: IterativeSettings) -> dict[str, object]:
    """Search every face with one rule.

    Returns:
        The losses per step (mean over the faces), the final loss of each face, and the seconds per face.
    """
    began = time.perf_counter()
    rows = [slice(i, i + 1) for i in range(len(faces))]
    losses = np.concatenate([reference_iterate(bundle, faces[i], settings, start[i]).losses for i in rows], axis=1)
    seconds = (time.perf_counter() - began) / len(faces)
    final = losses.min(axis=0) if settings.keep_best else losses[-1]
    return {
        "settings": asdict(settings),
        "curve": losses.mean(axis=1).tolist(),
        "final": final.tolist(),
        "mean_final": float(final.mean()),
        "seconds_a_face": seconds,
    }


def plot(results: dict[str, dict[str, object]], path: Path) -> None:
    """Plot the mean loss against the number of steps, one line per rule."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for name, result in results.items():
        curve = np.asarray(result["curve"])
        line = axes.plot(np.minimum.accumulate(curve) if "momentum" in name else curve, label=name, linewidth=1.6)[0]
        axes.plot(len(curve) - 1, result["mean_final"], "o", color=line.get_color(), markersize=5)
    axes.set(xlabel="gradient steps", ylabel="mean loss (identity and content)")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--only", default="all", choices=("all", "held-out", "training"))
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--landmarker", type=Path)
    parser.add_argument("--mode", default="iterative", choices=("iterative", "hybrid"))
    parser.add_argument("--momentum", type=float, default=0.7)
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rate of rules with momentum")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--plot", type=Path)
    words = parser.parse_args()
    torch.set_num_threads(words.threads)
    bundle = load_bundle(words.bundle)
    chosen = select_photos(words.photos, words.only, words.count)
    faces = aligned_faces(chosen, bundle, choose_finder_for(words.landmarker, None, False))
    images = torch.from_numpy(faces.images)
    start = first_states(bundle, images, words.mode)
    results = {}
    for name, settings in rules(settings_of(bundle, words.mode), words.momentum, words.rate).items():
        results[name] = measure(bundle, images, start, settings)
        print(f"{name:26} loss {results[name]['mean_final']:.5f}, {results[name]['seconds_a_face']:.2f} s a face")
    facts = {
        "date": date.today().isoformat(),
        "command": " ".join(["python", *sys.argv]),
        "device": f"{platform.processor() or platform.machine()}, {words.threads} threads, torch {torch.__version__}",
        "bundle": bundle.fingerprint,
        "faces": len(images),
        "results": results,
    }
    if words.out:
        words.out.parent.mkdir(parents=True, exist_ok=True)
        words.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if words.plot:
        plot(results, words.plot)


if __name__ == "__main__":
    main()
