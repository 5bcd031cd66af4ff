import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import copy_bundle, load_bundle, store_network  # noqa: E402
from f2p_deploy.model.imported import imported_networks, require_trainable, start_of  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

MARK = {"file": "light.pth.tar", "sha256": "0" * 64, "kind": "LightCNN-29v2"}


@pytest.fixture
def bundle(small_bundle, tmp_path):
    """A copy with an imported recognition network, and a segmentation network that is a start."""
    copied = copy_bundle(small_bundle, tmp_path / "copy", "copy")
    for name, mark in (("recognition", MARK), ("segmentation", MARK | {"start": True})):
        network = build_network(name, copied.schema, copied.settings)
        copied = store_network(copied, name, network, {"command": "", "imported": mark})
    return load_bundle(copied.path)


def test_imported_networks_are_named(small_bundle, bundle) -> None:
    assert imported_networks(small_bundle) == {}
    assert imported_networks(bundle) == {"recognition": MARK, "segmentation": MARK | {"start": True}}


def test_an_imported_network_is_trained_over_only_if_asked(bundle) -> None:
    with pytest.raises(InputError, match=r"imported from light\.pth\.tar: only --retrain trains over it"):
        require_trainable(bundle, "recognition")
    require_trainable(bundle, "recognition", retrain=True)
    for name in ("imitator", "segmentation", "shortcut", "priors", "refinement"):
        require_trainable(bundle, name)


def test_training_starts_from_the_imported_weights(bundle) -> None:
    from safetensors.torch import load_file

    assert start_of(bundle, "recognition") is None and start_of(bundle, "imitator") is None
    start = start_of(bundle, "segmentation")
    assert start is not None and start.training and all(weight.requires_grad for weight in start.parameters())
    torch.testing.assert_close(dict(start.state_dict()), load_file(bundle.path / "segmentation.safetensors"))


def test_the_demo_bundle_s_recogniser_counts_as_imported() -> None:
    assert imported_networks(load_bundle())["recognition"]["file"] == "dlib_face_recognition_resnet_model_v1.dat"
