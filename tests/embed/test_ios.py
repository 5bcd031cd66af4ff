"""The Swift package: complete, free of syntax errors, reproducible, and refused for artifacts that do not fit."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.artifact.manifest import Parity
from f2p_deploy.embed import SwiftPackage, default_artifact, embed_ios
from f2p_deploy.embed.contract import GRAPHS
from f2p_deploy.embed.ios import CONTRACT, MODELS
from f2p_deploy.system.errors import FloorMissed, InputError


@pytest.fixture(scope="module")
def package(coreml_artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> SwiftPackage:
    return embed_ios(coreml_artifact, tmp_path_factory.mktemp("embed") / "F2PKit")


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_is_listed_is_what_is_there(package: SwiftPackage) -> None:
    assert {name: len(content) for name, content in contents(package.folder).items()} == package.files
    assert package.ios == "17" and package.to_dict()["files"] == package.files
    assert sum(count for _, count, _ in package.folders()) == len(package.files)
    assert 0 < package.models_size < sum(package.files.values())


def test_the_models_are_those_of_the_artifact(package: SwiftPackage, coreml_artifact: Artifact) -> None:
    taken = tuple(f"{coreml_artifact.manifest.graphs[graph].file}/" for graph in GRAPHS)
    assert not any((package.folder / MODELS).rglob("segment*"))  # a phone's own finder gives the points
    for name in coreml_artifact.manifest.files:
        if name.startswith(taken):
            assert (package.folder / MODELS / name).read_bytes() == (coreml_artifact.folder / name).read_bytes()


def test_every_target_and_resource_of_the_manifest_is_there(package: SwiftPackage) -> None:
    text = (package.folder / "Package.swift").read_text()
    assert '.iOS("17.0")' in text and '.macOS("14.0")' in text
    targets = re.findall(r"\.(target|testTarget)\(\s*name: \"(\w+)\"(.*?)(?=\n        \.|\n    \])", text, re.DOTALL)
    assert {name for _, name, _ in targets} == {"F2PCore", "F2PKitC", "F2PKit", "F2PCoreTests", "F2PKitTests"}
    for kind, name, rest in targets:
        folder = package.folder / {"target": "Sources", "testTarget": "Tests"}[kind] / name
        assert any(folder.iterdir())
        resources = re.findall(r'\.copy\("([^"]+)"\)', rest)
        for resource in resources:
            assert (folder / resource).exists()
        # A file that is neither a source nor a resource would cause a build warning, or be left out.
        odd = [p.name for p in folder.iterdir() if p.suffix not in (".swift", ".c") and p.name not in resources]
        assert odd in ([], ["Generated"], ["include"])
        for needed in re.findall(r'"(F2P\w+)"', rest):
            assert (package.folder / "Sources" / needed).is_dir()


def test_the_resources_that_the_swift_asks_for_are_there(package: SwiftPackage) -> None:
    asked = {
        "F2PKit": package.folder / "Sources" / "F2PKit",
        "F2PKitTests": package.folder / "Tests" / "F2PKitTests",
        "F2PCoreTests": package.folder / "Tests" / "F2PCoreTests",
    }
    found = 0
    for folder in asked.values():
        for path in folder.rglob("*.swift"):
            for name in re.findall(r'forResource: "(\w+)"', path.read_text()):
                assert (folder / name).is_dir()
                found += 1
    assert found == 4
    contract = json.loads((package.folder / CONTRACT).read_text())
    for graph in contract["graphs"].values():
        assert (package.folder / MODELS / f"{graph['package']}.mlpackage" / "Manifest.json").is_file()


def test_every_swift_c_and_c_sharp_file_parses_without_an_error(package: SwiftPackage) -> None:
    tree_sitter = pytest.importorskip("tree_sitter")
    languages = {
        ".swift": pytest.importorskip("tree_sitter_swift"),
        ".c": pytest.importorskip("tree_sitter_c"),
        ".cs": pytest.importorskip("tree_sitter_c_sharp"),
    }
    languages[".h"] = languages[".c"]
    checked = 0
    for path in package.folder.rglob("*"):
        if path.suffix in languages and path.is_file():
            parser = tree_sitter.Parser(tree_sitter.Language(languages[path.suffix].language()))
            # The lines for C++ are not visible to a C compiler.
            source = re.sub(rb"#ifdef __cplusplus\n.*?#endif\n", b"", path.read_bytes(), flags=re.DOTALL)
            assert not errors(parser.parse(source).root_node), path
            if path.suffix == ".swift":
                last = max(source.rfind(b"}"), source.rfind(b")"))
                broken = source[:last] + source[last + 1 :]
                assert errors(parser.parse(broken).root_node), f"a broken {path.name} should not parse"
            checked += 1
    assert checked >= 20


def errors(node: object) -> list[str]:
    """Return every place that the parser could not read, or where it inserted a missing token."""
    found, waiting = [], [node]
    while waiting:
        current = waiting.pop()
        if current.is_error or current.is_missing:  # type: ignore[attr-defined]
            found.append(f"line {current.start_point[0] + 1}")  # type: ignore[attr-defined]
        waiting.extend(current.children)  # type: ignore[attr-defined]
    return found


def test_the_same_artifact_gives_the_same_bytes(
    package: SwiftPackage, coreml_artifact: Artifact, tmp_path: Path
) -> None:
    again = embed_ios(coreml_artifact, tmp_path / "elsewhere" / "Kit")
    assert contents(again.folder) == contents(package.folder)


def test_a_package_of_ours_is_replaced_and_nothing_else(coreml_artifact: Artifact, tmp_path: Path) -> None:
    out = tmp_path / "F2PKit"
    embed_ios(coreml_artifact, out)
    (out / "Sources" / "F2PCore" / "Old.swift").write_text("// of an older version")
    embed_ios(coreml_artifact, out)
    assert not (out / "Sources" / "F2PCore" / "Old.swift").exists()
    other = tmp_path / "Game"
    other.mkdir()
    (other / "Package.swift").write_text("// somebody's own package")
    with pytest.raises(InputError, match="is not a package of F2PKit, so it is not replaced"):
        embed_ios(coreml_artifact, other)
    assert [path.name for path in other.iterdir()] == ["Package.swift"]


def test_an_artifact_of_another_target_is_refused(small_artifact: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs Core ML packages, but .* is of the target 'onnx': run f2p-deploy"):
        embed_ios(read_artifact(small_artifact), tmp_path / "F2PKit")
    assert not list(tmp_path.iterdir())


MISSED = Parity("render", "image", "PSNR dB", 20.0, 45.0, "higher", "astronaut", 6)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"parity": (MISSED,)}, FloorMissed, "does not compute the same face"),
        ({"batch": 4}, InputError, "batches of 4"),
        ({"hardware": {"built_for": "iOS 12 and later"}}, InputError, "'iOS 12 and later'"),
        ({"hardware": {}}, InputError, "export it again with --ios"),
    ],
)
def test_what_would_not_work_in_a_game_is_refused(
    coreml_artifact: Artifact, tmp_path: Path, change: dict, error: type[Exception], words: str
) -> None:
    wrong = Artifact(coreml_artifact.folder, replace(coreml_artifact.manifest, **change))
    with pytest.raises(error, match=re.escape(words)):
        embed_ios(wrong, tmp_path / "F2PKit")
    assert not list(tmp_path.iterdir())


def test_packages_of_other_modes_are_left_out(coreml_artifact: Artifact, tmp_path: Path) -> None:
    lean = embed_ios(coreml_artifact, tmp_path / "F2PKit", modes=["one-shot", "render"])
    contract = json.loads((lean.folder / CONTRACT).read_text())
    assert list(contract["graphs"]) == ["one_shot", "render"]
    found = {path.name for path in (lean.folder / MODELS).glob("*.mlpackage")}
    assert found == {"one_shot.mlpackage", "render.mlpackage"}
    index = json.loads((lean.folder / "Tests/F2PKitTests/Golden/golden.json").read_text())
    assert set(index["graphs"]) == {"one_shot", "render"}
    with pytest.raises(InputError, match="modes must be among one-shot, .*, found 'two-shot'"):
        embed_ios(coreml_artifact, tmp_path / "Other", modes=["two-shot"])


def test_a_missing_weight_file_is_found_before_anything_is_written(coreml_artifact: Artifact, tmp_path: Path) -> None:
    folder = shutil.copytree(coreml_artifact.folder, tmp_path / "artifact")
    next(folder.glob("step.mlpackage/Data/*/weights/weight.bin")).unlink()
    with pytest.raises(InputError, match=r"step.mlpackage/.*weight.bin is missing. Make it again"):
        read_artifact(folder)


def test_the_page_names_every_model_and_what_has_not_run(package: SwiftPackage) -> None:
    page = (package.folder / "README.md").read_text()
    for name in ("one_shot.mlpackage", "step.mlpackage", "f2p_generate", "UnityFramework", "has been run"):
        assert name in page
    assert "$" not in page.replace('"$model"', "")
    assert "These models have no shortcut" in page


def test_the_default_artifact_is_the_demo_bundles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="run f2p-deploy export --target coreml, or name"):
        default_artifact()
    Path("build/demo/coreml").mkdir(parents=True)
    assert default_artifact() == Path("build/demo/coreml")


def test_nothing_but_the_base_install_is_needed(coreml_artifact: Artifact, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['coremltools'] = sys.modules['mediapipe'] = None\n"
        "from pathlib import Path\n"
        "from f2p_deploy.artifact.artifact import read_artifact; from f2p_deploy.embed import embed_ios\n"
        f"embed_ios(read_artifact({str(coreml_artifact.folder)!r}), Path({str(tmp_path / 'Kit')!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


