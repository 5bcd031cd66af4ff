"""Stage I: training of the recognition network, which learns to distinguish characters and people.

The paper uses the published weights of LightCNN-29v2, trained on millions of photos; `f2p-deploy bundle import` reads
them. This stage is an alternative without those weights. It trains the embedding for four tasks:

* identity: a cosine classifier with a margin (Wang et al. 2018, "CosFace") over the engine's characters (several scenes
  each) and portraits (one photo each, augmented). Photos are classified among photos only and renders among renders:
  otherwise the two kinds would get opposite embeddings, but eq. 5 compares one with the other;
* the shape of the face: a linear head predicts the contour points of `f2p_deploy.training.data.face_shapes` for front
  renders and for portraits, which aligns the two kinds of picture;
* parameters: linear heads predict controllers and discrete groups of renders;
* domain invariance: the distance between the mean embeddings of photos and of renders is penalised.

LightCNN has no batch norm and trains slowly from scratch. During training a batch norm follows every convolution and
the embedding, whose coordinates therefore have mean 0 and variance 1. After training the embedding is rotated and
scaled so that its cosine (eq. 5) depends mainly on shape, see `onto_shape`; otherwise a gradient search would improve
it in directions in which faces do not differ. Batch norms and rotation are folded into the filters, so the stored
network is a plain LightCNN-29v2.
"""

import copy
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from f2p_deploy.alignment.judgement import FRONTAL_YAW
from f2p_deploy.model.bundle import Bundle, build_crop
from f2p_deploy.model.networks.light_cnn import EMBEDDING, LightCNN, MaxFeatureMap
from f2p_deploy.model.similarity import GREY, reduce_to
from f2p_deploy.training.data.augment import Variation, affine_grids, sample_at, vary_light
from f2p_deploy.training.data.face_shapes import ShapeTarget
from f2p_deploy.training.data.pair_tensors import PairTensors, tile, to_uint8
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.stage import Numbers, Prepared, Stage, first_network

#: Scale and margin of CosFace.
SCALE = 24.0
MARGIN = 0.2

#: Weight of each loss. Errors of points and controllers are in units of their variance. With a larger weight, the
#: cross-entropy over a thousand identities would dominate the other gradients at the start.
IDENTITIES_WEIGHT = 0.05
SHAPE_WEIGHT = 1.0
CONTROLLERS_WEIGHT = 0.5
GROUPS_WEIGHT = 0.02
DOMAIN_WEIGHT = 0.2

#: Number of coordinates of the stored embedding that encode shape, and their share of its mean squared length. The
#: translator infers hair, beard and skin from the others.
SHAPE_COORDINATES = 64
SHAPE_PART = 0.8

#: Geometric augmentation of front renders and photos: about the error that alignment leaves.
JITTER = Variation(rotation=4.0, scale=0.04, shift=0.015)


