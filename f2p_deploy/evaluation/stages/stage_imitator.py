"""The imitator stage: pictures of held-out characters in the front view, compared with the engine's."""

import numpy as np
import torch

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.evaluation.stages.stage_data import HeldOut
from f2p_deploy.evaluation.stages.stage_result import Figure, Sheet, StageResult, badness
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.training.data.pair_tensors import to_uint8

_BATCH = 20


def measure_imitator(bundle: Bundle, held: HeldOut) -> StageResult:
    """Compare the imitator's pictures with rendered ones, as a whole and by region.

    The baseline (badness 1) always draws the mean picture. The badness is the mean over Helen's regions of
    (L1 of the imitator / L1 of the mean picture). Regions have equal weights; weighted by area, skin and background
    would hide the eyes. Without label maps, the whole picture is one region.
    """
    renders = held.front
    drawn = _draw(bundle, renders.parameters)
    truth = renders.pictures.astype(np.float32) / 255.0
    everything = truth.sum(axis=0)
    l1 = np.abs(drawn - truth).mean(axis=3)
    # Leave-one-out mean: a mean that contains the picture would be nearer to it than to an unseen one.
    others = max(1, len(truth) - 1)
    of_mean = np.stack([np.abs((everything - one) / others - one).mean(axis=2) for one in truth])
    squared = np.square(drawn - truth).mean(axis=(1, 2, 3))
    psnr = float(np.mean(-10.0 * np.log10(np.maximum(squared, 1e-10))))
    whole, nothing = float(l1.mean()), float(of_mean.mean())
    figures = [
        Figure("L1", whole, "", 0.0, nothing),
        Figure("PSNR", psnr, "dB"),
        Figure("renders", len(truth)),
    ]
    ratios = [whole / max(nothing, 1e-9)]
    if renders.labels is not None:
        ratios = []
        for number, name in enumerate(HELEN_CLASSES):
            region = renders.labels == number
            if region.any():
                here, there = float(l1[region].mean()), float(of_mean[region].mean())
                figures.append(Figure(f"L1, {name}", here, "", 0.0, there))
                ratios.append(here / max(there, 1e-9))
    sheet = Sheet(
        "Held-out characters, drawn by engine and imitator",
        {"engine": renders.pictures[:6], "imitator": np.round(drawn[:6] * 255.0).astype(np.uint8)},
        large=True,
    )
    return StageResult(
        "imitator",
        badness(float(np.mean(ratios)), 0.0, 1.0),
        "L1 to the engine's picture by region; 1 is the mean picture",
        tuple(figures),
        (sheet,),
    )


def _draw(bundle: Bundle, parameters: np.ndarray) -> np.ndarray:
    """Return (N, S, S, 3) float32 pictures in [0, 1] of (N, n) parameters."""
    with torch.inference_mode():
        parts = [to_uint8(bundle.imitator(part)) for part in torch.from_numpy(parameters).split(_BATCH)]
    return np.concatenate(parts).astype(np.float32) / 255.0
