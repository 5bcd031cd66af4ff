"""Importing networks: layouts of real checkpoints, LightCNN's crop, starts, mappings and refusals."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.schema import load_schema  # noqa: E402
from f2p_deploy.model.bundle import Bundle, copy_bundle, create_bundle, load_bundle, store_network  # noqa: E402
from f2p_deploy.model.graphs import bundle_graphs, why_incomplete  # noqa: E402
from f2p_deploy.model.network_import import import_network  # noqa: E402
from f2p_deploy.model.networks.known_checkpoints import PUBLISHED_PEOPLE  # noqa: E402
from f2p_deploy.model.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.model.networks.segmentation import Segmentation  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.model.setting_paths import change_settings  # noqa: E402
from f2p_deploy.model.settings import Architecture, BundleSettings  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.presets import preset_named  # noqa: E402

#: Narrow stand-ins: names and layout are those of the published files.
NARROW = BundleSettings(
    Architecture(image_size=256, segmentation_size=256, recognition_width=0.1, segmentation_width=0.1)
)


@pytest.fixture
def new(tmp_path: Path) -> Bundle:
    return create_bundle(tmp_path / "game", "game", load_schema("makehuman"), NARROW)


@pytest.fixture
def copied(small_bundle: Bundle, tmp_path: Path) -> Bundle:
    return copy_bundle(small_bundle, tmp_path / "copy", "copy")


def light_cnn_file(
    path: Path, width: float = 0.1, people: int = PUBLISHED_PEOPLE, length: int = 2, depth: float = 1.0
) -> dict[str, Any]:
    """Write LightCNN-29v2's file as its authors do; return its weights."""
    torch.manual_seed(1)
    state = {f"module.{name}": value for name, value in LightCNN(width, depth).state_dict().items()}
    classes = {"module.fc2.weight": torch.zeros(people, length)}
    optimiser = {"state": {}, "param_groups": [{"lr": 1e-5, "momentum": 0.9, "params": [0]}]}
    content = {"epoch": 80, "arch": "LightCNN", "state_dict": state | classes, "prec1": 99.1, "optimizer": optimiser}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    return state


def resnet_file(path: Path, width: float = 0.1, counters: bool = True) -> dict[str, Any]:
    """Write torchvision's ResNet-50 as torchvision does; files from before 2018 have no counters."""
    torch.manual_seed(2)
    state = dict(Segmentation(width, strided_stage=3).state_dict())
    for name in ("classifier.weight", "classifier.bias"):
        del state[name]
    if not counters:
        state = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    torch.save(state | {"fc.weight": torch.zeros(1000, 8), "fc.bias": torch.zeros(1000)}, path)
    return state


def test_the_published_light_cnn_takes_its_crop_in_a_new_bundle(new: Bundle, tmp_path: Path) -> None:
    state = light_cnn_file(tmp_path / "LightCNN_29Layers_V2_checkpoint.pth.tar")
    done = import_network(new, "recognition", tmp_path / "LightCNN_29Layers_V2_checkpoint.pth.tar", "import")
    assert done.aside == ("epoch", "arch", "prec1", "optimizer", "fc2.weight")
    assert done.recognition == ("light-cnn-29v2", "light-cnn-29v2-crop") and not done.keeps_whole_face
    again = load_bundle(new.path)
    assert again.settings.architecture.recognition == "light-cnn-29v2-crop"
    torch.testing.assert_close(again.recognition.fc.weight, state["module.fc.weight"])
    facts = again.provenance["recognition"]
    assert facts["command"] == "import" and facts["imported"]["kind"] == "LightCNN-29v2 as published"
    assert facts["imported"]["file"] == "LightCNN_29Layers_V2_checkpoint.pth.tar"
    assert len(facts["imported"]["sha256"]) == 64 and "start" not in facts["imported"]


