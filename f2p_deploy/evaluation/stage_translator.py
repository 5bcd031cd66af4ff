"""The translator: parameters of renders, where the truth is known, and the losses of photos' characters."""

import numpy as np
import torch

from f2p_deploy.bundle import Bundle
from f2p_deploy.character.parameters import average
from f2p_deploy.evaluation.stage_data import HeldOut, Photos
from f2p_deploy.evaluation.stage_readout import parameter_error, read_out
from f2p_deploy.evaluation.stage_recognition import Embeddings
from f2p_deploy.evaluation.stage_result import Figure, Sheet, StageResult, badness
from f2p_deploy.generation import one_shot
from f2p_deploy.similarity import content_loss, identity_loss
from f2p_deploy.training.pictures import to_uint8

#: Photos whose losses are measured, and how many at once.
_PHOTOS, _BATCH = 40, 10

#: The least that embeddings must tell (of the error of guessing) for a translator to be judged by that alone.
_LEAST = 0.25


def measure_translator(bundle: Bundle, held: HeldOut, embeddings: Embeddings) -> StageResult:
    """Compare made with known parameters, between a linear readout of the same embeddings and guessing.

    Guessing answers the mean controllers and the commonest options of the training pairs. A translator cannot know more
    than its embeddings: perfect is what the readout finds in them (never worse than guessing), so that a weak
    recognition network is not held against it. Where the embeddings tell next to nothing, that span is taken as a
    quarter of the error of guessing: then only answers worse than a guess count.
    """
    truth, schema = held.front.parameters, bundle.schema
    if len(truth) < 3:
        return StageResult("translator", missing="fewer than 3 renders of the front view")
    with torch.inference_mode():
        made = bundle.translator(torch.from_numpy(embeddings.front)).numpy()
    own = parameter_error(made, truth, schema)
    guess = parameter_error(np.broadcast_to(held.front.usual, truth.shape), truth, schema)
    read = parameter_error(read_out(embeddings.front, truth, schema.n_c), truth, schema)
    perfect = min(1.0, read.relative_to(guess))
    value = badness(own.relative_to(guess), perfect, max(1.0, perfect + _LEAST))
    figures = [
        Figure("controllers, mean absolute error", own.controllers, "", read.controllers, guess.controllers),
        Figure("choices right", 1.0 - own.wrong_choices, "", 1.0 - read.wrong_choices, 1.0 - guess.wrong_choices),
        *(
            Figure(f"{name} right", 1.0 - wrong, "", 1.0 - read.groups[name], 1.0 - guess.groups[name])
            for name, wrong in own.groups.items()
        ),
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


def _on_photos(bundle: Bundle, photos: Photos) -> tuple[list[Figure], Sheet]:
    """Return identity and content loss of photos' one-shot characters beside those of the average face."""
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
        "Photos and their one-shot characters", {"photo": photos.pictures[:8], "one-shot": drawn[0][:8]}
    )
