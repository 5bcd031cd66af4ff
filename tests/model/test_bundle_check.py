from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import copy_bundle, create_bundle, load_bundle, store_network  # noqa: E402
from f2p_deploy.model.bundle_check import BundleCheck, check_whole_bundle  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.system.errors import FloorMissed, InputError  # noqa: E402


@pytest.fixture
def copied(small_bundle, tmp_path):
    """A bundle that a test may damage."""
    return copy_bundle(small_bundle, tmp_path / "copy", "copy")


def states(check: BundleCheck) -> dict[str, str]:
    return {part.part: part.state for part in check.parts}


def test_a_whole_bundle(copied) -> None:
    check = check_whole_bundle(copied.path)
    check.require_whole()
    found = states(check)
    assert {found[name] for name in ("bundle.json", *copied.stored)} == {"ok"}
    assert found["graph step"] == "ok" and found["graph step_fast"] == "left out"
    assert check.count("damaged") == check.count("missing") == 0


def test_the_demo_bundle_is_whole_and_its_recogniser_imported() -> None:
    from f2p_deploy.model.bundle import demo_bundle_path

    check = check_whole_bundle(demo_bundle_path())
    check.require_whole()
    found = states(check)
    assert found["manifest.json"] == "ok" and found["graph segment"] == "ok"
    (recognition,) = (part for part in check.parts if part.part == "recognition")
    assert recognition.state == "note" and "dlib_face_recognition_resnet_model_v1.dat" in recognition.detail


def test_every_damaged_file_is_found(copied) -> None:
    (copied.path / "imitator.safetensors").unlink()
    path = copied.path / "translator.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    check = check_whole_bundle(copied.path)
    found = states(check)
    assert found["imitator.safetensors"] == found["translator.safetensors"] == "damaged"
    assert found["recognition.safetensors"] == "ok" and "graph render" not in found
    with pytest.raises(InputError, match=r"^the bundle .* lacks imitator\.safetensors, and 1 more$"):
        check.require_whole()


def test_weights_that_do_not_fit_the_settings_are_damage(copied) -> None:
    header = copied.path / "bundle.json"
    header.write_text(header.read_text().replace('"imitator_width": 0.1', '"imitator_width": 0.9'))
    with pytest.raises(InputError, match=r"imitator\.safetensors does not hold the imitator"):
        check_whole_bundle(copied.path).require_whole()


def test_what_is_missing_is_named_with_the_command_that_makes_it(small_bundle, tmp_path) -> None:
    bundle = create_bundle(tmp_path / "new", "new", small_bundle.schema, small_bundle.settings)
    check = check_whole_bundle(bundle.path)
    assert states(check)["graph one_shot"] == "missing"
    with pytest.raises(FloorMissed, match=r"^graph one_shot: .* no recognition yet: f2p-deploy train recognition"):
        check.require_whole()


def test_a_shortcut_of_other_networks_is_missing(copied) -> None:
    shortcut = build_network("shortcut", copied.schema, copied.settings)
    store_network(copied, "shortcut", shortcut, {"described_by": "other"})
    with pytest.raises(FloorMissed, match="graph step_fast: the shortcut .* was trained for other networks"):
        check_whole_bundle(copied.path).require_whole()


def test_imported_parts_and_starts_are_told(copied) -> None:
    mark = {"file": "a.pth", "sha256": "0" * 64, "kind": "state dict"}
    bundle = copied
    for name, start in (("recognition", {}), ("segmentation", {"start": True})):
        network = build_network(name, copied.schema, copied.settings)
        bundle = store_network(bundle, name, network, {"imported": mark | start})
    check = check_whole_bundle(bundle.path)
    found = {part.part: (part.state, part.detail) for part in check.parts}
    assert found["recognition"] == ("note", "imported from a.pth (state dict); not trained over without --retrain")
    assert found["segmentation"][0] == "missing" and "train segmentation --bundle" in found["segmentation"][1]
    assert found["graph segment"][0] == "missing"


def test_an_artifact_of_an_earlier_state(carrying_bundle, tmp_path) -> None:
    import shutil

    from f2p_deploy.model.bundle import replace_settings
    from f2p_deploy.model.setting_paths import change_settings

    folder = tmp_path / "copy"
    shutil.copytree(carrying_bundle.path, folder)
    assert states(check_whole_bundle(folder))["manifest.json"] == "ok"
    bundle = load_bundle(folder)
    replace_settings(bundle, change_settings(bundle.settings, ["hybrid.iterations=3"])[0])
    check = check_whole_bundle(folder)
    found = {part.part: (part.state, part.detail) for part in check.parts}["manifest.json"]
    assert found[0] == "note" and "made before the bundle was changed" in found[1]
    check.require_whole()  # nothing is left to train


def test_without_pytorch_the_files_are_checked(copied, monkeypatch) -> None:
    monkeypatch.setattr("f2p_deploy.model.bundle_check.missing_modules", lambda extra: ("torch",))
    found = states(check_whole_bundle(copied.path))
    assert found["graphs"] == "note" and found["imitator.safetensors"] == "ok"


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a bundle"):
        check_whole_bundle(tmp_path)
