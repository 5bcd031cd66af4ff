"""Stage I: training of the segmentation network on renders and portraits with Helen's classes (section 3.6).

The network has an output stride of 8. The target of an output cell is the share of each class in its 8 x 8 pixels, so a
probability of 0.5 means a border through the middle of the cell, and the content loss responds to shifts of less than a
cell.
"""

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.similarity import reduce_to
from f2p_deploy.training.data.augment import Variation, affine_grids, sample_at, vary_light, warp_labels
from f2p_deploy.training.data.pair_tensors import PairTensors, tile, to_uint8
from f2p_deploy.training.data.portrait_labels import UNKNOWN, render_labels
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.stage import Numbers, Prepared, Stage, first_network

#: Output stride: edge of the network's input / edge of its output.
STRIDE = 8

#: Colours of the classes in sheets.
COLOURS = np.array(
    [
        (40, 40, 40), (240, 200, 170), (120, 70, 30), (160, 100, 50), (60, 120, 220), (90, 160, 250), (230, 160, 110),
        (220, 60, 80), (120, 0, 20), (250, 110, 120), (110, 60, 160),
    ],
    np.uint8,
)  # fmt: skip


class SegmentationStage(Stage):
    """The training of the segmentation network: cross-entropy between predicted classes and class shares.

    Args:
        bundle: gives the sizes.
        pair_sets: rendered pairs with label maps.
        portraits: aligned photos with labels from landmarks; a share of every batch.
        held_out: number of last pairs of each set held out for evaluation.
        portrait_share: share of portraits and labelled pictures in a batch, half of each if both are given.
        shapes: for each set the (N, K, 2) contour points of its renders, to label them as portraits are labelled
            (`f2p_deploy.training.data.portrait_labels.render_labels`). The engine's labels are used if not given.
        labelled: aligned pictures with labels made by hand, such as Helen's.
    """

    name = "segmentation"

    def __init__(
        self,
        bundle: Bundle,
        pair_sets: list[PairTensors],
        portraits: Portraits | None = None,
        held_out: int = 100,
        portrait_share: float = 0.4,
        shapes: list[np.ndarray] | None = None,
        labelled: Portraits | None = None,
    ) -> None:
        self.size = bundle.settings.architecture.segmentation_size
        self.pair_sets, self.held_out, self.shapes = pair_sets, held_out, shapes
        #: Photos and labelled pictures, by the name of their metric.
        both = {"portraits": portraits, "labelled": labelled}
        self.photos = {name: photos for name, photos in both.items() if photos is not None}
        self.portrait_share = portrait_share if self.photos else 0.0
        self.network = first_network(bundle, "segmentation")
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.modules = {"segmentation": self.network}
        self.ends = np.cumsum([len(pairs) - held_out for pairs in pair_sets])
        self.samples = int(self.ends[-1])

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return augmented pictures (B, 3, s, s) and the shares of the classes (B, 11, s/8, s/8)."""
        from_photos = round(self.portrait_share * len(batch))
        images, labels = self._rendered(batch[from_photos:] if from_photos else batch)
        kinds = list(self.photos.values())
        for photos, part in zip(kinds, np.array_split(np.arange(from_photos), max(1, len(kinds))), strict=False):
            if len(part):
                chosen = rng.choice(photos.training, len(part))
                images = torch.cat([images, photos.images(chosen)])
                labels = torch.cat([labels, photos.labels(chosen)])
        grids = affine_grids(len(images), images.shape[-1], Variation(rotation=15.0, scale=0.15, shift=0.08), rng)
        images, labels = sample_at(images, grids), warp_labels(labels, grids, UNKNOWN)
        images = vary_light(reduce_to(images, self.size), Variation(), rng)
        return {"pictures": images, "shares": class_shares(labels, labels.shape[-1] // (self.size // STRIDE))}

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return the cross-entropy against class shares, averaged over the known area."""
        shares = prepared["shares"]
        log_probabilities = self.network(prepared["pictures"]).log_softmax(dim=1)
        weight = shares.sum(dim=1)
        return -(shares * log_probabilities).sum() / weight.sum().clamp_min(1.0), {}

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return the mean intersection over union on held-out renders, photos (labels by landmarks), labelled pictures.

        Predictions are upsampled to the picture's resolution first.
        """
        metrics = {}
        for position, pairs in enumerate(self.pair_sets):
            held = np.arange(len(pairs) - self.held_out, len(pairs))
            counts = np.zeros((len(HELEN_CLASSES), 2))
            for part in np.array_split(held, max(1, len(held) // 10)):
                counts += self._intersections_and_unions(pairs.images(part), self._labels(position, part))
            metrics[f"miou_renders_{position}"] = mean_iou(counts)
        for name, photos in self.photos.items():
            counts = np.zeros((len(HELEN_CLASSES), 2))
            measured = photos.measured
            for part in np.array_split(measured, max(1, len(measured) // 10)):
                counts += self._intersections_and_unions(photos.images(part), photos.labels(part))
            metrics[f"miou_{name}"] = mean_iou(counts)
        return metrics

    def sheet(self) -> np.ndarray:
        """Return held-out renders and photos above their predicted class maps."""
        pairs = self.pair_sets[-1]
        images = pairs.images(np.arange(len(pairs) - 4, len(pairs)))
        for photos in self.photos.values():
            images = torch.cat([images, photos.images(photos.held_out[:4])])
        return tile([to_uint8(images), COLOURS[self._predict(images).numpy()]])

    def _rendered(self, batch: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = [], []
        owner = np.searchsorted(self.ends, batch, side="right")
        for position, pairs in enumerate(self.pair_sets):
            own = batch[owner == position] - (self.ends[position - 1] if position else 0)
            if len(own):
                images.append(pairs.images(own))
                labels.append(self._labels(position, own))
        return torch.cat(images), torch.cat(labels)

    def _labels(self, position: int, indices: np.ndarray) -> torch.Tensor:
        """Return (B, S, S) int64 Helen classes of renders of one set."""
        labels = self.pair_sets[position].label_maps(indices)
        if self.shapes is not None:
            shapes = self.shapes[position][indices]
            maps = [render_labels(shape, engine.numpy()) for shape, engine in zip(shapes, labels, strict=True)]
            labels = torch.from_numpy(np.stack(maps))
        return labels

    def _predict(self, images: torch.Tensor) -> torch.Tensor:
        scores = self.network(reduce_to(images, self.size).to(self.device)).cpu()
        return F.interpolate(scores, size=images.shape[2:], mode="bilinear").argmax(dim=1)

    def _intersections_and_unions(self, images: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
        """Return (classes, 2) pixel counts: the intersection and the union of predicted and known classes."""
        predicted, known = self._predict(images), labels != UNKNOWN
        counts = np.zeros((len(HELEN_CLASSES), 2))
        for c in range(len(HELEN_CLASSES)):
            here, there = (predicted == c) & known, (labels == c) & known
            counts[c] = int((here & there).sum()), int((here | there).sum())
        return counts


def class_shares(labels: torch.Tensor, cell: int) -> torch.Tensor:
    """Return (B, 11, S/cell, S/cell) shares of each class in every cell; unknown pixels count for no class."""
    known = labels != UNKNOWN
    one_hot = F.one_hot(torch.where(known, labels, 0), len(HELEN_CLASSES)) * known[..., None]
    return F.avg_pool2d(one_hot.permute(0, 3, 1, 2).float(), cell)


def mean_iou(counts: np.ndarray) -> float:
    """Return the mean intersection over union of the classes that occur, from (classes, 2) counts of both."""
    present = counts[:, 1] > 0
    return float((counts[present, 0] / counts[present, 1]).mean())
