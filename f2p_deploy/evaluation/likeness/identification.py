"""Identification: the rank of a person's photo among all photos, sorted by similarity to the person's character.

Photos and characters differ by a constant offset, so the mean of all photos is subtracted from photos and the mean of
all characters from characters (centred cosine). A recogniser alone is a lenient measure: read these figures together
with those of skin, hair, sex and age.
"""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.evaluation.bootstrap import DRAWS, Estimate, interval_of, share
from f2p_deploy.system.errors import InputError

#: Minimum number of people; with fewer, the mean is unreliable and every rank is high.
FEWEST_PEOPLE = 10


@dataclass(frozen=True)
class Identification:
    """Identification of photos by characters. Chance levels: rank-1 1 / N, rank-5 5 / N, median (N + 1) / 2, AUC 0.5.

    Args:
        people: N, the number of pairs.
        ranks: (N,) int, rank of the own photo among all; 1 is the most similar.
        alike: (N, N) float64 centred cosines; row: character, column: photo.
        rank_1, rank_5: share of characters whose own photo is the most similar, or among the five most similar.
        median_rank: of the own photo.
        auc: probability that a character is more similar to its own photo than to another person's.
        own, others: mean centred cosine of a character with its own photo, and with other people's.
        characters, photos: mean cosine between descriptors of different characters, and of different photos, not
            centred.
    """

    people: int
    ranks: np.ndarray
    alike: np.ndarray
    rank_1: Estimate
    rank_5: Estimate
    median_rank: Estimate
    auc: Estimate
    own: Estimate
    others: float
    characters: float
    photos: float


def identify(characters: np.ndarray, photos: np.ndarray, seed: int = 0) -> Identification:
    """Compare characters with photos of the same people.

    Args:
        characters, photos: (N, d) descriptors of one recogniser, in the same order of people.
        seed: random seed of the bootstrap over people; all photos stay in the gallery.

    Raises:
        InputError: fewer than `FEWEST_PEOPLE`, shapes that differ, or a descriptor that is not finite.
    """
    if characters.shape != photos.shape or characters.ndim != 2:
        raise InputError(f"each character needs one photo: found descriptors {characters.shape} and {photos.shape}")
    people = len(photos)
    require_people(people)
    if not (np.isfinite(characters).all() and np.isfinite(photos).all()):
        raise InputError("the recogniser gave a descriptor that is not finite")
    alike = centred(characters) @ centred(photos).T
    own, other = np.diag(alike), ~np.eye(people, dtype=bool)
    ranks = 1 + (alike > own[:, None]).sum(axis=1)
    # For each character: share of other people's photos that are less similar than the own one; ties count half.
    strangers = alike[other].reshape(people, people - 1)
    beaten = (strangers < own[:, None]).mean(axis=1) + (strangers == own[:, None]).mean(axis=1) / 2
    draws = np.random.default_rng(seed).integers(0, people, (DRAWS, people))

    def mean(values: np.ndarray) -> Estimate:
        return Estimate(float(values.mean()), *interval_of(values[draws].mean(axis=1)))

    return Identification(
        people=people,
        ranks=ranks,
        alike=alike,
        rank_1=share(ranks == 1, draws),
        rank_5=share(ranks <= 5, draws),
        median_rank=Estimate(float(np.median(ranks)), *interval_of(np.median(ranks[draws], axis=1))),
        auc=mean(beaten),
        own=mean(own),
        others=float(alike[other].mean()),
        characters=float((unit(characters) @ unit(characters).T)[other].mean()),
        photos=float((unit(photos) @ unit(photos).T)[other].mean()),
    )


def require_people(people: int) -> None:
    """Raise if there are too few people for identification.

    Raises:
        InputError: fewer than `FEWEST_PEOPLE`.
    """
    if people < FEWEST_PEOPLE:
        raise InputError(f"identification needs at least {FEWEST_PEOPLE} people, found {people}")


def centred(descriptors: np.ndarray) -> np.ndarray:
    """Return (N, d) descriptors minus their mean, scaled to length 1."""
    return unit(descriptors.astype(np.float64) - descriptors.astype(np.float64).mean(axis=0))


def unit(descriptors: np.ndarray) -> np.ndarray:
    """Return (N, d) float64 descriptors scaled to length 1."""
    values = descriptors.astype(np.float64)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
