"""Refinement of the translator after stage II: better contour points with sliders near their defaults.

With the three losses of eq. 4 many sliders end at a limit of their range, where they hardly change the picture. Here
embeddings are computed once, the linear `ShapeModel` replaces the imitator, and the translator is trained further with

* the distance between the contour points of frontal photos or renders and those of their characters, with equal weights
  for the parts of the face;
* the squared distance of sliders from their defaults, since the plainest of all faces with the same shape is wanted;
* the cross-entropy of options that a colour identifies, see `f2p_deploy.training.data.option_colours`;
* the change of all other options.

The paper has no such stage.
"""

import copy

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.character.parameters import average, harden
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.face_cache import choose_rows
from f2p_deploy.training.data.face_shapes import PointWeights
from f2p_deploy.training.data.option_colours import OptionColours, region_colours
from f2p_deploy.training.data.pair_tensors import PairTensors
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.stage import Numbers, Prepared
from f2p_deploy.training.train_translator import TranslatorStage

#: Weight of the sliders' mean squared distance from their defaults, in quarters of their range. On held-out portraits
#: landmark errors are the same with 0.0045 and 0.01. They are larger with 0.0003: sliders then leave the range in which
#: `ShapeModel` is accurate.
PLAINNESS_WEIGHT = 0.003

#: Weight of renders' contour points relative to photos'.
RENDERS_WEIGHT = 0.5

#: Weights of the cross-entropy of options that a colour identifies, and of the change of all other probabilities.
OPTIONS_WEIGHT = 0.02
UNCHANGED_WEIGHT = 1.0

#: Number of augmented embeddings per photo, and number of embedded renders.
VARIED = 4
EMBEDDED_RENDERS = 1500

#: Number of pictures embedded or measured at once.
_TOGETHER = 32


class RefinementStage(TranslatorStage):
    """The further training of the bundle's translator on embeddings.

    Args:
        bundle: gives all four networks.
        photos: aligned portraits with contour points.
        pairs: rendered pairs.
        shapes: (N, K, 2) contour points of `pairs`.
        held_out: number of last pairs held out for evaluation.
        seed: of the augmentation.

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
        self.model, self.renders = self.shape_model, pairs
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
            plain = self._embed_all(photos, frontal)
            varied = [self._embed_all(photos, frontal, rng) for _ in range(VARIED)]
            self.seen = torch.stack([plain, *varied])  # (1 + VARIED, N, 256)
            self.rendered = self._embed_all(pairs, renders)
            self.before_seen = torch.stack([before(seen) for seen in self.seen])
            self.before_rendered = before(self.rendered)
        self.options = self._options(frontal, renders)

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return embeddings of photos and renders, and what their characters are compared with."""
        variant = rng.integers(0, len(self.seen), len(batch))
        renders = rng.integers(0, len(self.rendered), max(2, len(batch) // 2))
        return {
            "people": self.seen[variant, batch],
            "characters": self.rendered[renders],
            "points": torch.cat([self.points[batch], self.rendered_points[renders]]),
            "options": self.rendered_options[renders],
            "people_before": self.before_seen[variant, batch],
            "characters_before": self.before_rendered[renders],
            "known": {name: torch.from_numpy(options[batch]) for name, options in self.options.items()},
        }

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return the weighted sum of the losses that the module's docstring describes."""
        count, n_c = len(prepared["people"]), self.schema.n_c
        parameters = self.network(torch.cat([prepared["people"], prepared["characters"]]))
        people, characters = parameters[:count], parameters[count:]
        options = torch.cat([self._chosen(people.detach()), prepared["options"]])
        apart = self.distance(self.model(torch.cat([parameters[:, :n_c], options], dim=1)), prepared["points"])
        away = (parameters[:, :n_c] - self.defaults.to(parameters.device)) / 0.25
        unchanged = (characters[:, n_c:] - prepared["characters_before"][:, n_c:]).abs().mean()
        crossed = torch.zeros((), device=parameters.device)
        for name, part in self.schema.discrete_slices.items():
            if name in prepared["known"]:
                crossed = crossed + F.nll_loss(people[:, part].clamp_min(1e-6).log(), prepared["known"][name])
            else:
                unchanged = unchanged + (people[:, part] - prepared["people_before"][:, part]).abs().mean()
        parts = {
            "shape": apart[:count].mean() + RENDERS_WEIGHT * apart[count:].mean(),
            "plainness": PLAINNESS_WEIGHT * away.square().mean(),
            "options": OPTIONS_WEIGHT * crossed,
            "unchanged": UNCHANGED_WEIGHT * unchanged,
        }
        return torch.stack(list(parts.values())).sum(), {name: part.detach() for name, part in parts.items()}

    def _chosen(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return (B, n_d) one-hot options as one-shot generation chooses them."""
        chosen = harden(parameters.cpu().numpy(), self.schema, self.lead)[:, self.schema.n_c :]
        return torch.from_numpy(chosen).to(parameters.device)

    def _options(self, photos: np.ndarray, renders: np.ndarray) -> dict[str, np.ndarray]:
        """Return (N,) options of the photos by group, for groups that a colour identifies; empty without label maps."""
        if not self.renders.has_labels:
            return {}
        parts = np.array_split(renders, max(1, len(renders) // _TOGETHER))
        colours = np.concatenate([region_colours(*self.renders.labelled(part)) for part in parts])
        options = OptionColours(self.schema, self.renders.pairs.parameters[renders], colours)
        pictures, regions = (choose_rows(rows, photos) for rows in (self.photos.pictures, self.photos.regions))
        return options(region_colours(pictures, regions))

    def _embed_all(
        self, source: PairTensors | Portraits, positions: np.ndarray, rng: np.random.Generator | None = None
    ) -> torch.Tensor:
        """Return (N, d) embeddings of pictures, augmented if a generator is given."""
        parts = []
        for part in np.array_split(positions, max(1, len(positions) // _TOGETHER)):
            faces = source.images(part)
            parts.append(self.similarity.identity(faces if rng is None else self._varied(faces, rng)))
        return torch.cat(parts)