def test_the_whole_published_network_loads_at_width_1(tmp_path: Path) -> None:
    bundle = create_bundle(tmp_path / "paper", "paper", load_schema("makehuman"), preset_named("paper").settings)
    light_cnn_file(tmp_path / "official.pth.tar", width=1.0, people=PUBLISHED_PEOPLE, length=256)
    done = import_network(bundle, "recognition", tmp_path / "official.pth.tar", "")
    assert sum(weight.numel() for weight in done.bundle.recognition.parameters()) == 10_475_872


def test_the_crop_is_inside_the_graph(copied: Bundle, new: Bundle, tmp_path: Path) -> None:
    light_cnn_file(tmp_path / "a.pth.tar")
    done = import_network(new, "recognition", tmp_path / "a.pth.tar", "").bundle
    done = store_network(done, "segmentation", build_network("segmentation", done.schema, done.settings), {})
    (graph,) = bundle_graphs(done, names=("describe",))
    face = torch.rand(1, 3, 256, 256)
    identity = graph.compute({"face": face.numpy()})["identity"]
    edge = face.clone()
    edge[..., :20] = 0.0  # the crop does not reach there
    again = graph.compute({"face": edge.numpy()})["identity"]
    torch.testing.assert_close(torch.from_numpy(again), torch.from_numpy(identity))


def test_a_bundle_that_is_trained_on_the_whole_face_keeps_it(copied: Bundle, tmp_path: Path) -> None:
    light_cnn_file(tmp_path / "a.pth.tar", depth=copied.settings.architecture.recognition_depth)
    before = copied.settings
    done = import_network(copied, "recognition", tmp_path / "a.pth.tar", "")
    assert done.keeps_whole_face and load_bundle(copied.path).settings == before
    assert done.outdated == ("translator",)
    with pytest.raises(InputError, match="cannot change: its translator is trained for it"):
        import_network(copied, "recognition", tmp_path / "a.pth.tar", "", crop=True)


def test_the_crop_is_chosen(new: Bundle, tmp_path: Path) -> None:
    light_cnn_file(tmp_path / "a.pth.tar")
    whole = import_network(new, "recognition", tmp_path / "a.pth.tar", "", crop=False)
    assert whole.recognition[1] == "light-cnn-29v2" and not whole.keeps_whole_face
    light_cnn_file(tmp_path / "tuned.pth.tar", people=10)
    assert import_network(new, "recognition", tmp_path / "tuned.pth.tar", "").recognition[1] == "light-cnn-29v2"
    cropped = import_network(new, "recognition", tmp_path / "tuned.pth.tar", "", crop=True).bundle
    assert cropped.settings.architecture.recognition == "light-cnn-29v2-crop"
    kept = import_network(cropped, "recognition", tmp_path / "tuned.pth.tar", "")
    assert kept.recognition[1] == "light-cnn-29v2-crop"
    with pytest.raises(InputError, match="--crop and --whole-face are for LightCNN"):
        import_network(new, "segmentation", tmp_path / "a.pth.tar", "", crop=True)


@pytest.mark.parametrize("counters", [True, False])
def test_torchvision_s_resnet_is_a_start(new: Bundle, tmp_path: Path, counters: bool) -> None:
    state = resnet_file(tmp_path / "resnet50-19c8e357.pth", counters=counters)
    done = import_network(new, "segmentation", tmp_path / "resnet50-19c8e357.pth", "")
    assert done.fresh == ("classifier.weight", "classifier.bias") and set(done.aside) == {"fc.weight", "fc.bias"}
    bundle = load_bundle(new.path)
    assert bundle.provenance["segmentation"]["imported"]["start"] is True
    assert bundle.starts == ("segmentation",) and not bundle.networks
    assert "train segmentation" in why_incomplete(bundle, "segment")
    with pytest.raises(InputError, match="f2p-deploy train segmentation"):
        bundle_graphs(bundle, names=("segment",))
    from f2p_deploy.model.imported import start_of

    start = start_of(bundle, "segmentation")
    assert start is not None
    torch.testing.assert_close(start.state_dict()["layer4.2.conv3.weight"], state["layer4.2.conv3.weight"])


