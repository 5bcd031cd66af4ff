"""Iterative generation: how much of the average face's loss it leaves, and whether other starts end elsewhere."""

import numpy as np
import torch

from f2p_deploy.character.parameters import random_batch
from f2p_deploy.evaluation.stages.stage_data import HeldOut, Photos
from f2p_deploy.evaluation.stages.stage_result import Figure, Sheet, StageResult, badness
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.one_shot import one_shot
from f2p_deploy.model.reference import reference_iterate
from f2p_deploy.model.state import average_state, state_from
from f2p_deploy.training.data.pair_tensors import to_uint8

#: Random starts beside the average face and, where there is a translator, the one-shot character.
RANDOM_STARTS = 2


def measure_iterative(bundle: Bundle, held: HeldOut, searches: int, seed: int = 0) -> StageResult:
    """Search a few characters, and a few photos from several starts.

    The badness is measured on faces that the imitator itself drew: there the loss can reach 0 whatever imitator,
    segmentation and recognition are worth, so that what remains is the search's own fault. 1 is the loss of the average
    face, from which the search begins. On photos the loss cannot reach 0; that is shown beside.

    Args:
        bundle: whose stages are measured.
        held: pictures.
        searches: how many drawn faces, and how many photos.
        seed: of the random starts.
    """
    if not searches:
        return StageResult("iterative", missing="no searches were asked for")
    known = torch.from_numpy(held.front.parameters[:searches])
    with torch.inference_mode():
        targets = bundle.imitator(known)
    found = reference_iterate(bundle, targets.clone())
    left = found.losses[-1] / np.maximum(found.losses[0], 1e-12)
    value = float(left.mean())
    figures = [
        Figure(f"loss left, drawn faces ({len(known)})", value, "", 0.0, 1.0),
        Figure(
            "controllers, mean absolute error",
            float(np.abs(found.parameters - known.numpy())[:, : bundle.schema.n_c].mean()),
            "",
            0.0,
            float(np.abs(average_state(bundle, len(known)) - known)[:, : bundle.schema.n_c].mean()),
        ),
        Figure("iterations", bundle.settings.iterative.iterations),
    ]
    with torch.inference_mode():
        sheets = [
            Sheet(
                "Drawn faces and what was found for them",
                {"sought": to_uint8(targets), "found": to_uint8(bundle.imitator(torch.from_numpy(found.parameters)))},
                large=True,
            )
        ]
    if held.photos is not None:
        more, sheet = _on_photos(bundle, held.photos, searches, seed)
        figures += more
        sheets.append(sheet)
    return StageResult(
        "iterative",
        badness(value, 0.0, 1.0),
        "loss left on faces that the imitator drew; 1 is that of the average face",
        tuple(figures),
        tuple(sheets),
    )


def _on_photos(bundle: Bundle, photos: Photos, searches: int, seed: int) -> tuple[list[Figure], Sheet]:
    """Search photos from every start at once."""
    faces = photos.images(slice(searches))
    starts = _starts(bundle, faces, seed)
    count = len(faces)
    found = reference_iterate(bundle, faces.repeat(len(starts), 1, 1, 1), start=torch.cat(list(starts.values())))
    before, after = (found.losses[i].reshape(len(starts), count) for i in (0, -1))
    of_average = np.maximum(before[0], 1e-12)
    spread = (after.max(axis=0) - after.min(axis=0)) / np.maximum(after.min(axis=0), 1e-12)
    figures = [
        Figure(f"loss left, photos ({count}), from {name}", float((after[i] / of_average).mean()), "", None, 1.0)
        for i, name in enumerate(starts)
    ]
    figures.append(Figure("worst over best start, more by", float(np.median(spread)), "", 0.0))
    with torch.inference_mode():
        drawn = [to_uint8(bundle.imitator(part)) for part in torch.from_numpy(found.parameters).split(count)]
    return figures, Sheet(
        "Photos and what was found from each start",
        {"photo": photos.pictures[:count], **{f"from {name}": row for name, row in zip(starts, drawn, strict=True)}},
        large=True,
    )


def _starts(bundle: Bundle, faces: torch.Tensor, seed: int) -> dict[str, torch.Tensor]:
    """Return (N, n) states by name; the average face comes first."""
    count, n_c, beta = len(faces), bundle.schema.n_c, bundle.settings.iterative.beta
    starts = {"the average face": average_state(bundle, count)}
    if "translator" in bundle.networks:
        starts["one-shot"] = state_from(torch.from_numpy(one_shot(bundle, faces)), n_c, beta)
    generator = torch.Generator().manual_seed(seed)
    for number in range(1, RANDOM_STARTS + 1):
        state = torch.from_numpy(random_batch(bundle.schema, count, seed + number))
        # Soft choices: a one-hot start has no gradient and would stay.
        state[:, n_c:] = torch.randn(count, bundle.schema.n_d, generator=generator) / beta
        starts[f"random face {number}"] = state
    return starts
