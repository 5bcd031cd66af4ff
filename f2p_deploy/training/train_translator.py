"""Stage II: training of the translator, whose characters should resemble the photos (section 3.4.1, eq. 8)."""

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.alignment.judgement import FRONTAL_YAW
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.similarity import content_loss, identity_loss, loopback_loss, reduce_to
from f2p_deploy.training.data.augment import Variation, affine_grids, sample_at, vary_light
from f2p_deploy.training.data.face_shapes import ShapeModel, shape_distance
from f2p_deploy.training.data.pair_tensors import PairTensors, tile, to_uint8
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.stage import Numbers, Prepared, Stage, first_network
from f2p_deploy.training.train_recognition import JITTER

#: Every n-th update uses photos of any pose and leaves out the content loss (section 3.4.1).
ANY_POSE_EVERY = 4

#: Photos and renders per update for the optional losses, in batches; eq. 4 is computed on one batch.
SEEN_PHOTOS = 3
SEEN_RENDERS = 4


class TranslatorStage(Stage):
    """The training of the translator with the losses of eq. 4; imitator, recognition and segmentation are frozen.

    Args:
        bundle: gives the three frozen networks.
        photos: aligned portraits.
        pairs: renders with known parameters, for the supervised loss and its evaluation; may be None.
        supervised_weight: weight of the L1 distance to known parameters of renders, a term that the paper does not
            have; 0 for none.
        shapes: (N, K, 2) contour points of `pairs`, see `f2p_deploy.training.data.face_shapes`; may be None.
        shape_weight: weight of the distance, in edges of the picture, between a frontal photo's contour points and the
            character's by `ShapeModel`, a term that the paper does not have; 0 for none.
        held_out: number of last pairs held out for evaluation.
        augmented: vary light and alignment of the faces whose embeddings the translator gets; eq. 4 does not.
    """

    name = "translator"

    def __init__(
        self,
        bundle: Bundle,
        photos: Portraits,
        pairs: PairTensors | None = None,
        supervised_weight: float = 0.0,
        shapes: np.ndarray | None = None,
        shape_weight: float = 0.0,
        held_out: int = 200,
        augmented: bool = True,
    ) -> None:
        self.photos, self.pairs, self.schema = photos, pairs, bundle.schema
        self.settings = bundle.settings.similarity
        self.supervised_weight = supervised_weight if pairs is not None else 0.0
        self.augmented = augmented
        self.imitator, self.similarity = bundle.imitator, bundle.similarity
        self.network = first_network(bundle, "translator")
        self.modules = {"translator": self.network}
        self.samples = len(photos.training)
        self.known = 0 if pairs is None else len(pairs) - held_out
        self.shape_weight, self.shape_model = shape_weight, None
        if pairs is not None and shapes is not None and shape_weight and np.isfinite(shapes[: self.known]).any():
            self.shape_model = ShapeModel(pairs.pairs.parameters[: self.known], shapes[: self.known])

    @property
    def frozen(self) -> dict[str, torch.nn.Module]:
        """The networks that the losses pass through."""
        return {"imitator": self.imitator, "similarity": self.similarity}

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return photos, augmented photos and renders, and what the optional losses compare them with."""
        any_pose = step % ANY_POSE_EVERY == ANY_POSE_EVERY - 1
        pool = self.photos.training if any_pose else self.photos.frontal
        supervised = self.pairs is not None and self.supervised_weight > 0
        shaped = self.shape_model is not None and not any_pose
        positions = pool[rng.integers(0, len(pool), len(batch) * (SEEN_PHOTOS if shaped else 1))]
        faces = self.photos.images(positions)
        prepared: Prepared = {"photos": faces[: len(batch)], "varied": self._varied(faces, rng), "any_pose": any_pose}
        if self.pairs is not None and supervised:
            renders = rng.integers(0, self.known, SEEN_RENDERS * len(batch))
            prepared["varied_renders"] = self._varied(self.pairs.images(renders), rng)
            prepared["parameters"] = self.pairs.parameters(renders)
        if shaped:
            prepared["shapes"] = torch.from_numpy(self.photos.shapes[positions])
        return prepared

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return the loss of eq. 4, plus the supervised and the shape loss if their weights are not 0."""
        photos, varied, any_pose = prepared["photos"], prepared["varied"], prepared["any_pose"]
        with torch.no_grad():
            embeddings = self.similarity.identity(varied)
            if "varied_renders" in prepared:
                embeddings = torch.cat([embeddings, self.similarity.identity(prepared["varied_renders"])])
            identity, content = self.similarity.describe(photos)
        # Photos and renders pass in one batch, so that batch norm treats them alike.
        translated = self.network(embeddings)
        parameters = translated[: len(photos)]
        rendered = self.imitator(parameters)
        own_identity = self.similarity.identity(rendered)
        parts = {"identity": self.settings.identity_weight * identity_loss(identity, own_identity).mean()}
        if not any_pose:
            own_content = self.similarity.content(rendered)
            distance = content_loss(content, own_content, self.settings.reduction)
            parts["content"] = self.settings.content_weight * distance.mean()
        again = self._as_used(own_identity)
        parts["loopback"] = (
            self.settings.loopback_weight * loopback_loss(parameters, again, self.settings.reduction).mean()
        )
        if self.shape_model is not None and "shapes" in prepared:
            distance = shape_distance(self.shape_model(translated[: len(varied)]), prepared["shapes"])
            parts["shape"] = self.shape_weight * distance[distance.isfinite()].mean()
        if "parameters" in prepared:
            known = self._distance(translated[len(varied) :], prepared["parameters"])
            parts["supervised"] = self.supervised_weight * known
        return torch.stack(list(parts.values())).sum(), {name: part.detach() for name, part in parts.items()}

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return losses on held-out photos and, if pairs are given, parameter errors on held-out renders."""
        identity, content = [], []
        measured = self.photos.measured
        for part in np.array_split(measured, max(1, len(measured) // 10)):
            photo_identity, photo_content = self.similarity.describe(self.photos.images(part).to(self.device))
            own_identity, own_content = self.similarity.describe(self.imitator(self.network(photo_identity)))
            identity += identity_loss(photo_identity, own_identity).tolist()
            content += content_loss(photo_content, own_content, self.settings.reduction).tolist()
        metrics = {"identity_photos": float(np.mean(identity)), "content_photos": float(np.mean(content))}
        if self.shape_model is not None:
            held = measured[np.abs(self.photos.yaw[measured]) <= FRONTAL_YAW]
            parameters = self._translated(self.photos.images(held))
            distance = shape_distance(self.shape_model(parameters).cpu(), torch.from_numpy(self.photos.shapes[held]))
            metrics["shape_photos"] = float(distance[distance.isfinite()].mean())
        if self.pairs is not None:
            held = np.arange(self.known, len(self.pairs))
            parameters = self._translated(self.pairs.images(held)).cpu()
            truth = self.pairs.parameters(held)
            n_c = self.schema.n_c
            metrics["controllers_renders"] = float((parameters[:, :n_c] - truth[:, :n_c]).abs().mean())
            for name, options in self.schema.discrete_slices.items():
                right = parameters[:, options].argmax(1) == truth[:, options].argmax(1)
                metrics[f"{name}_renders"] = float(right.float().mean())
        return metrics

    def sheet(self) -> np.ndarray:
        """Return eight held-out photos above their characters."""
        faces = self.photos.images(self.photos.held_out[:8])
        return tile([to_uint8(faces), to_uint8(self.imitator(self._translated(faces)).cpu())])

    def _translated(self, faces: torch.Tensor) -> torch.Tensor:
        """Return the (B, n) characters of faces."""
        parameters: torch.Tensor = self.network(self.similarity.identity(faces.to(self.device)))
        return parameters

    def _varied(self, faces: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        """Return faces with augmented light and alignment, in the size that recognition takes; unchanged without."""
        if not self.augmented:
            return faces
        # A network that takes the whole face gets it reduced first: augmenting small pictures is faster.
        size = self.similarity.recogniser.size if self.similarity.crop is None else faces.shape[-1]
        moved = sample_at(reduce_to(faces, size), affine_grids(len(faces), size, JITTER, rng))
        return vary_light(moved, Variation(), rng)

    def _as_used(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Return T's parameters in evaluation mode: the batch statistics of rendered faces alone would differ."""
        self.network.eval()
        parameters = self.network(embeddings)
        self.network.train()
        return parameters

    def _distance(self, parameters: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Return the mean L1 distance of controllers plus 0.05 x the cross-entropy of each discrete group."""
        distance = (parameters[:, : self.schema.n_c] - truth[:, : self.schema.n_c]).abs().mean()
        for part in self.schema.discrete_slices.values():
            distance = distance + 0.05 * F.nll_loss(parameters[:, part].clamp_min(1e-6).log(), truth[:, part].argmax(1))
        return distance
