"""Split the landmark distance into the parts due to turned heads, the embedding, the sliders and the translator.

    python bench/shape_limits.py portraits portraits_small --front pairs/front -o bench/results/shape_limits.json

Everything is computed from contour points, with the linear `ShapeModel` instead of engine and landmarker. Figures are
lower than those of `f2p-deploy evaluate landmarks`, in the same unit. Held-out photos are measured; everything is
fitted on the others, except the sliders, which are fitted to each photo itself.
"""

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.alignment import choose_finder
from f2p_deploy.character.parameters import average, harden
from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.evaluation.landmarks.landmark_groups import GROUPS
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.training.data.face_shapes import PointWeights, ShapeModel, shapes_of_pairs
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS, OUTER_CORNERS
from f2p_deploy.training.data.portraits import Portraits, load_portraits

#: Weights of the sliders' mean square distance from their defaults, in quarters of their range, in the direct fits.
PLAINNESS = (0.0, 0.003, 0.01)

#: Ridge of the regression from embeddings to contour points, in samples.
RIDGE = 100.0


def figures(made: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return median distances in outer-eye distances, by part and together, of contour points (N, K, 2)."""
    left, right = (truth[:, CONTOUR_POINTS.index(corner)] for corner in OUTER_CORNERS)
    apart = np.linalg.norm(made - truth, axis=2) / np.linalg.norm(right - left, axis=1)[:, None]
    order = {point: i for i, point in enumerate(CONTOUR_POINTS)}
    parts = {name: apart[:, [order[point] for point in points]].mean(axis=1) for name, points in GROUPS.items()}
    parts["together"] = np.mean(list(parts.values()), axis=0)
    return {name: round(float(np.median(values)), 5) for name, values in parts.items()}


def symmetric(shapes: np.ndarray) -> np.ndarray:
    """Return the nearest shapes (N, K, 2) that are symmetric about a vertical line."""
    mean = shapes.mean(axis=0)
    mirrored = mean * [-1, 1] + [2 * mean[:, 0].mean(), 0]
    partner = np.linalg.norm(mean[:, None] - mirrored[None], axis=2).argmin(axis=1)
    other = shapes[:, partner] * [-1, 1]
    other[..., 0] += 2 * shapes[..., 0].mean(axis=1)[:, None]
    return (shapes + other) / 2


def from_embeddings(known: np.ndarray, shapes: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return shapes (M, K, 2) of embeddings (M, 256) by ridge regression over (N, 256) with known shapes (N, K, 2)."""
    middle, spread, mean = known.mean(axis=0), known.std(axis=0), shapes.mean(axis=0)
    x, y = (known - middle) / spread, (shapes - mean).reshape(len(shapes), -1)
    slopes = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
    return (((asked - middle) / spread) @ slopes).reshape(-1, *mean.shape) + mean


def fit_sliders(
    bundle: Bundle, model: ShapeModel, shapes: np.ndarray, plainness: float, steps: int = 600
) -> np.ndarray:
    """Return the shapes (N, K, 2) nearest to the given ones within the sliders' range, with default options."""
    start = torch.from_numpy(average(bundle.schema).values.copy())
    n_c, wanted = bundle.schema.n_c, torch.from_numpy(shapes.astype(np.float32))
    defaults, options = start[:n_c], start[n_c:].repeat(len(shapes), 1)
    sliders = torch.nn.Parameter(defaults.repeat(len(shapes), 1))
    distance, optimiser = PointWeights(), torch.optim.Adam([sliders], 0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        away = ((sliders - defaults) / 0.25).square().mean(dim=1)
        loss = (distance(model(torch.cat([sliders, options], dim=1)), wanted) + plainness * away).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            sliders.clamp_(0.0, 1.0)
    with torch.no_grad():
        return model(torch.cat([sliders, options], dim=1)).numpy()


def embed(bundle: Bundle, photos: Portraits, positions: np.ndarray) -> torch.Tensor:
    """Return (N, 256) embeddings."""
    with torch.inference_mode():
        parts = np.array_split(positions, max(1, len(positions) // 32))
        return torch.cat([bundle.similarity.identity(photos.images(part)) for part in parts])


def measure(bundle: Bundle, photos: Portraits, model: ShapeModel) -> dict[str, dict[str, float]]:
    """Return the medians of each compared shape, by name."""
    known = np.isfinite(photos.shapes).all(axis=(1, 2))
    held, frontal = (part[known[part]] for part in (photos.held_out, photos.frontal))
    truth, learned = (photos.shapes[part].astype(np.float64) for part in (held, frontal))
    seen, before = embed(bundle, photos, held), embed(bundle, photos, frontal)
    with torch.inference_mode():
        made = harden(bundle.translator(seen).numpy(), bundle.schema, bundle.settings.default_lead)
    drawn: Callable[[np.ndarray], np.ndarray] = lambda values: model(torch.from_numpy(values)).numpy()  # noqa: E731
    usual = np.broadcast_to(drawn(average(bundle.schema).values[None].copy()), truth.shape)
    found = {
        "average face": figures(usual, truth),
        "mean of real faces": figures(np.broadcast_to(learned.mean(axis=0), truth.shape), truth),
        "one-shot": figures(drawn(made), truth),
        "points told by the embedding": figures(from_embeddings(before.numpy(), learned, seen.numpy()), truth),
        "nearest symmetric shape": figures(symmetric(truth), truth),
    }
    yaw = np.abs(photos.yaw[held])
    for low, high in ((0, 5), (5, 10), (10, 90)):
        turned = (yaw >= low) & (yaw < high)
        found[f"nearest symmetric shape, {low} to {high} degrees"] = {
            "photos": int(turned.sum()),
            **figures(symmetric(truth)[turned], truth[turned]),
        }
    for plainness in PLAINNESS:
        found[f"sliders fitted to the photo, plainness {plainness:g}"] = figures(
            fit_sliders(bundle, model, truth, plainness), truth
        )
    sliders = made[:, : bundle.schema.n_c]
    found["one-shot's sliders"] = {
        "mean distance from the middle": round(float(np.abs(sliders - 0.5).mean()), 3),
        "share at an end": round(float(((sliders < 0.02) | (sliders > 0.98)).mean()), 3),
    }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="+", type=Path, help="folders of photos")
    parser.add_argument("--front", type=Path, required=True, help="rendered pairs of the front view")
    parser.add_argument("--bundle", type=Path, help="the demo bundle if not given")
    parser.add_argument("--landmarker", type=Path, help="MediaPipe's model file")
    parser.add_argument("--cache", type=Path, default=Path("build/shape_limits"), help="aligned photos and points")
    parser.add_argument("-o", "--out", type=Path, help="JSON")
    asked = parser.parse_args()
    bundle, finder = load_bundle(asked.bundle), choose_finder(asked.landmarker)
    size, pairs = bundle.settings.architecture.image_size, PairSet(asked.front)
    photos = load_portraits(asked.portraits, finder, bundle.settings.alignment, size, asked.cache / "faces")
    shapes = shapes_of_pairs(pairs, finder, asked.cache / "shapes-front.npz")
    found = measure(bundle, photos, ShapeModel(np.array(pairs.parameters, np.float32), shapes))
    for name, values in found.items():
        print(f"{name:55}", "  ".join(f"{key} {value:.4g}" for key, value in values.items()))
    if asked.out is not None:
        facts = {"date": date.today().isoformat(), "bundle": bundle.fingerprint, "pairs": len(pairs), "medians": found}
        asked.out.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
