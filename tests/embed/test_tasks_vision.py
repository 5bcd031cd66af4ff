from pathlib import Path

from f2p_deploy.embed.tasks_vision import TASKS_VISION


def test_the_version_is_that_of_the_page(page_lock: dict) -> None:
    assert page_lock["packages"]["node_modules/@mediapipe/tasks-vision"]["version"] == TASKS_VISION.version


def test_the_installed_files_are_the_published_ones(ort_folder: Path) -> None:
    assert len(TASKS_VISION.read(ort_folder.parent / "@mediapipe" / "tasks-vision")) == 3