def test_the_same_import_gives_the_same_bundle(new: Bundle, tmp_path: Path) -> None:
    resnet_file(tmp_path / "resnet.pth")
    one = import_network(new, "segmentation", tmp_path / "resnet.pth", "").bundle.stored
    torch.manual_seed(99)
    assert import_network(new, "segmentation", tmp_path / "resnet.pth", "").bundle.stored == one


def test_a_mapping_says_which_tensor_is_which(copied: Bundle, tmp_path: Path) -> None:
    import numpy

    network = build_network("recognition", copied.schema, copied.settings)
    arrays = {f"net/{name.replace('.', '/')}": value.numpy() for name, value in network.state_dict().items()}
    arrays["net/fc/weight"] = arrays["net/fc/weight"].T
    numpy.savez(tmp_path / "theirs.npz", step=numpy.int64(7), **arrays)
    rules = {name: f"net/{name.replace('.', '/')}" for name in network.state_dict()}
    rules["fc.weight"] = {"name": "net/fc/weight", "transpose": True}
    (tmp_path / "names.json").write_text(json.dumps(rules))
    done = import_network(copied, "recognition", tmp_path / "theirs.npz", "", tmp_path / "names.json")
    assert done.aside == ("step",)
    torch.testing.assert_close(load_bundle(copied.path).recognition.state_dict(), network.state_dict())
    assert done.bundle.provenance["recognition"]["imported"]["mapping"]["file"] == "names.json"


def test_a_mapping_may_leave_parts_fresh(new: Bundle, tmp_path: Path) -> None:
    state = resnet_file(tmp_path / "resnet.pth")
    torch.save({f"backbone.{name}": value for name, value in state.items()}, tmp_path / "deeplab.pth")
    (tmp_path / "names.toml").write_text('"" = "backbone"\nclassifier = false\n')
    done = import_network(new, "segmentation", tmp_path / "deeplab.pth", "", tmp_path / "names.toml")
    assert done.fresh == ("classifier.weight", "classifier.bias") and done.bundle.starts == ("segmentation",)


def refusal(bundle: Bundle, name: str, file: Path, mapping: Path | None = None) -> str:
    before = {path.name: path.read_bytes() for path in bundle.path.iterdir()}
    with pytest.raises(InputError) as caught:
        import_network(bundle, name, file, "", mapping)
    assert {path.name: path.read_bytes() for path in bundle.path.iterdir()} == before, "nothing is half-written"
    return str(caught.value)


def test_another_width_is_named_and_the_line_that_sets_it(new: Bundle, tmp_path: Path) -> None:
    light_cnn_file(tmp_path / "a.pth", width=0.5)
    said = refusal(new, "recognition", tmp_path / "a.pth")
    assert "conv1.filter.weight should be (16, 1, 5, 5), found (48, 1, 5, 5). It fits recognition_width 0.5: " in said
    line = said.split("f2p-deploy bundle set ")[1]
    assert line == f"architecture.recognition_width=0.5 --bundle {new.path}"
    settings, _ = change_settings(new.settings, [line.split()[0]])
    import_network(replace(new, settings=settings), "recognition", tmp_path / "a.pth", "")


def test_another_kind_of_recogniser_is_named(tmp_path: Path) -> None:
    bundle = create_bundle(tmp_path / "lite", "lite", load_schema("makehuman"), preset_named("lite").settings)
    light_cnn_file(tmp_path / "a.pth", width=1.0)
    said = refusal(bundle, "recognition", tmp_path / "a.pth")
    assert "does not fit this DlibResNet: " in said and "It fits light-cnn-29v2-crop: f2p-deploy bundle set " in said
    settings, _ = change_settings(bundle.settings, said.split("bundle set ")[1].split(" --bundle")[0].split())
    assert settings.architecture.recognition == "light-cnn-29v2-crop"


