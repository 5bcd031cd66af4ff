import os
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment import MediaPipeFinder  # noqa: E402
from f2p_deploy.model.settings import AlignmentTemplate  # noqa: E402
from f2p_deploy.system.errors import F2PError  # noqa: E402
from f2p_deploy.training.data.aligning import FinderProcesses, align_one, look_at_all  # noqa: E402


class EndingFinder:
    """A finder that kills the process that opens it, as a system without memory does."""

    def __init__(self) -> None:
        os._exit(9)


def test_several_processes_find_what_one_finds(photo: Path, landmarker: Path) -> None:
    pytest.importorskip("mediapipe")
    for i in range(5):
        shutil.copy(photo, photo.with_name(f"{i}.png"))
    (photo.parent / "broken.jpg").write_text("not a picture")
    photos, template = sorted(photo.parent.iterdir()), AlignmentTemplate()
    opener = partial(MediaPipeFinder, landmarker)
    look = partial(align_one, template=template, size=128)
    found = list(look_at_all(look, photos, opener(), FinderProcesses(2, opener)))
    assert [isinstance(aligned, str) for aligned in found] == [path.name == "broken.jpg" for path in photos]
    alone = look(photo, opener())
    assert isinstance(alone, dict)
    for aligned in found:
        if isinstance(aligned, dict):
            assert aligned.keys() == alone.keys()
            for name, value in alone.items():
                np.testing.assert_array_equal(aligned[name], value)


def test_a_killed_process_is_told(photo: Path) -> None:
    with pytest.raises(F2PError, match="was killed, as happens when memory runs out"):
        list(look_at_all(str, [photo] * 9, None, FinderProcesses(2, EndingFinder)))
