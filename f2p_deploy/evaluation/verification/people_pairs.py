"""Make pairs from a folder with one subfolder of photos for each person."""

import os
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from f2p_deploy.alignment.suffixes import SUFFIXES
from f2p_deploy.evaluation.verification.pair_list import ListedPair
from f2p_deploy.system.errors import InputError

#: Number of folds of the protocol.
FOLDS = 10


def pair_people(folder: Path, seed: int = 0) -> list[ListedPair]:
    """Return all pairs of the same person and as many random pairs of two people, with folds.

    The people are shuffled and divided into ten groups, one for each fold. All pairs are made within a group, so nobody
    is in two folds, and the threshold that a fold is judged by was chosen on other people. In each fold both kinds of
    pairs are equally many: if the pairs of two people are fewer, some pairs of one person are left out. With fewer than
    20 people, a group would have nobody to be compared with, so pairs are made among all people and divided into ten
    folds at random: people are then in several folds.

    Args:
        folder: its subfolders are the people; their files with a photo's suffix are the photos.
        seed: random seed of groups and of pairs of two people.

    Returns:
        The pairs by fold, with paths relative to the folder.

    Raises:
        InputError: the folder cannot be read, or has fewer than two people, or nobody has two photos.
    """
    people = photos_of_people(folder)
    rng = np.random.default_rng(seed)
    order = [people[i] for i in rng.permutation(len(people))]
    disjoint = len(people) >= 2 * FOLDS
    groups = [order[i::FOLDS] for i in range(FOLDS)] if disjoint else [order]
    listed: list[ListedPair] = []
    for fold, group in enumerate(groups):
        same = [pair for photos in group for pair in combinations(photos, 2)]
        different = _draw_different(group, len(same), rng)
        kept = sorted(rng.permutation(len(same))[: len(different)])
        listed += [ListedPair(same[i][0], same[i][1], True, fold) for i in kept]
        listed += [ListedPair(first, second, False, fold) for first, second in different]
    if not listed:
        raise InputError(f"no person in {folder} has two photos, so there are no pairs of the same person")
    return listed if disjoint else _in_random_folds(listed, rng)


def photos_of_people(folder: Path, fewest: int = 2) -> list[tuple[str, ...]]:
    """Return the photos of each person of a folder, as paths relative to it, in the order of the names.

    Args:
        folder: its subfolders are the people.
        fewest: smallest number of people, 1 or 2.

    Raises:
        InputError: the folder cannot be read, or has fewer people.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
        people = [
            tuple(
                f"{name}/{entry.name}"
                for entry in sorted(os.scandir(folder / name), key=lambda entry: entry.name)
                if entry.is_file() and entry.name[0] != "." and Path(entry.name).suffix.lower() in SUFFIXES
            )
            for name in names
        ]
    except OSError as error:
        raise InputError(f"cannot look into the folder {folder}: {error.strerror or error}") from error
    people = [photos for photos in people if photos]
    if len(people) < fewest:
        number = "one or more" if fewest == 1 else "two or more"
        raise InputError(f"{folder} should have a subfolder of photos for each of {number} people")
    return people


def _draw_different(
    group: Sequence[tuple[str, ...]], count: int, rng: np.random.Generator
) -> list[tuple[str, str]]:
    """Return `count` random pairs of two people, or all if there are fewer; no pair twice."""
    photos = [photo for person in group for photo in person]
    owner = np.repeat(np.arange(len(group)), [len(person) for person in group])
    total = (len(photos) ** 2 - sum(len(person) ** 2 for person in group)) // 2
    if 2 * count > total:
        every = [(i, j) for i, j in combinations(range(len(photos)), 2) if owner[i] != owner[j]]
        chosen = {every[i] for i in rng.permutation(total)[:count]}
    else:  # with many people, all pairs would be too many to list
        chosen = set()
        while len(chosen) < count:
            i, j = sorted(rng.integers(0, len(photos), 2).tolist())
            if owner[i] != owner[j]:
                chosen.add((i, j))
    return [(photos[i], photos[j]) for i, j in sorted(chosen)]


def _in_random_folds(listed: Sequence[ListedPair], rng: np.random.Generator) -> list[ListedPair]:
    """Divide pairs into folds, each kind evenly."""
    divided: list[ListedPair] = []
    for kind in (True, False):
        pairs = [pair for pair in listed if pair.same is kind]
        for place, i in enumerate(rng.permutation(len(pairs))):
            divided.append(ListedPair(pairs[i].first, pairs[i].second, kind, place % FOLDS))
    return sorted(divided, key=lambda pair: pair.fold or 0)