def test_where_networks_are_stored_a_new_bundle_is_proposed(copied: Bundle, tmp_path: Path) -> None:
    light_cnn_file(tmp_path / "a.pth", width=1.0)
    said = refusal(copied, "recognition", tmp_path / "a.pth")
    assert "It fits recognition_width 1 and recognition_depth 1: " in said
    assert said.endswith("architecture.recognition_width=1 architecture.recognition_depth=1 in a new bundle")


def test_a_foreign_network_is_refused_with_its_first_tensor(new: Bundle, tmp_path: Path) -> None:
    torch.save({"cp.resnet.conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "bisenet.pth")
    said = refusal(new, "segmentation", tmp_path / "bisenet.pth")
    assert "does not fit this Segmentation: conv1.weight should be (8, 3, 7, 7), found nothing" in said
    assert said.endswith("No name of a tensor is the network's: --mapping FILE says which is which")
    (tmp_path / "names.toml").write_text('"layer1" = "cp.resnet.layer1"')
    assert "layer1.0.conv1.weight should come from cp.resnet.layer1.0.conv1.weight" in refusal(
        new, "segmentation", tmp_path / "bisenet.pth", tmp_path / "names.toml"
    )


def test_weights_of_8_bits_are_refused(new: Bundle, tmp_path: Path) -> None:
    state = build_network("recognition", new.schema, new.settings).state_dict()
    torch.save(state | {"fc.weight": state["fc.weight"].to(torch.int8)}, tmp_path / "int8.pth")
    assert "fc.weight is int8, not floating-point" in refusal(new, "recognition", tmp_path / "int8.pth")


def test_weights_in_half_precision_are_taken(new: Bundle, tmp_path: Path) -> None:
    state = build_network("recognition", new.schema, new.settings).state_dict()
    torch.save({name: value.bfloat16() for name, value in state.items()}, tmp_path / "half.pth")
    done = import_network(new, "recognition", tmp_path / "half.pth", "")
    assert done.kind == "state dict" and done.bundle.recognition.fc.weight.dtype is torch.float32


def test_rounding_to_the_storage_of_the_bundle_is_told(new: Bundle, tmp_path: Path) -> None:
    light_cnn_file(tmp_path / "whole.pth")
    kept = import_network(new, "recognition", tmp_path / "whole.pth", "import")
    assert kept.rounded == (new.settings.storage == "float16")
    for storage in ("float16", "float32"):
        settings = replace(new.settings, storage=storage)
        bundle = create_bundle(tmp_path / storage, storage, new.schema, settings)
        assert import_network(bundle, "recognition", tmp_path / "whole.pth", "import").rounded == (storage == "float16")


def test_no_such_network(new: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no network is called 'recogniton'"):
        import_network(new, "recogniton", tmp_path / "a.pth", "")


def test_a_search_through_the_imitator_exports_with_the_crop(
    small_bundle: Bundle, small_faces: Any, tmp_path: Path, exporting: Any
) -> None:
    pytest.importorskip("onnxsim")
    from f2p_deploy.export import export_bundle

    sizes = replace(small_bundle.settings.architecture, recognition="light-cnn-29v2-crop")
    settings = replace(small_bundle.settings, architecture=sizes)
    bundle = create_bundle(tmp_path / "cropped", "cropped", small_bundle.schema, settings)
    for name in small_bundle.networks:
        bundle = store_network(bundle, name, getattr(small_bundle, name), {})
    with exporting("one_shot", "describe", "step"):
        parity = export_bundle(bundle, "onnx", tmp_path / "onnx", faces=small_faces, trajectories=0).manifest.parity
    assert {measured.graph for measured in parity} == {"describe", "step", "one_shot"}
    assert all(measured.passed for measured in parity)