class RecognitionStage(Stage):
    """The training of the recognition network; the module's docstring describes its losses.

    Args:
        bundle: gives the sizes.
        pairs: rendered pairs with several pictures of each identity.
        portraits: aligned photos, each a separate identity; a share of every batch.
        front: rendered pairs of the front view, for shape and parameters; batch / 2 of them are added to every batch.
        shapes: (N, K, 2) contour points of `front`, see `f2p_deploy.training.data.face_shapes`; if not given or all
            NaN, shape is not trained.
        held_out: number of last identities held out for evaluation.
        portrait_share: share of portraits in a batch.
        front_held_out: number of last front pairs that no stage trains on.
    """

    name = "recognition"

    def __init__(
        self,
        bundle: Bundle,
        pairs: PairTensors,
        portraits: Portraits | None = None,
        front: PairTensors | None = None,
        shapes: np.ndarray | None = None,
        held_out: int = 100,
        portrait_share: float = 0.4,
        front_held_out: int = 0,
    ) -> None:
        self.pairs, self.portraits, self.front, self.schema = pairs, portraits, front, bundle.schema
        self.front_training = 0 if front is None else len(front) - front_held_out
        self.size = bundle.settings.architecture.recognition_size
        self.portrait_share = portrait_share if portraits is not None else 0.0
        names, self.identities = np.unique(pairs.pairs.identities[: len(pairs)], return_inverse=True)
        self.characters = len(names) - held_out
        self.training = np.flatnonzero(self.identities < self.characters)
        self.held_out = np.flatnonzero(self.identities >= self.characters)
        self.samples = len(self.training)
        people = len(portraits.training) if portraits is not None else 0
        self.network = with_batch_norms(first_network(bundle, "recognition"))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.modules = {
            "recognition": self.network,
            "classifier": nn.Linear(EMBEDDING, self.characters + people, bias=False),
            "parameters": nn.Linear(EMBEDDING, bundle.schema.n),
        }
        self.front_shapes = self.photo_shapes = None
        if front is not None and shapes is not None and np.isfinite(shapes).any():
            self.target = target = ShapeTarget(shapes[: self.front_training])
            self.front_shapes = target(shapes)
            if portraits is not None:
                self.photo_shapes = target(portraits.shapes)
                self.photo_shapes[np.abs(portraits.yaw) > FRONTAL_YAW] = np.nan
            self.modules["shape"] = nn.Linear(EMBEDDING, self.front_shapes.shape[1])
        self.grey = torch.tensor(GREY).view(1, 3, 1, 1)
        self.crop = build_crop(bundle.settings)

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return augmented photos, renders and front renders, one after another, and what is known about them."""
        from_photos = round(self.portrait_share * len(batch))
        chosen = self.training[batch[from_photos:] if from_photos else batch]
        images = self._seen(self.pairs.images(chosen))
        images = sample_at(images, affine_grids(len(images), self.size, Variation(), rng))
        identities, truth = self.identities[chosen], self.pairs.parameters(chosen)
        if self.portraits is not None and from_photos:
            people = rng.integers(0, len(self.portraits.training), from_photos)
            positions = self.portraits.training[people]
            photos = self._seen(self.portraits.images(positions))
            images = torch.cat([sample_at(photos, affine_grids(from_photos, self.size, JITTER, rng)), images])
            identities = np.concatenate([self.characters + people, identities])
        if self.front is not None:
            straight = rng.integers(0, self.front_training, max(1, len(batch) // 2))
            fronts = self._seen(self.front.images(straight))
            images = torch.cat([images, sample_at(fronts, affine_grids(len(fronts), self.size, JITTER, rng))])
            truth = torch.cat([truth, self.front.parameters(straight)])
        prepared: Prepared = {
            "photos": from_photos,
            "pictures": vary_light(images, Variation(), rng),
            "identities": torch.from_numpy(identities),
            "parameters": truth,
        }
        if self.front_shapes is not None and self.front is not None:
            shapes, shown = self.front_shapes[straight], np.arange(len(identities), len(images))
            if self.photo_shapes is not None and from_photos:
                shapes = np.concatenate([shapes, self.photo_shapes[positions]])
                shown = np.concatenate([shown, np.arange(from_photos)])
            known = np.flatnonzero(np.isfinite(shapes).all(axis=1))
            prepared |= {"shapes": torch.from_numpy(shapes[known]), "shown": torch.from_numpy(shown[known])}
        return prepared

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return the weighted sum of the losses that the module's docstring describes."""
        from_photos, identities = prepared["photos"], prepared["identities"]
        embeddings = self._embed(prepared["pictures"])
        crossed, accuracy = self._identities(embeddings[: len(identities)], identities)
        parts, numbers = {"identities": IDENTITIES_WEIGHT * crossed}, {"accuracy": accuracy}
        parts["controllers"], parts["groups"] = self._parameters(embeddings[from_photos:], prepared["parameters"])
        if "shapes" in prepared:
            error = self.modules["shape"](embeddings[prepared["shown"]]) - prepared["shapes"]
            # Of no shapes the mean is undefined, but the head's gradient is 0, in this process as in others.
            parts["shape"] = SHAPE_WEIGHT * error.square().sum() / max(1, error.numel())
        if from_photos:
            apart = embeddings[:from_photos].mean(dim=0) - embeddings[from_photos:].mean(dim=0)
            parts["domain"] = DOMAIN_WEIGHT * apart.square().mean()
        numbers |= {name: value.detach() for name, value in parts.items()}
        return torch.stack(list(parts.values())).sum(), numbers

    def _identities(self, embeddings: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the cross-entropy with margin over identities of the same kind (photo or render), and the accuracy."""
        cosine = F.normalize(embeddings) @ F.normalize(self.modules["classifier"].weight).T  # type: ignore[arg-type]
        classes = torch.arange(cosine.shape[1], device=target.device)
        other_kind = (target < self.characters)[:, None] != (classes < self.characters)
        cosine = cosine.masked_fill(other_kind, -1.0)
        scores = SCALE * (cosine - MARGIN * F.one_hot(target, cosine.shape[1]))
        return F.cross_entropy(scores, target), (cosine.argmax(1) == target).float().mean()

    def _parameters(self, embeddings: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weighted losses of controllers and of discrete groups."""
        predicted, n_c = self.modules["parameters"](embeddings), self.schema.n_c
        squared = 12.0 * (predicted[:, :n_c] - (truth[:, :n_c] - 0.5)).square().mean()  # a uniform variance is 1 / 12
        crossed = torch.zeros((), device=truth.device)
        for part in self.schema.discrete_slices.values():
            crossed = crossed + F.cross_entropy(predicted[:, part], truth[:, part].argmax(dim=1))
        return CONTROLLERS_WEIGHT * squared, GROUPS_WEIGHT * crossed

    def evaluate(self) -> dict[str, float]:
        """Return the verification accuracy and mean cosines on held-out characters, and explained shape variances."""
        embeddings = self._held_out_embeddings()
        cosine = (embeddings @ embeddings.T).numpy()
        identities = self.identities[self.held_out]
        first, second = np.triu_indices(len(identities), 1)
        same, values = identities[first] == identities[second], cosine[first, second]
        accuracy = verification_accuracy(values[same], values[~same])
        metrics = {
            "verification": accuracy,
            "cosine_same": float(values[same].mean()),
            "cosine_different": float(values[~same].mean()),
        }
        if self.front is not None and self.front_shapes is not None and self.front_training < len(self.front):
            last = np.arange(self.front_training, len(self.front))
            metrics["shape_renders"] = self._explained(self.front, self.front_shapes, last)
        if self.portraits is not None and self.photo_shapes is not None:
            metrics["shape_photos"] = self._explained(self.portraits, self.photo_shapes, self.portraits.measured)
        return metrics

    def sheet(self) -> np.ndarray:
        """Return eight held-out pictures, each above the most similar other held-out picture."""
        embeddings = self._held_out_embeddings()
        step = max(1, len(embeddings) // 8)
        cosine = embeddings[::step][:8] @ embeddings.T
        nearest = cosine.topk(2, dim=1).indices[:, 1].numpy()
        positions = self.held_out[::step][:8]
        return tile([to_uint8(self.pairs.images(positions)), to_uint8(self.pairs.images(self.held_out[nearest]))])

    def trained(self) -> nn.Module:
        """Return the network that the bundle stores: batch norms folded, the embedding rotated onto shape."""
        network = without_batch_norms(self.network)
        if self.front_shapes is not None:
            deviation = torch.from_numpy(self.target.deviation.reshape(-1).astype(np.float32)).to(self.device)
            head = cast("nn.Linear", self.modules["shape"])
            onto_shape(network.fc, head.weight * deviation[:, None], head.bias * deviation)  # type: ignore[arg-type]
        return network

    def _explained(self, source: PairTensors | Portraits, shapes: np.ndarray, positions: np.ndarray) -> float:
        """Return the share of the variance of contour points that the embedding explains on some pictures."""
        positions = positions[np.isfinite(shapes[positions]).all(axis=1)]
        parts = np.array_split(positions, max(1, len(positions) // 32))
        embeddings = torch.cat([self._embed(self._seen(source.images(part))) for part in parts])
        residual = (self.modules["shape"](embeddings).cpu() - torch.from_numpy(shapes[positions])).square().sum()
        return 1.0 - float(residual) / float(np.square(shapes[positions] - shapes[positions].mean(axis=0)).sum())

    def _seen(self, faces: torch.Tensor) -> torch.Tensor:
        """Return (B, 3, r, r) what the network takes of aligned faces: all, reduced, or the recogniser's crop."""
        return reduce_to(faces, self.size) if self.crop is None else self.crop(faces)

    def _embed(self, images: torch.Tensor, network: nn.Module | None = None) -> torch.Tensor:
        images = images.to(self.device)
        return (network or self.network)((images * self.grey.to(self.device)).sum(dim=1, keepdim=True))

    def _held_out_embeddings(self) -> torch.Tensor:
        parts, network = np.array_split(self.held_out, max(1, len(self.held_out) // 32)), self.trained()
        images = (self._seen(self.pairs.images(part)) for part in parts)
        return F.normalize(torch.cat([self._embed(part, network).cpu() for part in images]))


def with_batch_norms(network: nn.Module) -> nn.Module:
    """Insert a batch norm after every convolution and after the embedding of a LightCNN, in place."""
    for module in network.modules():
        if isinstance(module, MaxFeatureMap):
            module.filter = nn.Sequential(module.filter, nn.BatchNorm2d(module.filter.out_channels))  # type: ignore
        elif isinstance(module, LightCNN):
            norm = nn.BatchNorm1d(EMBEDDING).requires_grad_(False)  # not trained: mean 0 and variance 1
            module.fc = nn.Sequential(module.fc, norm)  # type: ignore
    return network


def without_batch_norms(network: nn.Module) -> nn.Module:
    """Return a copy with the batch norms folded into the filters; in evaluation mode its outputs are the same."""
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        if isinstance(module, MaxFeatureMap) and isinstance(module.filter, nn.Sequential):
            module.filter = fuse_conv_bn_eval(module.filter[0], module.filter[1])  # type: ignore
        elif isinstance(module, LightCNN) and isinstance(module.fc, nn.Sequential):
            module.fc = fuse_linear_bn_eval(module.fc[0], module.fc[1])  # type: ignore
    return folded


def onto_shape(fc: nn.Linear, slopes: torch.Tensor, offset: torch.Tensor) -> None:
    """Rotate and scale an embedding, in place, so that its first coordinates are the principal components of shape.

    With the singular value decomposition U S V of the slopes, the first coordinates are S V e, in which distances are
    distances of contour points. The other coordinates are an orthonormal complement, scaled down. The map is
    invertible, so no information is lost.

    Args:
        fc: last layer of the network; its embeddings e have mean 0 and variance 1.
        slopes, offset: (2 K, 256) and (2 K,), the linear map from e to contour points minus their mean.
    """
    with torch.no_grad():
        u, s, v = torch.linalg.svd(slopes, full_matrices=False)
        principal = s[:SHAPE_COORDINATES, None] * v[:SHAPE_COORDINATES]
        shift = u[:, :SHAPE_COORDINATES].T @ offset
        length = float(s[:SHAPE_COORDINATES].square().sum()) ** 0.5
        rest = torch.linalg.svd(v[:SHAPE_COORDINATES], full_matrices=True)[2][SHAPE_COORDINATES:]
        turned = torch.cat([principal * SHAPE_PART**0.5 / length, rest * ((1.0 - SHAPE_PART) / len(rest)) ** 0.5])
        moved = torch.cat([shift * SHAPE_PART**0.5 / length, torch.zeros(len(rest), device=rest.device)])
        fc.weight.copy_(turned @ fc.weight)
        fc.bias.copy_(turned @ fc.bias + moved)


def verification_accuracy(same: np.ndarray, different: np.ndarray) -> float:
    """Return the balanced accuracy of a threshold on similarities, chosen on even positions and applied to odd ones."""
    thresholds = np.linspace(-1, 1, 401)

    def accuracy(threshold: np.ndarray, which: int) -> np.ndarray:
        accepted = (same[which::2, None] >= threshold).mean(0)
        rejected = (different[which::2, None] < threshold).mean(0)
        return (accepted + rejected) / 2

    scores = accuracy(thresholds, 0)
    best = np.median(thresholds[scores == scores.max()])  # the middle of all best thresholds
    return float(accuracy(np.array([best]), 1)[0])
