import logging
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.alignment import LandmarksFile, MediaPipeFinder, NetworkFinder, choose_finder
from f2p_deploy.alignment.landmarker_model import LANDMARKER_VARIABLE
from f2p_deploy.system.errors import InputError

pytest.importorskip("mediapipe")


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LANDMARKER_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_without_a_model_the_networks_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert isinstance(choose_finder(), NetworkFinder)
    assert "model file was not found" in caplog.text


def test_a_named_model_and_a_named_file(landmarker: Path, tmp_path: Path, astronaut: np.ndarray) -> None:
    assert isinstance(choose_finder(landmarker=landmarker), MediaPipeFinder)
    (tmp_path / "l.json").write_text("{}")
    assert isinstance(choose_finder(landmarks=tmp_path / "l.json"), LandmarksFile)
    with pytest.raises(InputError, match="not both"):
        choose_finder(landmarker=landmarker, landmarks=tmp_path / "l.json")


def test_the_variable_is_enough(landmarker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LANDMARKER_VARIABLE, str(landmarker))
    assert isinstance(choose_finder(), MediaPipeFinder)
