"""The losses between a photo and a rendered face (section 3.3, eqs. 4 to 7)."""

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import nn

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.model.networks.crop import Crop
from f2p_deploy.model.networks.segmentation import CLASSES, Segmentation
from f2p_deploy.model.recognisers import RECOGNISERS, Recogniser
from f2p_deploy.model.settings import Reduction, SimilaritySettings

#: Luma weights of ITU-R BT.601, which LightCNN's authors used to convert their pictures to grey.
GREY = (0.299, 0.587, 0.114)

#: Regions whose colours are compared: the classes of each.
COLOURED_REGIONS = (
    ("skin", "nose"),
    ("left-brow", "right-brow"),
    ("left-eye", "right-eye"),
    ("upper-lip", "lower-lip"),
    ("hair",),
)

#: Height of the upper part of an aligned face, down to the mouth, in which clothes cannot be mistaken for hair.
ABOVE_CLOTHES = 0.625


def identity_loss(photo: torch.Tensor, rendered: torch.Tensor) -> torch.Tensor:
    """Return the cosine distance of two batches of face embeddings (eq. 5).

    Args:
        photo: (N, d) embeddings of the aligned photos.
        rendered: (N, d) embeddings of the rendered faces.

    Returns:
        (N,) distances in [0, 2]; 0 means the same direction.
    """
    return 1.0 - F.cosine_similarity(photo, rendered, dim=1)


def content_loss(photo: torch.Tensor, rendered: torch.Tensor, reduction: Reduction = "mean") -> torch.Tensor:
    """Return the L1 distance of two batches of weighted facial features, omega f (eq. 6).

    Args:
        photo: (N, C, H, W) content of the aligned photos.
        rendered: (N, C, H, W) content of the rendered faces.
        reduction: `sum` or `mean` over the elements.

    Returns:
        (N,) non-negative distances.
    """
    return _l1(photo, rendered, reduction)


def loopback_loss(parameters: torch.Tensor, again: torch.Tensor, reduction: Reduction = "mean") -> torch.Tensor:
    """Return the L1 distance of parameters and the translator's parameters of their rendered face (eq. 7).

    Args:
        parameters: (N, n) x = T(I).
        again: (N, n) T(G(x)).
        reduction: `sum` or `mean` over the elements.

    Returns:
        (N,) non-negative distances.
    """
    return _l1(parameters, again, reduction)


class Regions(NamedTuple):
    """The regions of faces by the segmentation network.

    Args:
        probabilities: (N, C, H, W) of the Helen classes.
        colours: (N, R, 3) mean RGB of `COLOURED_REGIONS`, in [0, 1].
        upper_hair: (N, 3) mean RGB of the hair in the upper part of the picture, see `ABOVE_CLOTHES`.
        features: (N, K, h, w) of one stage, if requested.
    """

    probabilities: torch.Tensor
    colours: torch.Tensor
    upper_hair: torch.Tensor
    features: torch.Tensor | None = None


