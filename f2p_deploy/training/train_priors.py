"""Fitting of the priors to the characters generated from real faces (section 3.5)."""

import numpy as np
import torch

from f2p_deploy.character.priors import Priors, fit_priors
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.one_shot import OneShot
from f2p_deploy.training.data.portraits import Portraits


def learn_priors(bundle: Bundle, photos: Portraits, energy: float = 0.95) -> Priors:
    """Return priors fitted to one-shot characters of all frontal training photos: each group's principal components.

    Args:
        bundle: gives the translator.
        photos: aligned portraits.
        energy: share of each group's variance to retain, in (0, 1].
    """
    one_shot = OneShot(bundle).eval()
    one_shot.prior = None
    with torch.inference_mode():
        parts = np.array_split(photos.frontal, max(1, len(photos.frontal) // 32))
        vectors = np.concatenate([one_shot(photos.images(part)).numpy() for part in parts])
    return fit_priors(bundle.schema, vectors, energy=energy)
