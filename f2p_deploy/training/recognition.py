"""Stage I: the recognition network learns to tell characters and people apart.

The paper takes LightCNN-29v2 as its authors trained it; `f2p-deploy bundle import` takes them. This stage is for those
who have no such weights: identities are the engine's characters (several scenes each) and portraits (one photo each,
varied), told apart by a cosine classifier with a margin (Wang et al. 2018, "CosFace"). Of a character the engine knows
more than who it is: a linear head predicts its controllers from the embedding, which teaches shape long before a
thousand identities can be told apart. LightCNN has no batch norm and learns slowly from nothing, so one stands behind
every filter during training and is folded into the filter at the end: what is stored is LightCNN-29v2 as it is.
"""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from f2p_deploy.bundle import Bundle, build_network
from f2p_deploy.networks.light_cnn import EMBEDDING, MaxFeatureMap
from f2p_deploy.similarity import GREY, reduce_to
from f2p_deploy.training.augment import Variation, affine_grids, vary_light, warp
from f2p_deploy.training.pictures import PairTensors, tile, to_uint8
from f2p_deploy.training.portraits import Portraits

SCALE = 24.0
MARGIN = 0.2

#: Weight of the controllers' squared error, in units of their variance under even sampling (1/12).
CONTROLLERS_WEIGHT = 5.0


