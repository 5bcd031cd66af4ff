"""Files of an embedded package: written where they are named, and listed."""

import json
from pathlib import Path

import pytest

from f2p_deploy.embed.package_files import copy_own, filled, json_bytes, put_file, sizes_of_files


def test_files_are_written_into_new_folders_and_listed(tmp_path: Path) -> None:
    put_file(tmp_path / "b" / "c" / "one.json", json_bytes({"é": 1}))
    put_file(tmp_path / "a.txt", b"12345")
    assert sizes_of_files(tmp_path) == {"a.txt": 5, "b/c/one.json": len('{\n "é": 1\n}\n'.encode())}
    assert json.loads((tmp_path / "b" / "c" / "one.json").read_text()) == {"é": 1}


def test_own_files_are_copied_into_a_folder_that_exists(tmp_path: Path) -> None:
    copy_own("android_module", tmp_path)
    assert (tmp_path / "src" / "main" / "AndroidManifest.xml").is_file()


def test_a_template_needs_all_of_its_words() -> None:
    assert "onnxruntime-android:1.2.3" in filled("android.gradle.in", onnxruntime="1.2.3")
    with pytest.raises(KeyError):
        filled("android.gradle.in")
