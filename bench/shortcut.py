"""Quality and speed of searches through the shortcut, beside exact searches of the same photos.

    python bench/shortcut.py PHOTOS --only held-out --bundle BUNDLE -o bench/results/shortcut.json

Every photo is aligned once, and its options are compared both ways. From the same start, the exact search and the one
through the shortcut then take the same steps, and the one through the shortcut also takes ten times as many. Reported
are the true loss (eq. 9, by the imitator's picture) of the results, the cosine between the updates of both gradients at
the states of the exact search, and the time. Everything runs in PyTorch.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.character.parameters import harden, smooth
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.model.reference import reference_options, reference_start
from f2p_deploy.model.search_loss import search_loss
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.model.state import state_from
from f2p_deploy.model.update import Update, lookahead
from f2p_deploy.pipeline import choose_finder_for
from f2p_deploy.pipeline.faces import aligned_faces
from f2p_deploy.runtimes import TorchRuntime, option_choice
from f2p_deploy.training.data.photo_choice import select_photos

#: The number of steps of the longer search / that of the bundle's settings.
LONGER = 10


class Photo:
    """One photo: its description, its start, and the searches from there.

    Args:
        bundle: with a shortcut.
        face: (1, 3, S, S) aligned.
        settings: of the searches.
    """

    def __init__(self, bundle: Bundle, face: torch.Tensor, settings: IterativeSettings) -> None:
        self.bundle, self.face, self.settings = bundle, face, settings
        self.update = Update(bundle, settings)
        with torch.no_grad():
            self.identity, self.content = bundle.similarity.describe(face)

    def options(self, runtime: TorchRuntime) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Return the parameters with the options that pictures and the shortcut choose, and the seconds of both."""
        schema, settings = self.bundle.schema, self.settings
        start = reference_start(self.bundle, self.face, "hybrid", settings)
        first = harden(smooth(start[0].numpy(), schema, settings.beta), schema, self.bundle.settings.default_lead)
        began = time.perf_counter()
        exact = reference_options(self.bundle, self.face, first, None)
        between = time.perf_counter()
        described = {"identity": self.identity.numpy(), "content": self.content.numpy()}
        fast = option_choice.choose_options_fast(runtime, described, first)
        return exact, fast, between - began, time.perf_counter() - between

    def search(
        self, loss: torch.nn.Module, start: torch.Tensor, settings: IterativeSettings
    ) -> tuple[list[torch.Tensor], list[torch.Tensor], float]:
        """Return the look-ahead states, the gradients there, the final state last, and the seconds."""
        reached = before = start
        states, gradients = [], []
        began = time.perf_counter()
        for rate in settings.learning_rates():
            ahead = lookahead(reached, before, settings.momentum, self.bundle.schema.n_c).requires_grad_(True)
            (gradient,) = torch.autograd.grad(loss(ahead, self.identity, self.content).sum(), ahead)
            states.append(ahead.detach())
            gradients.append(gradient)
            with torch.no_grad():
                before, reached = reached, self.update(ahead.detach(), gradient, rate, self.content)
        return [*states, reached], gradients, time.perf_counter() - began

    def parts(self, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the controllers' part of an update, in the priors' subspace, and the discrete groups' part."""
        moved = gradient if self.update.prior is None else self.update.prior.descent(gradient)
        n_c = self.bundle.schema.n_c
        return moved[:, :n_c], moved[:, n_c:]


def measure(
    bundle: Bundle, face: torch.Tensor, settings: IterativeSettings, runtime: TorchRuntime
) -> dict[str, object]:
    """Measure one photo."""
    photo = Photo(bundle, face, settings)
    exact, fast = search_loss(bundle, settings.beta), search_loss(bundle, settings.beta, fast=True)

    def true(state: torch.Tensor) -> float:
        with torch.no_grad():
            return float(exact(state, photo.identity, photo.content))

    by_pictures, by_shortcut, pictures_seconds, options_seconds = photo.options(runtime)
    start = state_from(torch.from_numpy(by_pictures)[None], bundle.schema.n_c, settings.beta)
    states, gradients, exact_seconds = photo.search(exact, start, settings)
    own_states, _, fast_seconds = photo.search(fast, start, settings)
    longer = replace(settings, iterations=LONGER * settings.iterations, decay_every=LONGER * settings.decay_every)
    long_states, _, long_seconds = photo.search(fast, start, longer)
    cosines: list[list[float]] = [[], []]
    for state, gradient in zip(states, gradients, strict=False):
        leaf = state.clone().requires_grad_(True)
        (own,) = torch.autograd.grad(fast(leaf, photo.identity, photo.content).sum(), leaf)
        for kind, a, b in zip(cosines, photo.parts(own), photo.parts(gradient), strict=True):
            kind.append(float(F.cosine_similarity(a, b)))
    groups = bundle.schema.discrete_slices.values()
    return {
        "start": true(start),
        "exact": true(states[-1]),
        "fast": true(own_states[-1]),
        "fast_longer": true(long_states[-1]),
        "exact_seconds": exact_seconds,
        "fast_seconds": fast_seconds,
        "fast_longer_seconds": long_seconds,
        "controllers": cosines[0],
        "groups": cosines[1],
        "same_options": float(np.mean([np.array_equal(by_pictures[p], by_shortcut[p]) for p in groups])),
        "options_by_pictures_seconds": pictures_seconds,
        "options_by_shortcut_seconds": options_seconds,
    }


def summary(rows: list[dict[str, object]]) -> dict[str, float]:
    """Return the figures over all photos."""
    column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    ratio, longer = column["fast"] / column["exact"], column["fast_longer"] / column["exact"]
    numbers = {
        "true_loss_start": column["start"].mean(),
        "true_loss_exact": column["exact"].mean(),
        "true_loss_fast_vs_exact": ratio.mean(),
        "true_loss_fast_vs_exact_worst": ratio.max(),
        "true_loss_longer_vs_exact": longer.mean(),
        "speed_vs_exact": np.median(column["exact_seconds"] / column["fast_seconds"]),
        "longer_speed_vs_exact": np.median(column["exact_seconds"] / column["fast_longer_seconds"]),
        "same_options": column["same_options"].mean(),
        "options_speed": np.median(column["options_by_pictures_seconds"] / column["options_by_shortcut_seconds"]),
    }
    for name in ("controllers", "groups"):
        numbers[f"cosine_{name}"] = np.median(column[name])
        numbers[f"cosine_{name}_p5"] = np.quantile(column[name], 0.05)
    return {name: float(value) for name, value in numbers.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--only", default="held-out", choices=("all", "held-out", "training"))
    parser.add_argument("--count", type=int, default=32, help="number of photos (32)")
    parser.add_argument("--landmarker", type=Path)
    parser.add_argument("--mode", default="hybrid", choices=("iterative", "hybrid"), help="whose settings (hybrid)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    bundle = load_bundle(given.bundle)
    settings = getattr(bundle.settings, given.mode)
    chosen = select_photos(given.photos, given.only, given.count)
    faces = aligned_faces(chosen, bundle, choose_finder_for(given.landmarker, None, False))
    runtime = TorchRuntime(bundle, threads=given.threads)
    images = torch.from_numpy(faces.images)
    rows = [measure(bundle, images[i : i + 1], settings, runtime) for i in range(len(images))]
    figures = summary(rows)
    for name, value in figures.items():
        print(f"{name:32} {value:.4f}")
    facts = {
        "date": date.today().isoformat(),
        "command": " ".join(["python", *sys.argv]),
        "device": f"{platform.processor() or platform.machine()}, {given.threads} threads, torch {torch.__version__}",
        "bundle": bundle.fingerprint,
        "faces": len(images),
        "figures": figures,
        "photos": rows,
    }
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
