"""The segmentation stage: class maps of held-out renders and photos, between position alone and perfect shares."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.evaluation.stages.stage_data import HeldOut
from f2p_deploy.evaluation.stages.stage_result import Figure, Sheet, StageResult, badness
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.similarity import reduce_to
from f2p_deploy.training.data.face_shapes import contour_shape
from f2p_deploy.training.data.pair_tensors import to_float
from f2p_deploy.training.data.portrait_labels import UNKNOWN, render_labels
from f2p_deploy.training.train_segmentation import COLOURS, class_shares, mean_iou

_BATCH = 10


def measure_segmentation(bundle: Bundle, held: HeldOut) -> StageResult:
    """Compare class maps with the engine's label maps and, on photos, with regions derived from landmarks.

    *mIoU* is measured as usual, with the output enlarged to the picture's resolution. Its anchors are a ceiling (exact
    class shares at the network's resolution, enlarged likewise) and the commonest class at each place. For thin brows
    and eyes the ceiling can be below the commonest class, so mIoU says little about the network.

    *Overlap* compares probabilities with class shares at the network's resolution, which the content loss uses:
    sum of minima / sum of maxima by class, averaged over the occurring classes. A perfect network has 1; the baseline
    is the mean share of each class at each place. The badness is that of the overlap, averaged over the sets of
    pictures.

    Renders have two kinds of label maps: the engine's, and those derived from MediaPipe's mesh, as for photos. A
    network may have been trained on either, so the kind with the better agreement is used. Photos' labels are
    themselves estimates, so their badness never reaches 0; they are included because networks often work on renders and
    fail on photos.
    """
    sets = _labelled_sets(held)
    if not sets:
        return StageResult("segmentation", missing="the rendered pairs have no label maps")
    measured = [_measure_set(bundle, one) for one in sets]
    figures = [figure for part in measured for figure in part.figures]
    return StageResult(
        "segmentation",
        float(np.mean([part.badness for part in measured])),
        "overlap with the true class shares; 1 is the mean share at each place",
        (*figures, *(figure for part in measured for figure in part.by_class)),
        tuple(part.sheet for part in measured),
        main=len(figures),
    )


@dataclass(frozen=True, eq=False)
class _LabelledSet:
    """Pictures (N, S, S, 3) and their label maps (N, S, S) by name of the kind."""

    pictures: np.ndarray
    labels: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class _Part:
    """The measurement of one set of pictures."""

    badness: float
    figures: tuple[Figure, ...]
    by_class: tuple[Figure, ...]
    sheet: Sheet


def _labelled_sets(held: HeldOut) -> list[_LabelledSet]:
    """Return the labelled sets of pictures; none if the renders have no labels."""
    sets = []
    for name, renders in (("front renders", held.front), ("varied renders", held.varied)):
        if renders is None or renders.labels is None:
            continue
        # As many varied scenes as front views suffice here; verification needs more.
        first = len(renders.pictures) - min(renders.unseen, len(held.front.pictures))
        pictures, drawn = renders.pictures[first:], renders.labels[first:]
        kinds = {name: drawn}
        meshes = [None if face is None else face.dense for face in renders.found[first:]]
        if any(mesh is not None for mesh in meshes):
            shapes = [contour_shape(mesh, pictures.shape[1]) for mesh in meshes]
            kinds[f"{name} by mesh"] = np.stack(
                [render_labels(shape, own) for shape, own in zip(shapes, drawn, strict=True)]
            )
        sets.append(_LabelledSet(pictures, kinds))
    if sets and held.photos is not None:
        labelled = (held.photos.regions != UNKNOWN).any(axis=(1, 2))
        if labelled.any():
            sets.append(_LabelledSet(held.photos.pictures[labelled], {"photos": held.photos.regions[labelled]}))
    return sets


def _measure_set(bundle: Bundle, one: _LabelledSet) -> _Part:
    probabilities = _probabilities(bundle, one.pictures)
    by_kind = {name: overlaps(probabilities, labels) for name, labels in one.labels.items()}
    name = min(by_kind, key=lambda kind: badness(mean_iou(by_kind[kind][0]), 1.0, mean_iou(by_kind[kind][1])))
    soft, labels = by_kind[name], one.labels[name]
    overlap, position = mean_iou(soft[0]), mean_iou(soft[1])
    reached, ceiling, place = (mean_iou(counts) for counts in intersections(probabilities, labels))
    figures = (
        Figure(f"overlap, {name} ({len(labels)})", overlap, "", 1.0, position),
        Figure(f"mIoU, {name}", reached, "", ceiling, place),
    )
    by_class = tuple(
        Figure(f"overlap, {name}, {region}", _ratio(soft[0], c), "", 1.0, _ratio(soft[1], c))
        for c, region in enumerate(HELEN_CLASSES)
        if soft[0, c, 1]
    )
    palette = np.concatenate([COLOURS, np.full((256 - len(COLOURS), 3), 128, np.uint8)])
    answered = _enlarge(probabilities[-8:], labels.shape[-1])
    rows = {"picture": one.pictures[-8:], "network": palette[answered], "label": palette[labels[-8:]]}
    return _Part(badness(overlap, 1.0, position), figures, by_class, Sheet(f"Classes, {name}", rows))


def _probabilities(bundle: Bundle, pictures: np.ndarray) -> torch.Tensor:
    """Return (N, 11, h, w) class probabilities of (N, S, S, 3) uint8 pictures."""
    size = bundle.settings.architecture.segmentation_size
    with torch.inference_mode():
        parts = torch.from_numpy(pictures).split(_BATCH)
        return torch.cat([bundle.segmentation(reduce_to(to_float(p.numpy()), size)).softmax(dim=1) for p in parts])


def overlaps(probabilities: torch.Tensor, labels: np.ndarray) -> np.ndarray:
    """Return (2, classes, 2): for the network and for the mean shares, sums of minima and of maxima by class."""
    cell = labels.shape[-1] // probabilities.shape[-1]
    maps = torch.from_numpy(labels)
    shares = torch.cat([class_shares(part.long(), cell) for part in maps.split(_BATCH)])
    known = shares.sum(dim=1, keepdim=True)
    # The prediction for each half of the pictures is the mean of the other half.
    mean = torch.empty_like(shares)
    for own, other in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        source = other if len(shares) > 1 else own
        mean[own] = shares[source].sum(dim=0) / known[source].sum(dim=0).clamp_min(1e-6)
    occurs = shares.sum(dim=(0, 2, 3)) > 0  # classes that never occur do not count
    counts = []
    for answer in (probabilities * known, mean * known):
        both = torch.stack([torch.minimum(answer, shares), torch.maximum(answer, shares)], dim=-1)
        counts.append((both.sum(dim=(0, 2, 3)) * occurs[:, None]).double().numpy())
    return np.stack(counts)


def intersections(probabilities: torch.Tensor, labels: np.ndarray) -> np.ndarray:
    """Return (3, classes, 2): for the network, its ceiling and the commonest classes, intersections and unions."""
    cell = labels.shape[-1] // probabilities.shape[-1]
    total = np.zeros((3, len(HELEN_CLASSES), 2))
    places = [_commonest(labels[1::2] if len(labels) > 1 else labels), _commonest(labels[::2])]
    for start in range(0, len(labels), _BATCH):
        part = slice(start, start + _BATCH)
        truth = labels[part]
        exact = class_shares(torch.from_numpy(truth).long(), cell)
        place = np.stack([places[(start + i) % 2] for i in range(len(truth))])
        answers = _enlarge(probabilities[part], truth.shape[-1]), _enlarge(exact, truth.shape[-1]), place
        for row, answer in enumerate(answers):
            total[row] += class_counts(answer, truth)
    total[:, ~np.isin(np.arange(len(HELEN_CLASSES)), labels)] = 0.0
    return total


def class_counts(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return (classes, 2) intersections and unions in pixels, over pixels with a known label."""
    known, classes = labels != UNKNOWN, len(HELEN_CLASSES)
    pairs = np.bincount(labels[known].astype(np.int64) * classes + predicted[known], minlength=classes**2)
    table = pairs.reshape(classes, classes)
    both = np.diag(table)
    return np.stack([both, table.sum(axis=0) + table.sum(axis=1) - both], axis=1).astype(np.float64)


def _commonest(labels: np.ndarray) -> np.ndarray:
    """Return the (S, S) commonest known class at each place; background where no class is known."""
    counts = np.stack([(labels == number).sum(axis=0) for number in range(len(HELEN_CLASSES))])
    return counts.argmax(axis=0)


def _enlarge(scores: torch.Tensor, size: int) -> np.ndarray:
    return F.interpolate(scores, size=(size, size), mode="bilinear").argmax(dim=1).numpy()


def _ratio(counts: np.ndarray, number: int) -> float:
    return float(counts[number, 0] / max(counts[number, 1], 1e-9))