class RecognitionStage:
    """Faces to embeddings, cosine softmax over identities.

    Args:
        bundle: gives the sizes.
        pairs: rendered pairs whose records name an identity, several pictures each.
        portraits: aligned photos, each its own identity; a part of every batch, if given.
        front: rendered pairs of the front view, from which controllers are learned besides; as many as a batch has.
        held_out: how many of the last identities are kept for evaluation.
        portrait_share: part of a batch that is portraits.
        front_held_out: how many of the last front pairs no stage trains on.
    """

    name = "recognition"

    def __init__(
        self,
        bundle: Bundle,
        pairs: PairTensors,
        portraits: Portraits | None = None,
        front: PairTensors | None = None,
        held_out: int = 100,
        portrait_share: float = 0.3,
        front_held_out: int = 0,
    ) -> None:
        self.pairs, self.portraits, self.front = pairs, portraits, front
        self.front_training = 0 if front is None else len(front) - front_held_out
        self.size = bundle.settings.architecture.recognition_size
        self.portrait_share = portrait_share if portraits is not None else 0.0
        names, self.identities = np.unique(pairs.pairs.identities[: len(pairs)], return_inverse=True)
        self.characters = len(names) - held_out
        self.training = np.flatnonzero(self.identities < self.characters)
        self.held_out = np.flatnonzero(self.identities >= self.characters)
        self.samples = len(self.training)
        people = len(portraits.training) if portraits is not None else 0
        self.network = with_batch_norms(build_network("recognition", bundle.schema, bundle.settings))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.classifier = nn.Linear(EMBEDDING, self.characters + people, bias=False)
        self.controllers = nn.Sequential(nn.BatchNorm1d(EMBEDDING), nn.Linear(EMBEDDING, bundle.schema.n_c))
        self.modules = {
            "recognition": self.network,
            "classifier": self.classifier,
            "controllers": self.controllers,
        }
        self.grey = torch.tensor(GREY).view(1, 3, 1, 1)

    def loss(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the classifier's cross-entropy with margin, plus the error of the characters' controllers."""
        from_photos = round(self.portrait_share * len(batch))
        chosen = self.training[batch[from_photos:] if from_photos else batch]
        images, identities = self.pairs.images(chosen), self.identities[chosen]
        if self.portraits is not None and from_photos:
            people = rng.integers(0, len(self.portraits.training), from_photos)
            images = torch.cat([images, self.portraits.images(self.portraits.training[people])])
            identities = np.concatenate([identities, self.characters + people])
        truth = self.pairs.parameters(chosen)
        images = reduce_to(images, self.size)
        images = warp(images, affine_grids(len(images), self.size, Variation(mirror=0.2), rng))
        if self.front is not None:
            straight = rng.integers(0, self.front_training, len(batch))
            images = torch.cat([images, reduce_to(self.front.images(straight), self.size)])
            truth = torch.cat([truth, self.front.parameters(straight)])
        embeddings = self._embed(vary_light(images, Variation(), rng))
        target = torch.from_numpy(identities)
        cosine = F.normalize(embeddings[: len(target)]) @ F.normalize(self.classifier.weight).T
        scores = SCALE * (cosine - MARGIN * F.one_hot(target, cosine.shape[1]))
        predicted = self.controllers(embeddings)
        predicted = torch.cat([predicted[: len(chosen)], predicted[len(target) :]])
        error = 12.0 * (predicted - (truth[:, : predicted.shape[1]] - 0.5)).square().mean()
        numbers = {"accuracy": (cosine.argmax(1) == target).float().mean().item(), "controllers": error.item()}
        return F.cross_entropy(scores, target) + CONTROLLERS_WEIGHT * error, numbers

    def evaluate(self) -> dict[str, float]:
        """Return the verification accuracy on held-out characters: same or not, best threshold of half of the pairs."""
        embeddings = self._held_out_embeddings()
        cosine = (embeddings @ embeddings.T).numpy()
        identities = self.identities[self.held_out]
        first, second = np.triu_indices(len(identities), 1)
        same, values = identities[first] == identities[second], cosine[first, second]
        accuracy = verification_accuracy(values[same], values[~same])
        return {
            "verification": accuracy,
            "cosine_same": float(values[same].mean()),
            "cosine_different": float(values[~same].mean()),
        }

    def sheet(self) -> np.ndarray:
        """Return eight held-out pictures above the most similar other held-out picture."""
        embeddings = self._held_out_embeddings()
        step = max(1, len(embeddings) // 8)
        cosine = embeddings[::step][:8] @ embeddings.T
        nearest = cosine.topk(2, dim=1).indices[:, 1].numpy()
        shown = self.held_out[::step][:8]
        return tile([to_uint8(self.pairs.images(shown)), to_uint8(self.pairs.images(self.held_out[nearest]))])

    def trained(self) -> nn.Module:
        """Return the recognition network as it is stored, batch norms folded."""
        return without_batch_norms(self.network)

    def _embed(self, images: torch.Tensor) -> torch.Tensor:
        return self.network((images * self.grey).sum(dim=1, keepdim=True))

    def _held_out_embeddings(self) -> torch.Tensor:
        parts = np.array_split(self.held_out, max(1, len(self.held_out) // 32))
        return F.normalize(torch.cat([self._embed(reduce_to(self.pairs.images(part), self.size)) for part in parts]))


def with_batch_norms(network: nn.Module) -> nn.Module:
    """Put a batch norm behind every convolution of a LightCNN, in place."""
    for module in network.modules():
        if isinstance(module, MaxFeatureMap):
            module.filter = nn.Sequential(module.filter, nn.BatchNorm2d(module.filter.out_channels))  # type: ignore
    return network


def without_batch_norms(network: nn.Module) -> nn.Module:
    """Return a copy with the batch norms folded into their convolutions: in evaluation mode it computes the same."""
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        if isinstance(module, MaxFeatureMap) and isinstance(module.filter, nn.Sequential):
            module.filter = fuse_conv_bn_eval(module.filter[0], module.filter[1])  # type: ignore
    return folded


def verification_accuracy(same: np.ndarray, different: np.ndarray) -> float:
    """Return the balanced accuracy of a threshold on similarities, chosen on even positions and applied to odd ones."""
    thresholds = np.linspace(-1, 1, 401)

    def accuracy(threshold: np.ndarray, which: int) -> np.ndarray:
        kept = (same[which::2, None] >= threshold).mean(0)
        refused = (different[which::2, None] < threshold).mean(0)
        return (kept + refused) / 2

    scores = accuracy(thresholds, 0)
    best = np.median(thresholds[scores == scores.max()])  # the middle of the best ones, away from both sides
    return float(accuracy(np.array([best]), 1)[0])
