import hashlib
import json
import os
import shutil
import signal
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import (  # noqa: E402
    copy_bundle,
    create_bundle,
    load_bundle,
    read_header,
    replace_settings,
    store_network,
    why_damaged,
)
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.model.settings import IterativeSettings, to_data  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


@pytest.fixture
def copied(small_bundle, tmp_path):
    """A bundle that a test may damage."""
    return copy_bundle(small_bundle, tmp_path / "copy", "copy")


def test_networks_come_back_as_they_were_stored(small_bundle, tmp_path) -> None:
    bundle = create_bundle(tmp_path / "new", "new", small_bundle.schema, small_bundle.settings)
    imitator = build_network("imitator", bundle.schema, bundle.settings)
    store_network(bundle, "imitator", imitator, {"command": "test"})
    again = load_bundle(tmp_path / "new")
    assert again.networks == ("imitator",)
    assert again.provenance["imitator"] == {"command": "test"}
    for name, tensor in imitator.state_dict().items():
        torch.testing.assert_close(again.imitator.state_dict()[name], tensor)
    assert not any(tensor.requires_grad for tensor in again.imitator.parameters())


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_between_a_network_and_its_hash_leaves_a_sound_bundle(copied, monkeypatch) -> None:
    from f2p_deploy.model import bundle as module

    write_whole = module.write_whole

    def interrupted(path, content) -> None:
        write_whole(path, content)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(module, "write_whole", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by a suite in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            store_network(copied, "imitator", build_network("imitator", copied.schema, copied.settings), {})
    finally:
        signal.signal(signal.SIGINT, before)
    assert load_bundle(copied.path).imitator is not None


def test_float16_storage_halves_the_file_and_rounds_the_weights(small_bundle, tmp_path) -> None:
    settings = replace(small_bundle.settings, storage="float16")
    bundle = create_bundle(tmp_path / "half", "half", small_bundle.schema, settings)
    imitator = build_network("imitator", bundle.schema, bundle.settings)
    bundle = store_network(bundle, "imitator", imitator, {})
    assert bundle.stored["imitator.safetensors"].bytes < 0.6 * small_bundle.stored["imitator.safetensors"].bytes
    weight = bundle.imitator.layers[0].weight
    assert weight.dtype is torch.float32
    torch.testing.assert_close(weight, imitator.layers[0].weight.half().float())


def test_pages_name_the_folder_of_a_bundle_that_was_named(copied) -> None:
    assert load_bundle(copied.path).label == str(copied.path) and load_bundle().label == "demo"


def test_a_missing_network_says_how_to_train_it(small_bundle, tmp_path) -> None:
    bundle = create_bundle(tmp_path / "empty", "empty", small_bundle.schema, small_bundle.settings)
    with pytest.raises(InputError, match="f2p-deploy train translator"):
        _ = bundle.translator


@pytest.mark.parametrize("keep", [0, 1000])
def test_a_truncated_file_is_named_before_anything_is_computed(copied, keep: int) -> None:
    path = copied.path / "translator.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"translator\.safetensors is damaged: it has"):
        load_bundle(copied.path)


def test_a_flipped_byte_is_found(copied) -> None:
    path = copied.path / "imitator.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"imitator\.safetensors is damaged: its SHA-256"):
        load_bundle(copied.path)


def test_a_missing_file_is_named(copied) -> None:
    (copied.path / "recognition.safetensors").unlink()
    with pytest.raises(InputError, match=r"lacks recognition\.safetensors"):
        load_bundle(copied.path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data.update(format="zip"), "does not describe a bundle"),
        (lambda data: data.update(version=99), "format version 99"),
        (lambda data: data.pop("schema"), "is damaged: 'schema' is missing"),
        (lambda data: data["schema"].pop("controllers"), "controllers"),
        (lambda data: data["settings"].update(speed=1), "unknown setting 'speed'"),
        (lambda data: data["files"].update({"../../secret": {"sha256": "", "bytes": 0}}), "own folder"),
    ],
)
def test_a_damaged_header_is_refused(copied, change, sentence: str) -> None:
    header = copied.path / "bundle.json"
    data = json.loads(header.read_text())
    change(data)
    header.write_text(json.dumps(data))
    with pytest.raises(InputError, match=sentence):
        load_bundle(copied.path)


def test_half_a_header_and_no_header_are_refused(copied, tmp_path) -> None:
    header = copied.path / "bundle.json"
    header.write_text(header.read_text()[:100])
    with pytest.raises(InputError, match=r"cannot read .*bundle\.json"):
        load_bundle(copied.path)
    with pytest.raises(InputError, match="is not a bundle"):
        load_bundle(tmp_path / "nowhere")


