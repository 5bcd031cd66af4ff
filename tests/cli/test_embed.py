"""`embed ios`, `embed android` and `embed web`: their output, and the exit codes of errors."""

from collections.abc import Callable
from pathlib import Path

import pytest


def test_the_package_is_listed(f2p: Callable, coreml_folder: Path, tmp_path: Path) -> None:
    ran = f2p("embed", "ios", "--from", coreml_folder, "-o", tmp_path / "F2PKit")
    assert ran.code == 0 and ran.err == ""
    assert ran.out.splitlines()[0].split() == ["folder", "files", "size"]
    assert "Sources/F2PKit/Models/step.mlpackage/" in ran.out and "iOS 17 or later" in ran.out
    assert (tmp_path / "F2PKit" / "Package.swift").is_file()
    found = f2p("embed", "ios", "--from", coreml_folder, "-o", tmp_path / "F2PKit", "--json").json
    assert found["ios"] == "17" and "Unity/F2PKit.cs" in found["files"]


def test_the_default_folder_is_named_after_the_bundle(
    f2p: Callable, coreml_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert f2p("embed", "ios", "--from", coreml_folder).code == 0
    assert (tmp_path / "build" / "small" / "F2PKit" / "README.md").is_file()
    ran = f2p("embed", "ios")
    assert ran.code == 2 and "there is no build/demo/coreml yet: run f2p-deploy export --target coreml" in ran.err


def test_bad_input_is_refused(f2p: Callable, small_artifact: Path, tmp_path: Path) -> None:
    ran = f2p("embed", "ios", "--from", small_artifact, "-o", tmp_path / "F2PKit")
    assert ran.code == 2 and "is of the target 'onnx': run f2p-deploy export --target coreml to make them" in ran.err
    ran = f2p("embed", "ios", "--from", tmp_path / "nothing")
    assert ran.code == 2 and "there is no such folder" in ran.err
    ran = f2p("embed", "desktop")
    assert ran.code == 2 and "No such command 'desktop'" in ran.err
    assert not (tmp_path / "F2PKit").exists()


def test_a_missed_floor_is_code_1(f2p: Callable, missed_coreml_folder: Path, tmp_path: Path) -> None:
    ran = f2p("embed", "ios", "--from", missed_coreml_folder, "-o", tmp_path / "F2PKit", "--json")
    assert ran.code == 1 and "does not compute the same face" in ran.json["error"]
    assert not (tmp_path / "F2PKit").exists()


def test_a_gradle_module_of_the_demo_bundle(f2p: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = f2p("embed", "android", "--modes", "one-shot,render", "--no-finder")
    assert ran.code == 0 and "MB of assets" in ran.out and "src/main/assets/" in ran.out
    assert (tmp_path / "build" / "demo" / "f2pkit" / "build.gradle.kts").is_file()
    found = f2p("embed", "android", "--modes", "one-shot", "--json").json
    assert found["modes"] == ["one-shot"] and "src/main/assets/f2pkit/finder/reader.onnx" in found["files"]


def test_no_gradle_module_of_bad_input(f2p: Callable, coreml_folder: Path, tmp_path: Path) -> None:
    ran = f2p("embed", "android", "--from", coreml_folder, "-o", tmp_path / "f2pkit")
    assert ran.code == 2 and "embed android needs ONNX graphs" in ran.err
    ran = f2p("embed", "android", "--modes", "two-shot", "-o", tmp_path / "f2pkit")
    assert ran.code == 2 and "modes must be among one-shot, iterative, hybrid, render, found 'two-shot'" in ran.err
    assert not (tmp_path / "f2pkit").exists()


def test_a_web_page_of_the_demo_bundle(f2p: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ort = Path(__file__).parents[2] / "web" / "node_modules" / "onnxruntime-web"
    if not ort.is_dir():
        pytest.skip("onnxruntime-web is not installed: make web")
    monkeypatch.chdir(tmp_path)
    ran = f2p("embed", "web", "--onnxruntime-web", ort)
    assert ran.code == 0 and "MB before the first picture" in ran.out
    assert (tmp_path / "build" / "demo" / "web" / "index.html").is_file()
    found = f2p("embed", "web", "--onnxruntime-web", ort, "--json").json
    assert "model/contract.json" in found["files"] and found["first"] < found["bytes"]


def test_no_web_page_of_bad_input(f2p: Callable, coreml_folder: Path, tmp_path: Path) -> None:
    ran = f2p("embed", "web", "--onnxruntime-web", tmp_path / "nothing", "-o", tmp_path / "web")
    assert ran.code == 2 and "--onnxruntime-web: there is no" in ran.err
    ran = f2p("embed", "web", "--onnxruntime-web", tmp_path, "--from", coreml_folder, "-o", tmp_path / "web")
    assert ran.code == 2 and "embed web needs ONNX graphs" in ran.err
    assert not (tmp_path / "web").exists()
