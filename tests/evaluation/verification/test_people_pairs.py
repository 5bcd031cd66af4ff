"""Pairs made of a folder of people."""

from collections.abc import Callable
from pathlib import Path

import pytest

from f2p_deploy.evaluation.verification.people_pairs import FOLDS, pair_people, photos_of_people
from f2p_deploy.system.errors import InputError


@pytest.fixture
def crowd(tmp_path: Path) -> Callable[[int, int], Path]:
    def make(people: int, photos: int) -> Path:
        for person in range(people):
            (tmp_path / f"s{person}").mkdir()
            for photo in range(photos):
                (tmp_path / f"s{person}" / f"{photo}.pgm").touch()
        return tmp_path

    return make


def person(path: str) -> str:
    return path.split("/")[0]


def test_every_pair_of_a_person_and_as_many_others_in_folds_of_other_people(crowd: Callable) -> None:
    folder = crowd(40, 5)
    listed = pair_people(folder, seed=3)
    assert sum(pair.same for pair in listed) == 40 * 10 and len(listed) == 800
    assert all((person(pair.first) == person(pair.second)) is pair.same for pair in listed)
    assert len({frozenset((pair.first, pair.second)) for pair in listed}) == 800
    folds = {number: {person(pair.first) for pair in listed if pair.fold == number} for number in range(FOLDS)}
    assert sum(len(people) for people in folds.values()) == 40 == len(set().union(*folds.values()))
    seconds = {number: {person(pair.second) for pair in listed if pair.fold == number} for number in range(FOLDS)}
    assert all(seconds[number] <= folds[number] for number in range(FOLDS))
    assert [pair.fold for pair in listed] == [i // 80 for i in range(800)]
    assert pair_people(folder, seed=3) == listed != pair_people(folder, seed=4)


def test_where_two_people_have_few_pairs_some_of_one_person_are_left_out(crowd: Callable) -> None:
    folder = crowd(20, 3)
    for i in range(20):
        for photo in range(3, 9):
            if i == 0:
                (folder / f"s{i}" / f"{photo}.pgm").touch()
    listed = pair_people(folder)
    for number in range(FOLDS):
        kinds = [pair.same for pair in listed if pair.fold == number]
        assert kinds.count(True) == kinds.count(False) >= 6
    assert max(sum(pair.fold == number for pair in listed) for number in range(FOLDS)) == 2 * 27  # 36 + 3 of one, 27


def test_a_few_people_are_in_several_folds(crowd: Callable) -> None:
    listed = pair_people(crowd(4, 5))
    assert sum(pair.same for pair in listed) == 40 and len(listed) == 80
    for number in range(FOLDS):
        kinds = [pair.same for pair in listed if pair.fold == number]
        assert kinds.count(True) == kinds.count(False) == 4


def test_only_photos_in_subfolders_count(crowd: Callable) -> None:
    folder = crowd(2, 2)
    (folder / "README").touch()
    (folder / "s0" / "notes.md").touch()
    (folder / "s0" / ".hidden.png").touch()
    (folder / "empty").mkdir()
    (folder / ".aside").mkdir()
    assert photos_of_people(folder) == [("s0/0.pgm", "s0/1.pgm"), ("s1/0.pgm", "s1/1.pgm")]


def test_too_few_people_or_photos(crowd: Callable, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two or more people"):
        pair_people(crowd(1, 3))
    with pytest.raises(InputError, match="cannot look into"):
        pair_people(tmp_path / "gone")
    other = tmp_path / "other"
    for name in "ab":
        (other / name).mkdir(parents=True)
        (other / name / "1.png").touch()
    with pytest.raises(InputError, match="no person in .* has two photos"):
        pair_people(other)