def test_weights_of_another_architecture_are_refused(copied) -> None:
    header = copied.path / "bundle.json"
    data = json.loads(header.read_text())
    data["settings"]["architecture"]["imitator_width"] = 0.9
    header.write_text(json.dumps(data))
    bundle = load_bundle(copied.path)
    with pytest.raises(InputError, match="does not hold the imitator"):
        _ = bundle.imitator


def test_fingerprint_follows_settings_and_weights_but_not_the_name(small_bundle, copied) -> None:
    assert copied.fingerprint == small_bundle.fingerprint
    other = replace_settings(copied, replace(copied.settings, iterative=IterativeSettings(iterations=3)))
    assert load_bundle(copied.path).settings.iterative.iterations == 3
    assert other.fingerprint != small_bundle.fingerprint
    by_class = replace(copied.settings, similarity=replace(copied.settings.similarity, weighting="class"))
    assert replace_settings(copied, by_class).fingerprint not in (other.fingerprint, small_bundle.fingerprint)


def test_depths_count_where_they_are_not_1(small_bundle) -> None:
    """Fingerprints of bundles that were stored before the depths were settings stay what they were."""
    whole = replace(small_bundle.settings.architecture, recognition_depth=1.0, segmentation_depth=1.0)
    bundle = replace(small_bundle, settings=replace(small_bundle.settings, architecture=whole))
    data = to_data(bundle.settings)
    del data["architecture"]["recognition_depth"], data["architecture"]["segmentation_depth"]
    del data["similarity"]["weighting"]
    content = {
        "schema": bundle.schema.fingerprint,
        "settings": data,
        "files": {name: entry.sha256 for name, entry in sorted(bundle.stored.items())},
    }
    assert bundle.fingerprint == hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    half = replace(whole, segmentation_depth=0.5)
    assert replace(bundle, settings=replace(bundle.settings, architecture=half)).fingerprint != bundle.fingerprint


def test_settings_cannot_change_the_architecture_of_trained_networks(copied) -> None:
    architecture = replace(copied.settings.architecture, imitator_width=0.5)
    with pytest.raises(InputError, match="cannot change"):
        replace_settings(copied, replace(copied.settings, architecture=architecture))


def test_an_existing_bundle_of_another_schema_is_not_overwritten(copied) -> None:
    other = replace(copied.schema, name="other")
    with pytest.raises(InputError, match="already holds a bundle of schema 'small'"):
        create_bundle(copied.path, "other", other, copied.settings)


def test_a_folder_in_use_is_not_copied_over(small_bundle, copied) -> None:
    with pytest.raises(InputError, match="is not empty"):
        copy_bundle(small_bundle, copied.path, "again")


def test_a_file_where_the_folder_should_be_is_one_sentence(small_bundle, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot create the bundle"):
        create_bundle(tmp_path / "file", "file", small_bundle.schema, small_bundle.settings)


def test_nothing_is_left_behind_by_a_store_that_fails(copied, monkeypatch) -> None:
    before = {path.name: path.read_bytes() for path in copied.path.iterdir()}
    shutil.rmtree(copied.path)
    with pytest.raises(InputError, match="cannot write"):
        store_network(copied, "imitator", copied_network(copied), {})
    assert before and not copied.path.exists()


def copied_network(bundle):
    return build_network("imitator", bundle.schema, bundle.settings)


def test_a_start_is_no_network_until_it_is_trained(copied) -> None:
    mark = {"file": "resnet50.pth", "sha256": "0" * 64, "kind": "ResNet-50", "start": True, "fresh": ["x"]}
    network = build_network("segmentation", copied.schema, copied.settings)
    started = store_network(copied, "segmentation", network, {"command": "import", "imported": mark})
    assert started.starts == ("segmentation",) and "segmentation" not in started.networks
    assert load_bundle(copied.path).starts == ("segmentation",)
    with pytest.raises(InputError, match="only a start: f2p-deploy train segmentation --bundle .* trains it"):
        _ = started.segmentation
    trained = store_network(started, "segmentation", network, {"command": "train"})
    assert not trained.starts and "segmentation" in trained.networks
    assert trained.provenance["segmentation"] == {"command": "train", "started_from": mark}


def test_a_header_is_read_without_the_files(copied) -> None:
    (copied.path / "imitator.safetensors").unlink()
    opened = read_header(copied.path)
    assert why_damaged(opened, "imitator.safetensors").endswith("lacks imitator.safetensors")
    assert why_damaged(opened, "translator.safetensors") == ""


def test_a_provenance_that_is_no_table_is_damage(copied) -> None:
    header = copied.path / "bundle.json"
    header.write_text(json.dumps(json.loads(header.read_text()) | {"provenance": [1]}))
    with pytest.raises(InputError, match="a value is of the wrong kind"):
        load_bundle(copied.path)
