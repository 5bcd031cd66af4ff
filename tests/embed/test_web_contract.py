import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.alignment import network_finder, searches
from f2p_deploy.alignment.judgement import SHARP
from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.artifact.manifest import FileRecord
from f2p_deploy.embed import ONNXRUNTIME_WEB, default_onnx_artifact
from f2p_deploy.embed.web_contract import FORMAT, require_web, web_contract, web_graphs, weights_of
from f2p_deploy.system.errors import FloorMissed, InputError


@pytest.fixture(scope="module")
def demo() -> Artifact:
    return default_onnx_artifact()


def test_the_weights_of_a_graph_are_those_that_onnx_names(demo: Artifact) -> None:
    onnx = pytest.importorskip("onnx")
    for graph in web_graphs(demo).values():
        model = onnx.load(demo.folder / graph.file, load_external_data=False)
        named = {
            entry.value
            for weight in model.graph.initializer
            for entry in weight.external_data
            if entry.key == "location"
        }
        assert set(weights_of(demo, graph)) == named


def test_graphs_and_files_are_listed(demo: Artifact) -> None:
    contract = web_contract(demo, {"render.onnx": FileRecord(5, "ab")})
    assert contract["format"] == FORMAT and set(contract["graphs"]) == {"one_shot", "describe", "render", "step"}
    assert contract["graphs"]["render"]["inputs"] == [{"name": "parameters", "shape": [1, 215]}]
    assert contract["graphs"]["render"]["weights"] == ["imitator.safetensors", "weights.bin"]
    assert contract["files"] == {"render.onnx": {"size": 5, "sha256": "ab"}}
    assert contract["runtime"] == f"onnxruntime-web {ONNXRUNTIME_WEB.version}"
    assert contract["limits"]["sharp"] == SHARP and "asym.brow-1" in contract["unread"]


def test_uneven_controllers_are_marked(demo: Artifact) -> None:
    controllers = {entry["name"]: entry for entry in web_contract(demo, {})["schema"]["controllers"]}
    assert controllers["asym.brow-1"]["asymmetric"] is True
    assert "asymmetric" not in controllers["eyebrows.angle"]


def test_other_artifacts_are_refused(demo: Artifact, small_artifact: Path) -> None:
    require_web(read_artifact(small_artifact))
    manifest = demo.manifest
    graphs = {name: replace(entry, file=f"{name}.mlpackage") for name, entry in manifest.graphs.items()}
    for changes, sentence in (
        ({"graphs": graphs}, "embed web needs ONNX graphs"),
        ({"graphs": {"render": manifest.graphs["render"]}}, "has no graph 'one_shot'"),
        ({"parity": ()}, "was not measured: export the bundle again"),
    ):
        with pytest.raises(InputError, match=sentence):
            require_web(replace(demo, manifest=replace(manifest, **changes)))
    missed = tuple(replace(record, value=math.nan) for record in manifest.parity)
    with pytest.raises(FloorMissed):
        require_web(replace(demo, manifest=replace(manifest, parity=missed)))


def test_the_page_finds_faces_by_the_numbers_of_the_package() -> None:
    source = Path(__file__).parents[2] / "web" / "src" / "photo" / "networkFinder.ts"
    if not source.is_file():
        pytest.skip("web/ is in a clone only")
    text = source.read_text(encoding="utf-8")
    numbers = {name: float(value) for name, value in re.findall(r"^const ([A-Z_]+) = ([\d.]+);", text, re.MULTILINE)}
    assert numbers.pop("MARGIN") == searches.MARGIN and len(numbers) > 9
    for own in ("SMALLEST_TILE", "MOST_TILES_ACROSS"):
        assert numbers.pop(own) == getattr(searches, f"_{own}")
    assert numbers.pop("MOST_FACES") == network_finder.NetworkFinder()._most_faces
    assert numbers == {name: getattr(network_finder, name) for name in numbers}
    template = re.search(r"const TEMPLATE[^=]*= \[(.*?)\];", text, re.DOTALL)
    assert template is not None
    places = [float(number) for number in re.findall(r"[\d.]+", template[1])]
    assert places == [number for place in network_finder.TEMPLATE for number in place]
