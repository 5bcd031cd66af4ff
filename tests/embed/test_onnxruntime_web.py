import io
import tarfile
from pathlib import Path

import pytest

from f2p_deploy.embed import onnxruntime_web
from f2p_deploy.embed.onnxruntime_web import FILES, VERSION, WEBGPU_FILES
from f2p_deploy.system.errors import InputError


def test_the_version_is_that_of_the_page(page_lock: dict) -> None:
    assert page_lock["packages"]["node_modules/onnxruntime-web"]["version"] == VERSION


def test_a_folder_and_a_package_give_the_same_files(ort_folder: Path, tmp_path: Path) -> None:
    by_folder = onnxruntime_web.onnxruntime_web(ort_folder)
    assert by_folder.keys() == FILES.keys()
    package = tmp_path / "package.tgz"
    with tarfile.open(package, "w:gz", compresslevel=1) as archive:
        for name, content in by_folder.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert onnxruntime_web.onnxruntime_web(package, webgpu=False) == {
        name: content for name, content in by_folder.items() if name not in WEBGPU_FILES
    }


def test_another_version_is_refused(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes(b"another version")
    with pytest.raises(InputError, match=f"is not that of onnxruntime-web {VERSION}"):
        onnxruntime_web.onnxruntime_web(tmp_path)


def test_other_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the folder of onnxruntime-web"):
        onnxruntime_web.onnxruntime_web(tmp_path)
    text = tmp_path / "text.tgz"
    text.write_text("no archive")
    with pytest.raises(InputError, match="is not npm's package onnxruntime-web, or damaged"):
        onnxruntime_web.onnxruntime_web(text)
    with pytest.raises(InputError, match="--onnxruntime-web: there is no"):
        onnxruntime_web.require_source(tmp_path / "nothing")
