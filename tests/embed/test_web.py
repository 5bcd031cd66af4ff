import json
import re
from pathlib import Path

import pytest

from f2p_deploy.embed import WebPage, default_onnx_artifact, embed_web
from f2p_deploy.embed.onnxruntime_web import WEBGPU_FILES
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of


@pytest.fixture(scope="module")
def page(ort_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> WebPage:
    return embed_web(default_onnx_artifact(), tmp_path_factory.mktemp("page") / "web", ort=ort_folder)


def test_every_file_of_the_contract_is_there_and_right(page: WebPage) -> None:
    contract = json.loads((page.folder / "model" / "contract.json").read_text())
    for name, record in contract["files"].items():
        path = page.folder / "model" / name
        assert (path.stat().st_size, sha256_of(path)) == (record["size"], record["sha256"])
    for graph in contract["graphs"].values():
        assert {graph["file"], *graph["weights"]} <= contract["files"].keys()


def test_golden_vectors_are_few_and_those_of_the_page(page: WebPage) -> None:
    golden = page.folder / "model" / "golden"
    index = json.loads((golden / "golden.json").read_text())
    assert set(index["graphs"]) == {"one_shot", "describe", "render", "step"}
    named = {tensor["file"] for graph in index["graphs"].values() for tensor in graph["tensors"].values()}
    assert {path.name for path in golden.iterdir()} == named | {"golden.json"}
    assert all(len(graph["samples"]) == 2 for graph in index["graphs"].values())
    assert index["graphs"]["step"]["tensors"]["locked"]["shape"] == [215]


def test_the_service_worker_keeps_the_page_but_no_weights(page: WebPage) -> None:
    kept = json.loads((page.folder / "offline.json").read_text())
    assert {"index.html", "model/contract.json", "onnxruntime/ort-wasm-simd-threaded.wasm"} <= set(kept)
    assert all((page.folder / name).is_file() for name in kept)
    assert not [name for name in kept if name.endswith((".onnx", ".safetensors"))]
    assert not {name.rpartition("/")[2] for name in kept} & set(WEBGPU_FILES)
    assert "@VERSION@" not in (page.folder / "service-worker.js").read_text()


def test_the_page_forbids_every_other_origin_and_inline_code(page: WebPage) -> None:
    html = (page.folder / "index.html").read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"', html)
    assert policy is not None and policy[1].startswith("default-src 'none'")
    others = policy[1].replace("'wasm-unsafe-eval'", "")
    assert not re.search(r"unsafe-|https?:|data:|blob:|\*", others)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|\bstyle=", html)


def test_the_same_artifact_gives_the_same_bytes(page: WebPage, ort_folder: Path, tmp_path: Path) -> None:
    again = embed_web(default_onnx_artifact(), tmp_path / "web", ort=ort_folder)
    assert again.files == page.files
    assert all(sha256_of(again.folder / name) == sha256_of(page.folder / name) for name in page.files)


def test_without_webgpu_its_files_are_left_out_and_something_else_is_not_replaced(
    ort_folder: Path, tmp_path: Path
) -> None:
    page = embed_web(default_onnx_artifact(), tmp_path / "web", ort=ort_folder, webgpu=False)
    assert not [name for name in page.files if name.rpartition("/")[2] in WEBGPU_FILES]
    assert json.loads((page.folder / "backend.json").read_text()) == {"kind": "browser", "webgpu": False}
    other = tmp_path / "mine"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="mine"):
        embed_web(default_onnx_artifact(), other, ort=ort_folder)
    assert (other / "notes.txt").read_text() == "mine"


def test_with_a_landmarker_mediapipe_is_beside_the_page(
    ort_folder: Path, landmarker: Path, tmp_path: Path
) -> None:
    library = ort_folder.parent / "@mediapipe" / "tasks-vision"
    page = embed_web(
        default_onnx_artifact(), tmp_path / "web", ort=ort_folder, landmarker=landmarker, tasks_vision=library
    )
    contract = json.loads((page.folder / "model" / "contract.json").read_text())
    assert contract["landmarker"] == "finder/face_landmarker.task" and contract["landmarker"] in contract["files"]
    kept = json.loads((page.folder / "offline.json").read_text())
    assert {"mediapipe/vision_bundle.mjs", "mediapipe/vision_wasm_module_internal.wasm"} <= set(kept)
    assert page.first < 24e6, "MediaPipe is loaded with the first photo"


def test_the_types_of_the_library_name_no_other_package(page: WebPage) -> None:
    types = list((page.folder / "character-maker" / "types").rglob("*.d.ts"))
    texts = "".join(path.read_text() for path in types if path.name != "ortNetworks.d.ts")
    assert len(types) > 10 and not re.search(r'from "(?!\.)', texts)
