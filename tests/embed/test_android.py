"""The Gradle module: complete, reproducible, as small as its modes allow, and refused for artifacts that do not fit."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.artifact.manifest import Parity
from f2p_deploy.embed import AndroidModule, embed_android
from f2p_deploy.embed.android import ASSETS, CHECKED_AT_START
from f2p_deploy.system.errors import FloorMissed, InputError
from f2p_deploy.system.files import sha256_of

MISSED = Parity("render", "image", "PSNR dB", 20.0, 45.0, "higher", "astronaut", 6)


@pytest.fixture(scope="module")
def artifact(small_artifact: Path) -> Artifact:
    return read_artifact(small_artifact)


@pytest.fixture(scope="module")
def module(artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> AndroidModule:
    return embed_android(artifact, tmp_path_factory.mktemp("android") / "f2pkit")


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_is_listed_is_what_is_there(module: AndroidModule) -> None:
    assert {name: len(content) for name, content in contents(module.folder).items()} == module.files
    assert module.to_dict()["modes"] == ["one-shot", "iterative", "hybrid", "render"]
    assert sum(count for _, count, _ in module.folders()) == len(module.files)
    assert 0 < module.assets_size < sum(module.files.values())


def test_every_file_that_a_device_unpacks_is_there_once(module: AndroidModule, artifact: Artifact) -> None:
    assets = module.folder / ASSETS
    contract = json.loads((assets / "contract.json").read_text())
    named = {path for path in contents(assets) if not path.startswith("golden/")} - {"contract.json"}
    assert named == set(contract["files"])
    for name, record in contract["files"].items():
        assert (assets / name).stat().st_size == record["size"]
        if name in artifact.manifest.files:
            assert sha256_of(assets / name) == artifact.manifest.files[name].sha256
    for graph in contract["graphs"].values():
        assert {graph["file"], *graph["weights"]} <= named
    assert "segment.onnx" not in named


def test_the_start_is_checked_without_pictures_and_a_test_checks_everything(module: AndroidModule) -> None:
    for folder, names in ((ASSETS / "golden", CHECKED_AT_START), (Path("src/androidTest/assets/golden"), None)):
        index = json.loads((module.folder / folder / "golden.json").read_text())
        wanted = {"one_shot", "describe", "render", "step"}
        assert set(index["graphs"]) == (wanted if names is None else wanted & set(names))
        assert ("trajectory" in index) == (names is None)
        files = {tensor["file"] for graph in index["graphs"].values() for tensor in graph["tensors"].values()}
        files |= {tensor["file"] for tensor in index.get("trajectory", {}).values()}
        assert {path.name for path in (module.folder / folder).iterdir()} == files | {"golden.json"}


def test_graphs_of_other_modes_are_left_out(artifact: Artifact, tmp_path: Path) -> None:
    lean = embed_android(artifact, tmp_path / "lean", modes=["one-shot", "render"], finder=False)
    contract = json.loads((lean.folder / ASSETS / "contract.json").read_text())
    assert list(contract["graphs"]) == ["one_shot", "render"] and lean.modes == ("one-shot", "render")
    assert not any(name.startswith("finder/") or name.startswith("step") for name in contract["files"])
    index = json.loads((lean.folder / "src/androidTest/assets/golden/golden.json").read_text())
    assert set(index["graphs"]) == {"one_shot", "render"} and "trajectory" not in index
    assert "Modes: one-shot, render." in (lean.folder / "README.md").read_text()
    with pytest.raises(InputError, match="modes must be among one-shot, .*, found 'fast'"):
        embed_android(artifact, tmp_path / "wrong", modes=["fast"])


def test_the_same_artifact_gives_the_same_bytes(module: AndroidModule, artifact: Artifact, tmp_path: Path) -> None:
    again = embed_android(artifact, tmp_path / "elsewhere" / "Kit")
    assert contents(again.folder) == contents(module.folder)


def test_a_module_of_ours_is_replaced_and_nothing_else(artifact: Artifact, tmp_path: Path) -> None:
    out = tmp_path / "f2pkit"
    embed_android(artifact, out, modes=["render"])
    (out / "Old.kt").write_text("// of an older version")
    embed_android(artifact, out, modes=["render"])
    assert not (out / "Old.kt").exists()
    other = tmp_path / "game"
    other.mkdir()
    (other / "build.gradle.kts").write_text("// somebody's own module")
    with pytest.raises(InputError, match="is not a module of f2pkit, so it is not replaced"):
        embed_android(artifact, other)
    assert [path.name for path in other.iterdir()] == ["build.gradle.kts"]


def test_an_artifact_of_another_target_is_refused(coreml_artifact: Artifact, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="embed android needs ONNX graphs, but .* is of the target 'coreml': run f2p"):
        embed_android(coreml_artifact, tmp_path / "f2pkit")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"parity": (MISSED,)}, FloorMissed, "does not compute the same face"),
        ({"parity": ()}, InputError, "was not measured"),
        ({"batch": 4}, InputError, "batches of 4, but a game makes one"),
    ],
)
def test_what_would_not_work_in_a_game_is_refused(
    artifact: Artifact, tmp_path: Path, change: dict, error: type[Exception], words: str
) -> None:
    wrong = Artifact(artifact.folder, replace(artifact.manifest, **change))
    with pytest.raises(error, match=re.escape(words)):
        embed_android(wrong, tmp_path / "f2pkit")
    assert not list(tmp_path.iterdir())


def test_a_missing_graph_is_named_if_a_mode_needs_it(artifact: Artifact, tmp_path: Path) -> None:
    graphs = {name: entry for name, entry in artifact.manifest.graphs.items() if name != "step"}
    lacking = Artifact(artifact.folder, replace(artifact.manifest, graphs=graphs))
    with pytest.raises(InputError, match="has no graph 'step': export the bundle again"):
        embed_android(lacking, tmp_path / "f2pkit")
    assert embed_android(lacking, tmp_path / "f2pkit", modes=["one-shot"]).modes == ("one-shot",)


def test_the_manifest_removes_what_reports_to_others_and_asks_for_no_permission(module: AndroidModule) -> None:
    root = ElementTree.parse(module.folder / "src" / "main" / "AndroidManifest.xml").getroot()
    assert not root.findall("uses-permission")
    (provider,) = root.findall("application/provider")
    assert provider.get("{http://schemas.android.com/apk/res/android}name") == "ai.onnxruntime.TelemetryInitializer"
    assert provider.get("{http://schemas.android.com/tools}node") == "remove"


def test_the_only_dependencies_are_onnx_runtime_and_coroutines(module: AndroidModule) -> None:
    text = (module.folder / "build.gradle.kts").read_text()
    found = re.findall(r'^    (?:api|implementation)\("([^"]+):[0-9.]+"\)', text, re.MULTILINE)
    assert found == ["org.jetbrains.kotlinx:kotlinx-coroutines-core", "com.microsoft.onnxruntime:onnxruntime-android"]
    imported = set()
    for path in (module.folder / "src" / "main" / "kotlin").rglob("*.kt"):
        names = set(re.findall(r"^import ([a-z]+)", path.read_text(), re.MULTILINE))
        imported |= names
        if path.parent.name != "android":
            assert names <= {"java", "kotlin", "kotlinx"}, f"{path.name} is to run on any machine"
    assert imported == {"java", "kotlin", "kotlinx", "android", "ai", "f"}


def test_every_name_that_proguard_keeps_is_declared(module: AndroidModule) -> None:
    kotlin = module.folder / "src" / "main" / "kotlin"
    kept = re.findall(r"-keep class (f2p\S+)", (module.folder / "consumer-rules.pro").read_text())
    assert "f2p.kit.BlockingGenerator" in kept
    for name in kept:
        folder, _, word = name.rpartition(".")
        texts = [path.read_text() for path in (kotlin / folder.replace(".", "/")).glob("*.kt")]
        assert any(re.search(rf"\b(class|interface|object) {word}\b", text) for text in texts), name


def test_the_page_names_every_file_and_what_has_not_run(module: AndroidModule) -> None:
    page = (module.folder / "README.md").read_text()
    for words in ("one_shot.onnx", "finder/reader.onnx", "AndroidJavaObject", "`align(photo, width, height)`"):
        assert words in page
    assert "$" not in page.replace('"${it.done} of ${it.total}"', "")


def test_the_reference_cases_are_those_of_the_artifact(module: AndroidModule, artifact: Artifact) -> None:
    folder = module.folder / "src" / "test" / "resources" / "reference"
    cases = json.loads((folder / "reference.json").read_text())
    assert len(cases["characters"][0]["values"]) == np.size(artifact.manifest.first_state)
    assert (folder / "contract.json").read_bytes() == (module.folder / ASSETS / "contract.json").read_bytes()


def test_nothing_but_the_base_install_is_needed(artifact: Artifact, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['onnx'] = sys.modules['mediapipe'] = None\n"
        "from pathlib import Path\n"
        "from f2p_deploy.artifact.artifact import read_artifact; from f2p_deploy.embed import embed_android\n"
        f"embed_android(read_artifact({str(artifact.folder)!r}), Path({str(tmp_path / 'kit')!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
