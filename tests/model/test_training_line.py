"""The line that trains a part can be pasted: the bundle's folder is quoted, and what it needs is named."""

from pathlib import Path

import pytest

from f2p_deploy.model.training_line import NEEDED_DATA, no_part_yet, training_line


def test_the_folder_is_quoted_and_the_data_is_named() -> None:
    assert training_line(Path("my bundle"), "shortcut") == "f2p-deploy train shortcut --bundle 'my bundle'"
    assert training_line(Path("b"), "imitator") == "f2p-deploy train imitator --bundle b --front PAIRS"


def test_a_part_that_is_not_there() -> None:
    assert no_part_yet(Path("b"), "priors").endswith("train priors --bundle b --portraits PHOTOS makes them")
    assert no_part_yet(Path("b"), "shortcut").endswith("no shortcut yet: f2p-deploy train shortcut --bundle b makes it")


def test_the_data_is_what_training_asks_for() -> None:
    pytest.importorskip("torch")
    from f2p_deploy.training.data.training_sources import FROM_FRONT, FROM_VARIED, PORTRAITS_ALONE

    for stages, option in ((FROM_FRONT, "--front"), (FROM_VARIED, "--varied"), (PORTRAITS_ALONE, "--portraits")):
        assert {stage for stage, words in NEEDED_DATA.items() if option in words.split()} == set(stages)
