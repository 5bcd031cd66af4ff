"""The translator stage: predicted parameters of renders, and the losses of photos' one-shot characters."""

import numpy as np
import torch

from f2p_deploy.character.parameters import average
from f2p_deploy.evaluation.stages.stage_data import HeldOut, Photos
from f2p_deploy.evaluation.stages.stage_readout import parameter_error, read_out
from f2p_deploy.evaluation.stages.stage_recognition import Embeddings
from f2p_deploy.evaluation.stages.stage_result import Figure, Sheet, StageResult, badness
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.one_shot import one_shot
from f2p_deploy.model.similarity import content_loss, identity_loss
from f2p_deploy.training.data.pair_tensors import to_uint8

#: Largest number of photos whose losses are measured, and batch size.
_PHOTOS, _BATCH = 40, 10

#: Smallest distance between the two anchors, as a share of the error of guessing.
_LEAST = 0.25


def measure_translator(bundle: Bundle, held: HeldOut, embeddings: Embeddings) -> StageResult:
    """Compare predicted with true parameters, on the scale from a linear readout of the same embeddings to guessing.

    Guessing predicts the mean controllers and commonest options of the training pairs. A translator is limited by its
    embeddings, so the readout's error (at most that of guessing) counts as perfect; a weak recognition network is not
    held against the translator. If the embeddings say next to nothing, the two anchors are set a quarter of the error
    of guessing apart, so that only predictions worse than a guess count. A spoiled recognition network gives embeddings
    on another scale than the translator was trained on; so it gets them both unchanged and rescaled, and the
    better prediction counts.
    """
    truth, schema = held.embedded.parameters, bundle.schema
    if len(truth) < 3:
        return StageResult("translator", missing="fewer than 3 renders of the front view")
    guess = parameter_error(np.broadcast_to(held.embedded.usual, truth.shape), truth, schema)
    own, on_scale = (
        parameter_error(_translate(bundle, rows), truth, schema)
        for rows in (embeddings.front, _on_trained_scale(bundle, embeddings.front))
    )
    read = parameter_error(read_out(embeddings.front, truth, schema.n_c), truth, schema)
    perfect = min(1.0, read.relative_to(guess))
    error, error_on_scale = own.relative_to(guess), on_scale.relative_to(guess)
    value = badness(min(error, error_on_scale), perfect, max(1.0, perfect + _LEAST))
    figures = [
        Figure("controllers, mean absolute error", own.controllers, "", read.controllers, guess.controllers),
        Figure("choices right", 1.0 - own.wrong_choices, "", 1.0 - read.wrong_choices, 1.0 - guess.wrong_choices),
        *(
            Figure(f"{name} right", 1.0 - wrong, "", 1.0 - read.groups[name], 1.0 - guess.groups[name])
            for name, wrong in own.groups.items()
        ),
        Figure("renders", len(truth)),
        Figure("error / error of guessing", error, "", perfect, 1.0),
        Figure("the same, embeddings rescaled as in training", error_on_scale, "", perfect, 1.0),
    ]
    sheets: tuple[Sheet, ...] = ()
    missing = [name for name in ("imitator", "segmentation") if name not in bundle.networks]
    if held.photos is not None and not missing:
        more, sheet = _on_photos(bundle, held.photos)
        figures += more
        sheets = (sheet,)
    return StageResult(
        "translator",
        value,
        "parameters of renders; 0 is a linear readout of the same embeddings, 1 is guessing",
        tuple(figures),
        sheets,
    )


def _translate(bundle: Bundle, embeddings: np.ndarray) -> np.ndarray:
    """Return (N, n) parameters of (N, d) embeddings."""
    with torch.inference_mode():
        return bundle.translator(torch.from_numpy(embeddings)).numpy()


def _on_trained_scale(bundle: Bundle, embeddings: np.ndarray) -> np.ndarray:
    """Return (N, d) embeddings rescaled to the mean and variance of the translator's training data."""
    stored = bundle.translator.state_dict()
    mean, variance = (stored[f"normalise.running_{name}"].numpy() for name in ("mean", "var"))
    unit = (embeddings - embeddings.mean(axis=0)) / np.maximum(embeddings.std(axis=0), 1e-9)
    return (unit * np.sqrt(variance) + mean).astype(np.float32)


def _on_photos(bundle: Bundle, photos: Photos) -> tuple[list[Figure], Sheet]:
    """Return identity and content losses of photos' one-shot characters, with those of the average face as baseline."""
    faces = photos.images(slice(_PHOTOS))
    losses: dict[str, list[np.ndarray]] = {"identity": [], "content": []}
    drawn = []
    usual = torch.from_numpy(average(bundle.schema).values.copy())[None]
    with torch.inference_mode():
        of_average = bundle.similarity.describe(bundle.imitator(usual))
        for part in faces.split(_BATCH):
            photo = bundle.similarity.describe(part)
            characters = bundle.imitator(torch.from_numpy(one_shot(bundle, part)))
            drawn.append(to_uint8(characters))
            own = bundle.similarity.describe(characters)
            reduction = bundle.settings.similarity.reduction
            pairs = [
                (identity_loss(photo[0], other[0]), content_loss(photo[1], other[1].expand_as(photo[1]), reduction))
                for other in (own, of_average)
            ]
            for position, name in enumerate(losses):
                losses[name].append(np.stack([pair[position].numpy() for pair in pairs]))
    figures = []
    for name, rows in losses.items():
        made, nothing = np.concatenate(rows, axis=1).mean(axis=1)
        figures.append(Figure(f"{name} loss, photos ({len(faces)})", float(made), "", 0.0, float(nothing)))
    return figures, Sheet(
        "Photos and their one-shot characters", {"photo": photos.pictures[:6], "one-shot": drawn[0][:6]}, large=True
    )
