"""Folders of pictures by two methods, and the selection made of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.evaluation.selection.method_folders import read_methods
from f2p_deploy.evaluation.selection.selection_set import SelectionSet, make_selection, write_key

#: Photos of the selection.
NAMES = ("anna", "ben", "cleo")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with `photos`, `plain` and `fancy`: a picture of each photo, of different sizes and formats."""
    rng = np.random.default_rng(0)
    for folder, edge, suffix in (("photos", 90, "png"), ("plain", 64, "png"), ("fancy", 80, "jpg")):
        (tmp_path / folder).mkdir()
        for name in NAMES:
            picture = Image.fromarray(rng.integers(0, 255, (edge, edge, 3), dtype=np.uint8))
            picture.save(tmp_path / folder / f"{name}.{suffix}", comment=b"fancy") if suffix == "jpg" else picture.save(
                tmp_path / folder / f"{name}.{suffix}"
            )
    return tmp_path


@pytest.fixture
def selection(pictures: Path) -> SelectionSet:
    """The selection of both methods, its key and pictures in the folder `study`."""
    methods = read_methods([f"plain={pictures / 'plain'}", f"fancy={pictures / 'fancy'}"])
    made = make_selection(methods, pictures / "photos", seed=5)
    (pictures / "study" / "pictures").mkdir(parents=True)
    write_key(made, pictures / "study")
    return made


def saved(selection: SelectionSet, judge: str, methods: dict[str, str], identity: str = "") -> dict[str, Any]:
    """Return what the page saves if a judge selects these methods, by the photo's name."""
    choices = []
    for photo in selection.photos:
        if photo.name in methods:
            order = sorted(photo.candidates.values())
            chosen = photo.candidates[methods[photo.name]]
            choices.append({"photo": photo.identity, "order": order, "chosen": chosen, "seconds": 2.5})
    return {
        "format": "f2p-selection-choices",
        "version": 1,
        "selection": selection.digest,
        "judge": judge,
        "judge_id": identity or judge,
        "saved": "2026-01-02T03:04:05Z",
        "photos": len(selection.photos),
        "choices": choices,
    }


@pytest.fixture
def judged(selection: SelectionSet, pictures: Path) -> Path:
    """A folder of choices: two judges, the first always for `fancy`, the second once, of two photos."""
    folder = pictures / "choices"
    folder.mkdir()
    for judge, methods in (("Ann", dict.fromkeys(NAMES, "fancy")), ("Bob", {"anna": "fancy", "ben": "plain"})):
        (folder / f"choices-{judge}.json").write_text(json.dumps(saved(selection, judge, methods)))
    return folder
