"""After stage II: the translator's sliders are brought nearer to people's contour points, and no farther than needed.

The three losses of eq. 4 leave many sliders at an end of their range, where what pushes them hardly changes a picture.
Here embeddings are computed once, the linear `ShapeModel` stands for the imitator, and the translator goes on with

* the distance between contour points, of frontal photos or renders, and their characters', each part of the face
  counting the same;
* the square of how far sliders lie from their defaults: of all faces with the same shape the plainest is wanted;
* options that a colour tells, see `f2p_deploy.training.data.option_colours`;
* all other options as they were.

The paper has no such stage.
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.character.parameters import average, harden
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.face_shapes import PointWeights
from f2p_deploy.training.data.option_colours import OptionColours, region_colours
from f2p_deploy.training.data.pair_tensors import PairTensors
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.train_translator import TranslatorStage

#: Weight of the sliders' mean square distance from their defaults, in quarters of their range. On portraits kept out,
#: landmarks are as near with 0.0045 or 0.01, and farther with 0.0003, where sliders leave what `ShapeModel` is true of.
PLAINNESS_WEIGHT = 0.003

#: Weight of renders' contour points beside photos'.
RENDERS_WEIGHT = 0.5

#: Weights of options that a colour tells, and of all other probabilities' distance from what they were.
OPTIONS_WEIGHT = 0.02
UNCHANGED_WEIGHT = 1.0

#: How often each photo is embedded in other light and a little out of place, and how many renders are embedded.
VARIED = 4
EMBEDDED_RENDERS = 1500

#: Pictures embedded, and measured, at once.
_TOGETHER = 32


class RefinementStage(TranslatorStage):
    """The bundle's translator, trained further on embeddings.

    Args:
        bundle: has all four networks.
        photos: aligned portraits with contour points.
        pairs: rendered pairs.
        shapes: (N, K, 2) contour points of `pairs`.
        held_out: how many of the last pairs are kept for evaluation.
        seed: of the variations that are embedded.

    Raises:
        InputError: no render, or no frontal photo, has contour points.
    """

    name = "refinement"

    def __init__(
        self, bundle: Bundle, photos: Portraits, pairs: PairTensors, shapes: np.ndarray, held_out: int, seed: int = 0
    ) -> None:
        super().__init__(bundle, photos, pairs, 0.0, shapes, 1.0, held_out)
        frontal = photos.frontal[np.isfinite(photos.shapes[photos.frontal]).all(axis=(1, 2))]
        if self.shape_model is None or not len(frontal):
            raise InputError("refinement learns from contour points: it needs MediaPipe's landmarker")
        self.model, self.drawn = self.shape_model, pairs
        self.lead = bundle.settings.default_lead
        before = copy.deepcopy(bundle.translator).eval()
        self.network = copy.deepcopy(bundle.translator).requires_grad_(True)
        self.modules = {"translator": self.network}
        self.samples = len(frontal)
        self.defaults = torch.from_numpy(average(self.schema).values[: self.schema.n_c].copy())
        self.points = torch.from_numpy(photos.shapes[frontal])
        renders = np.flatnonzero(np.isfinite(shapes[: self.known]).all(axis=(1, 2)))[:EMBEDDED_RENDERS]
        self.rendered_points = torch.from_numpy(np.asarray(shapes[renders], np.float32))
        self.rendered_options = pairs.parameters(renders)[:, self.schema.n_c :]
        self.distance = PointWeights()
        rng = np.random.default_rng((seed, 11))
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            plain = self._in_parts(frontal, lambda part: self.similarity.identity(photos.images(part)))
            varied = [
                self._in_parts(frontal, lambda part: self._embed_varied(photos.images(part), rng))
                for _ in range(VARIED)
            ]
            self.seen = torch.stack([plain, *varied])  # (1 + VARIED, N, 256)
            self.rendered = self._in_parts(renders, lambda part: self.similarity.identity(pairs.images(part)))
            self.before_seen = torch.stack([before(seen) for seen in self.seen])
            self.before_rendered = before(self.rendered)
        self.options = self._options(frontal, renders)

    def loss(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the weighted sum of the losses in this module's head."""
        variant = rng.integers(0, len(self.seen), len(batch))
        renders = rng.integers(0, len(self.rendered), max(2, len(batch) // 2))
        made = self.network(torch.cat([self.seen[variant, batch], self.rendered[renders]]))
        people, drawn = made[: len(batch)], made[len(batch) :]
        n_c = self.schema.n_c
        options = torch.cat([self._chosen(people.detach()), self.rendered_options[renders]])
        shown = self.model(torch.cat([made[:, :n_c], options], dim=1))
        apart = self.distance(shown, torch.cat([self.points[batch], self.rendered_points[renders]]))
        away = (made[:, :n_c] - self.defaults) / 0.25
        unchanged = (drawn[:, n_c:] - self.before_rendered[renders, n_c:]).abs().mean()
        crossed = torch.zeros(())
        for name, part in self.schema.discrete_slices.items():
            if name in self.options:
                right = torch.from_numpy(self.options[name][batch])
                crossed = crossed + F.nll_loss(people[:, part].clamp_min(1e-6).log(), right)
            else:
                before = self.before_seen[variant, batch, part]
                unchanged = unchanged + (people[:, part] - before).abs().mean()
        parts = {
            "shape": apart[: len(batch)].mean() + RENDERS_WEIGHT * apart[len(batch) :].mean(),
            "plainness": PLAINNESS_WEIGHT * away.square().mean(),
            "options": OPTIONS_WEIGHT * crossed,
            "unchanged": UNCHANGED_WEIGHT * unchanged,
        }
        return torch.stack(list(parts.values())).sum(), {name: float(part.detach()) for name, part in parts.items()}

    def _chosen(self, made: torch.Tensor) -> torch.Tensor:
        """Return (B, n_d) options as one-shot generation chooses them, since that is what will be drawn."""
        return torch.from_numpy(harden(made.numpy(), self.schema, self.lead))[:, self.schema.n_c :]

    def _options(self, photos: np.ndarray, renders: np.ndarray) -> dict[str, np.ndarray]:
        """Return, by group that a colour tells, (N,) options of the photos; none without label maps of the renders."""
        if not self.drawn.has_labels:
            return {}
        parts = np.array_split(renders, max(1, len(renders) // _TOGETHER))
        colours = np.concatenate([region_colours(*self.drawn.labelled(part)) for part in parts])
        told = OptionColours(self.schema, self.drawn.pairs.parameters[renders], colours)
        return told(region_colours(self.photos.pictures[photos], self.photos.regions[photos]))

    @staticmethod
    def _in_parts(positions: np.ndarray, embed: Callable[[np.ndarray], torch.Tensor]) -> torch.Tensor:
        return torch.cat([embed(part) for part in np.array_split(positions, max(1, len(positions) // _TOGETHER))])
