"""The iterative stage: final loss / loss of the average face, and the spread of results over several starts."""

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

#: Number of random starts, in addition to the average face and, with a translator, the one-shot character.
RANDOM_STARTS = 2


def measure_iterative(bundle: Bundle, held: HeldOut, searches: int, seed: int = 0) -> StageResult:
    """Search for a few faces that the imitator drew, and for a few photos from several starts.

    The badness is (final loss / loss of the average face) on the drawn faces: there the loss can reach 0 whatever the
    quality of imitator, segmentation and recognition, so the remaining loss is due to the search. On photos the loss
    cannot reach 0; their figures do not enter the badness.

    Args:
        bundle: the bundle to measure.
        held: the pictures.
        searches: number of drawn faces, and of photos.
        seed: seed of the random starts.
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
            float((average_state(bundle, len(known)) - known)[:, : bundle.schema.n_c].abs().mean()),
        ),
        Figure("iterations", bundle.settings.iterative.iterations),
    ]
    with torch.inference_mode():
        sheets = [
            Sheet(
                "Drawn faces and the faces found for them",
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
        "remaining loss on faces drawn by the imitator; 1 is the loss of the average face",
        tuple(figures),
        tuple(sheets),
    )


def _on_photos(bundle: Bundle, photos: Photos, searches: int, seed: int) -> tuple[list[Figure], Sheet]:
    """Search for photos from all starts in one batch."""
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
    figures.append(Figure("excess loss of the worst start / best loss", float(np.median(spread)), "", 0.0))
    with torch.inference_mode():
        drawn = [to_uint8(bundle.imitator(part)) for part in torch.from_numpy(found.parameters).split(count)]
    return figures, Sheet(
        "Photos and the face found from each start",
        {"photo": photos.pictures[:count], **{f"from {name}": row for name, row in zip(starts, drawn, strict=True)}},
        large=True,
    )


def _starts(bundle: Bundle, faces: torch.Tensor, seed: int) -> dict[str, torch.Tensor]:
    """Return (N, n) states by name of the start; the average face comes first."""
    count, n_c, beta = len(faces), bundle.schema.n_c, bundle.settings.iterative.beta
    starts = {"the average face": average_state(bundle, count)}
    if "translator" in bundle.networks:
        starts["one-shot"] = state_from(torch.from_numpy(one_shot(bundle, faces)), n_c, beta)
    generator = torch.Generator().manual_seed(seed)
    for number in range(1, RANDOM_STARTS + 1):
        state = torch.from_numpy(random_batch(bundle.schema, count, seed + number))
        # Soft choices, because a one-hot start has no gradient and would never change.
        state[:, n_c:] = torch.randn(count, bundle.schema.n_d, generator=generator) / beta
        starts[f"random face {number}"] = state
    return starts