class Similarity(nn.Module):
    """The descriptor F of a face from recognition and segmentation, and the loss between two descriptions.

    Args:
        recognition: F_recg, grey (N, 1, r, r) or RGB (N, 3, r, r) to embeddings (N, d).
        segmentation: F_seg.
        settings: weights, features and reduction.
        recogniser: input and output of F_recg.
        segmentation_size: edge of the input of F_seg; a divisor of the face's edge.
        crop: the crop of the face that F_recg takes; None if it takes the whole face.
    """

    grey: torch.Tensor
    class_weights: torch.Tensor
    regions_of: torch.Tensor

    def __init__(
        self,
        recognition: nn.Module,
        segmentation: Segmentation,
        settings: SimilaritySettings,
        recogniser: Recogniser = RECOGNISERS["light-cnn-29v2"],
        segmentation_size: int = 256,
        crop: Crop | None = None,
    ) -> None:
        super().__init__()
        self.recognition = recognition
        self.segmentation = segmentation
        self.settings = settings
        self.recogniser = recogniser
        self.crop = crop
        self.segmentation_size = segmentation_size
        self.register_buffer("grey", torch.tensor(GREY).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("class_weights", torch.tensor(settings.class_weights).view(1, -1, 1, 1), persistent=False)
        members = [[float(name in region) for name in HELEN_CLASSES] for region in COLOURED_REGIONS]
        self.register_buffer("regions_of", torch.tensor(members)[:, :, None, None], persistent=False)

    def identity(self, face: torch.Tensor) -> torch.Tensor:
        """Return the embeddings (N, d), not normalised, of faces (N, 3, S, S) RGB in [0, 1]."""
        if self.crop is None:
            return self._embed(reduce_to(face, self.recogniser.size))
        if not self.settings.mirrored:
            return self._embed(self.crop(face))
        return 0.5 * (self._embed(self.crop(face)) + self._embed(self.crop.mirrored(face)))

    def _embed(self, face: torch.Tensor) -> torch.Tensor:
        # Not a sum over the colours: one of the forms in which the step is right in ONNX Runtime's WebGPU kernels, too.
        return self.recognition(face if self.recogniser.colour else F.conv2d(face, self.grey))

    def regions(self, face: torch.Tensor, stage: str = "") -> Regions:
        """Return the regions of faces and their colours.

        Args:
            face: (N, 3, S, S) RGB in [0, 1].
            stage: `conv_2` to `conv_5`, to add the features of this stage; empty for none.
        """
        face_seen = reduce_to(face, self.segmentation_size)
        stages = self.segmentation.features(face_seen)
        probabilities = stages["logits"].softmax(dim=1)
        seen = reduce_to(face_seen, probabilities.shape[-1])
        colours = _mean_colours(F.conv2d(probabilities, self.regions_of), seen)
        rows, hair = int(probabilities.shape[2] * ABOVE_CLOTHES), HELEN_CLASSES.index("hair")
        upper_hair = _mean_colours(probabilities[:, hair : hair + 1, :rows], seen[:, :, :rows])
        return Regions(probabilities, colours, upper_hair[:, 0], stages[stage] if stage else None)

    def content(self, face: torch.Tensor) -> torch.Tensor:
        """Return omega f of eq. 6 for faces (N, 3, S, S) RGB in [0, 1]: (N, C, H, W).

        For `probabilities` f is the class map, with one channel per class. Otherwise every channel of f is weighted by
        the probability that the pixel belongs to the face or, with the weighting `class`, by that of each class in
        turn: all channels of the first class with a weight, then those of the next. With a `colour_weight`, red, green
        and blue of each of `COLOURED_REGIONS` follow, weighted by the probability of the region.
        """
        face_seen = reduce_to(face, self.segmentation_size)
        stages = self.segmentation.features(face_seen)
        probabilities = stages["logits"].softmax(dim=1)
        if self.settings.features == "probabilities":
            seen = reduce_to(face_seen, probabilities.shape[-1]) if self.settings.colour_weight else None
            return self.content_of_classes(probabilities, seen)
        return self._weighted(stages[self.settings.features], probabilities)

    def _weighted(self, features: torch.Tensor, probabilities: torch.Tensor) -> torch.Tensor:
        """Return omega f for features (N, K, h, w) and class maps (N, 11, H, W): (N, K, h, w), or K for each class."""
        omega = probabilities * self.class_weights
        if self.settings.weighting == "face":
            return features * _as_fine(omega.sum(dim=1, keepdim=True), features)
        omega = _as_fine(omega, features)
        return torch.cat([features * omega[:, c : c + 1] for c in self.settings.weighted_classes], dim=1)

    def content_of_classes(self, probabilities: torch.Tensor, seen: torch.Tensor | None = None) -> torch.Tensor:
        """Return the content for the features `probabilities`.

        Args:
            probabilities: (N, 11, H, W) class maps.
            seen: (N, 3, H, W) the face at the class maps' resolution, RGB in [0, 1]; None without a colour weight.
        """
        weighted = probabilities * self.class_weights
        if seen is None:
            return weighted
        colours = seen * self.settings.colour_weight
        shares = F.conv2d(probabilities, self.regions_of)
        return torch.cat([weighted, *(colours * share for share in shares.split(1, dim=1))], dim=1)

    def maps(self, face: torch.Tensor) -> torch.Tensor:
        """Return the maps (N, M, H, W) that determine the content of faces (N, 3, S, S) RGB in [0, 1].

        For `probabilities` they are the 11 class maps and, with a colour weight, the face at their resolution; for
        `logits` the 11 logits; for a stage the content itself or, with the weighting `class`, the 11 class maps and
        the stage's channels.
        """
        features = self.settings.features
        face_seen = reduce_to(face, self.segmentation_size)
        if features not in ("probabilities", "logits"):
            if self.settings.weighting == "face":
                return self.content(face)
            stages = self.segmentation.features(face_seen)
            return torch.cat([_as_fine(stages["logits"].softmax(dim=1), stages[features]), stages[features]], dim=1)
        logits = self.segmentation(face_seen)
        if features == "logits":
            return logits
        probabilities = logits.softmax(dim=1)
        if not self.settings.colour_weight:
            return probabilities
        return torch.cat([probabilities, reduce_to(face_seen, probabilities.shape[-1])], dim=1)

    def content_of_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the content (N, C, H, W) that the result of `maps` determines."""
        features = self.settings.features
        if features == "probabilities":
            seen = maps[:, CLASSES:] if self.settings.colour_weight else None
            return self.content_of_classes(maps[:, :CLASSES], seen)
        if features == "logits":
            return self._weighted(maps, maps.softmax(dim=1))
        return maps if self.settings.weighting == "face" else self._weighted(maps[:, CLASSES:], maps[:, :CLASSES])

    def describe(self, face: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return identity (N, d) and content (N, C, H, W) of faces (N, 3, S, S) RGB in [0, 1]."""
        return self.identity(face), self.content(face)

    def forward(self, face: torch.Tensor, identity: torch.Tensor, content: torch.Tensor) -> torch.Tensor:
        """Return lambda_1 L_idt + lambda_2 L_ctt (eq. 9) of rendered faces against a photo's description.

        Args:
            face: (N, 3, S, S) rendered faces, RGB in [0, 1].
            identity: (N, d) of the aligned photos.
            content: (N, C, H, W) of the aligned photos.

        Returns:
            (N,) losses.
        """
        return self.compare(*self.describe(face), identity, content)

    def compare(
        self,
        own_identity: torch.Tensor,
        own_content: torch.Tensor,
        identity: torch.Tensor,
        content: torch.Tensor,
    ) -> torch.Tensor:
        """Return the (N,) losses of eq. 9 of rendered faces' descriptions against those of photos."""
        settings = self.settings
        apart = settings.identity_weight * settings.search_identity * identity_loss(identity, own_identity)
        return apart + settings.content_weight * content_loss(content, own_content, settings.reduction)


class Segment(nn.Module):
    """The class probabilities of faces, from which alignment locates eyes and mouth.

    Args:
        segmentation: F_seg.
        size: edge of the input of F_seg; a divisor of the face's edge.
    """

    def __init__(self, segmentation: Segmentation, size: int) -> None:
        super().__init__()
        self.segmentation = segmentation
        self.size = size

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        """Return (N, C, H, W) probabilities of faces (N, 3, S, S) RGB in [0, 1]."""
        return cast("torch.Tensor", self.segmentation(reduce_to(face, self.size)).softmax(dim=1))


def _mean_colours(shares: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Return (N, R, 3) mean colours of pictures (N, 3, H, W), weighted by shares (N, R, H, W)."""
    weights = shares.flatten(2)
    return (weights @ seen.flatten(2).transpose(1, 2)) / (weights.sum(dim=2, keepdim=True) + 1e-3)


def _as_fine(maps: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Return maps at the resolution of features: a stage before the strided one is finer than the class maps."""
    if maps.shape[2:] == features.shape[2:]:
        return maps
    return F.interpolate(maps, size=features.shape[2:], mode="nearest")


def reduce_to(face: torch.Tensor, size: int) -> torch.Tensor:
    """Shrink (N, C, S, S) to (N, C, size, size) by integer average pooling: exact, with a portable gradient."""
    factor = face.shape[-1] // size
    return face if factor == 1 else F.avg_pool2d(face, factor)


def _l1(a: torch.Tensor, b: torch.Tensor, reduction: Reduction) -> torch.Tensor:
    distance = (a - b).abs().flatten(1)
    return distance.mean(dim=1) if reduction == "mean" else distance.sum(dim=1)
