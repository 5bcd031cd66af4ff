"""The recognition stage: verification of characters under varied light, hair and crop, and nearest photos."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.evaluation.stages.stage_data import HeldOut
from f2p_deploy.evaluation.stages.stage_readout import parameter_error, read_out
from f2p_deploy.evaluation.stages.stage_result import Figure, Sheet, StageResult, badness
from f2p_deploy.model.bundle import Bundle, build_crop
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.model.similarity import Similarity
from f2p_deploy.training.train_recognition import verification_accuracy

_BATCH = 32

#: Number of photos shown with their nearest neighbours.
_SHOWN = 8


@dataclass(frozen=True, eq=False)
class Embeddings:
    """The recognition network's embeddings of the held-out pictures, each (N, d) float32, not normalised."""

    front: np.ndarray
    varied: np.ndarray | None
    photos: np.ndarray | None


def embed_held_out(bundle: Bundle, held: HeldOut) -> Embeddings:
    """Return the embeddings of all held-out pictures."""
    varied = None if held.varied is None else _embed(bundle, held.varied.images())
    photos = None if held.photos is None else _embed(bundle, held.photos.images())
    return Embeddings(_embed(bundle, held.embedded.images()), varied, photos)


def measure_recognition(bundle: Bundle, held: HeldOut, embeddings: Embeddings) -> StageResult:
    """Measure the verification of held-out characters.

    A perfect network has an accuracy of 1. The baseline (badness 1) is the accuracy of the same network untrained, at
    least 0.5: random filters distinguish dark from light skin, so chance would be too easy to beat.
    """
    if held.varied is None or embeddings.varied is None:
        return StageResult("recognition", missing="no renders in varied scenes: name a folder with --varied")
    same, different = pair_similarities(embeddings.varied, held.varied.identities)
    untrained = _embed_untrained(bundle, held.varied.images())
    if min(len(same), len(different)) < 4:
        return StageResult("recognition", missing="the varied renders show too few characters, or one picture of each")
    accuracy = _verification(same, different)
    nothing = max(0.5, _verification(*pair_similarities(untrained, held.varied.identities)))
    pooled = float(np.sqrt((same.var() + different.var()) / 2))
    figures = [
        Figure("verification", accuracy, "", 1.0, nothing),
        Figure("margin, in pooled deviations", float(same.mean() - different.mean()) / max(pooled, 1e-9), "", None, 0),
        Figure("cosine, same character", float(same.mean())),
        Figure("cosine, other character", float(different.mean())),
        Figure("characters", len(np.unique(held.varied.identities))),
        Figure("pictures", len(held.varied.pictures)),
    ]
    n_c, truth = bundle.schema.n_c, held.embedded.parameters
    if len(truth) >= 3:
        read = read_out(embeddings.front, truth, n_c)
        # Deviation of each row from the mean of the other rows (leave-one-out).
        guessed = (truth - truth.mean(axis=0)) * (len(truth) / (len(truth) - 1))
        explained = 1.0 - np.square(read - truth)[:, :n_c].sum() / np.square(guessed)[:, :n_c].sum()
        usual = parameter_error(np.broadcast_to(held.embedded.usual, truth.shape), truth, bundle.schema)
        right = 1.0 - parameter_error(read, truth, bundle.schema).wrong_choices
        figures.append(Figure("controllers' variance explained by a linear readout", float(explained), "", 1.0, 0.0))
        figures.append(Figure("choices right by a linear readout", right, "", 1.0, 1.0 - usual.wrong_choices))
    sheets: tuple[Sheet, ...] = ()
    if held.photos is not None and embeddings.photos is not None and len(embeddings.photos) > 1:
        figures.append(
            Figure("distance photos to renders / spread", group_gap(embeddings.photos, embeddings.front), "", 0.0)
        )
        sheets = (_neighbours(held.photos.pictures, held.embedded.pictures, embeddings),)
    return StageResult(
        "recognition",
        badness(accuracy, 1.0, nothing),
        "verification of characters; 1 is the network untrained",
        tuple(figures),
        sheets,
    )


def pair_similarities(embeddings: np.ndarray, identities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cosine similarities of all pairs of the same character, and of all pairs of different ones."""
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    first, second = np.triu_indices(len(unit), 1)
    cosine, same = (unit @ unit.T)[first, second], identities[first] == identities[second]
    return cosine[same], cosine[~same]


def group_gap(photos: np.ndarray, renders: np.ndarray) -> float:
    """Return distance between the groups' means / root mean square distance of members to the mean of their group.

    Embeddings are scaled to unit length, since eq. 5 compares directions only. 0: the means coincide; 1: they are as
    far apart as a member typically is from its group's mean.

    Args:
        photos: (N, d) embeddings.
        renders: (M, d) embeddings.
    """
    groups = [one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-12) for one in (photos, renders)]
    apart = np.linalg.norm(groups[0].mean(axis=0) - groups[1].mean(axis=0))
    spread = np.sqrt(np.mean([np.square(one - one.mean(axis=0)).sum(axis=1).mean() for one in groups]))
    return float(apart / max(spread, 1e-12))


def _verification(same: np.ndarray, different: np.ndarray) -> float:
    """Return the accuracy with two-fold cross-validation: each half of the pairs sets the threshold for the other."""
    return float(np.mean([verification_accuracy(same[first:], different[first:]) for first in (0, 1)]))


def _embed_untrained(bundle: Bundle, images: torch.Tensor) -> np.ndarray:
    """Return (N, d) embeddings of (N, 3, S, S) pictures by an untrained copy of the bundle's recognition network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_network("recognition", bundle.schema, bundle.settings).eval()
    settings = bundle.settings
    recogniser, crop = settings.architecture.recogniser, build_crop(settings)
    similarity = Similarity(network, bundle.segmentation, settings.similarity, recogniser, crop=crop)
    with torch.inference_mode():
        found = torch.cat([similarity.identity(part) for part in images.split(_BATCH)]).numpy()
    # Biases dominate an untrained network's embeddings; uncentred, all cosines would be almost equal.
    return found - found.mean(axis=0)


def _embed(bundle: Bundle, images: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return torch.cat([bundle.similarity.identity(part) for part in images.split(_BATCH)]).numpy()


def _neighbours(pictures: np.ndarray, drawn: np.ndarray, embeddings: Embeddings) -> Sheet:
    photos = F.normalize(torch.from_numpy(embeddings.photos))
    among = photos @ photos.T - 2.0 * torch.eye(len(photos))
    renders = photos @ F.normalize(torch.from_numpy(embeddings.front)).T
    return Sheet(
        "Photos, and the nearest photo and render of each by recognition",
        {
            "photo": pictures[:_SHOWN],
            "nearest other photo": pictures[among.argmax(dim=1).numpy()[:_SHOWN]],
            "nearest render": drawn[renders.argmax(dim=1).numpy()[:_SHOWN]],
        },
    )
