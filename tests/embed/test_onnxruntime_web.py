from pathlib import Path

from f2p_deploy.embed.onnxruntime_web import ONNXRUNTIME_WEB, WEBGPU_FILES


def test_the_version_is_that_of_the_page(page_lock: dict) -> None:
    assert page_lock["packages"]["node_modules/onnxruntime-web"]["version"] == ONNXRUNTIME_WEB.version


def test_the_installed_files_are_the_published_ones(ort_folder: Path) -> None:
    assert len(ONNXRUNTIME_WEB.read(ort_folder)) == 6
    assert not set(ONNXRUNTIME_WEB.read(ort_folder, WEBGPU_FILES)) & set(WEBGPU_FILES)
