"""The choice of a run's finder, and its description."""

from pathlib import Path

import pytest

from f2p_deploy.alignment import LandmarksFile, MediaPipeFinder, NetworkFinder
from f2p_deploy.pipeline import check_finder, choose_finder_for
from f2p_deploy.system.errors import InputError


def test_offline_is_the_built_in_finder() -> None:
    chosen = choose_finder_for(offline=True)
    assert isinstance(chosen.finder, NetworkFinder)
    assert chosen.sentence == "Landmarks are found with the built-in networks."
    assert chosen.choice is not None and chosen.choice.offline and chosen.identity.startswith("networks ")


def test_without_the_model_the_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("F2P_FACE_LANDMARKER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    chosen = choose_finder_for()
    assert isinstance(chosen.finder, NetworkFinder) and "f2p-deploy landmarker" in chosen.sentence


def test_mediapipe_where_its_model_is(landmarker: Path) -> None:
    pytest.importorskip("mediapipe")
    chosen = choose_finder_for(landmarker=landmarker)
    assert isinstance(chosen.finder, MediaPipeFinder)
    assert chosen.identity.startswith("mediapipe ") and chosen.choice is not None and not chosen.choice.offline


def test_a_file_of_landmarks(tmp_path: Path) -> None:
    (tmp_path / "points.json").write_text("{}")
    chosen = choose_finder_for(landmarks=tmp_path / "points.json")
    assert isinstance(chosen.finder, LandmarksFile) and str(tmp_path / "points.json") in chosen.sentence


def test_offline_contradicts_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--offline means the built-in finder"):
        choose_finder_for(landmarker=tmp_path / "x.task", offline=True)


def test_what_is_wrong_with_a_named_file_is_known_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("F2P_FACE_LANDMARKER", raising=False)
    (tmp_path / "cut.task").write_bytes(b"PK")
    (tmp_path / "points.json").write_text("[")
    for words, sentence in (
        ({"landmarker": tmp_path / "none.task"}, "none.task is not a file"),
        ({"landmarker": tmp_path / "cut.task"}, "cut.task is not a MediaPipe task file, or damaged"),
        ({"landmarks": tmp_path / "points.json"}, "points.json"),
        ({"landmarks": tmp_path / "points.json", "offline": True}, "--offline means the built-in finder"),
    ):
        with pytest.raises(InputError, match=sentence):
            check_finder(**words)
    check_finder(offline=True)
