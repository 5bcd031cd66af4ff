import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.errors import InputError  # noqa: E402
from f2p_deploy.networks.light_cnn import LightCNN, MaxFeatureMap, load_official_checkpoint  # noqa: E402


def official_state() -> dict:
    state = {f"module.{name}": value.clone() for name, value in LightCNN().state_dict().items()}
    return state | {"module.fc2.weight": torch.zeros(80013, 256)}


def test_has_the_published_number_of_parameters_and_tensors() -> None:
    network = LightCNN()
    assert sum(tensor.numel() for tensor in network.parameters()) == 10_475_872
    assert len(network.state_dict()) == 60  # and fc2.weight makes the 61 of the authors' file


def test_names_and_shapes_are_those_of_the_authors_checkpoint() -> None:
    shapes = {name: tuple(value.shape) for name, value in LightCNN().state_dict().items()}
    assert shapes["conv1.filter.weight"] == (96, 1, 5, 5)
    assert shapes["block1.0.conv1.filter.weight"] == (96, 48, 3, 3)
    assert shapes["block4.3.conv2.filter.bias"] == (256,)
    assert shapes["group3.conv_a.filter.weight"] == (384, 192, 1, 1)
    assert shapes["group3.conv.filter.weight"] == (256, 192, 3, 3)
    assert shapes["fc.weight"] == (256, 8192)


def test_max_feature_map_keeps_the_larger_half() -> None:
    layer = MaxFeatureMap(2, 3)
    x = torch.rand(1, 2, 5, 5)
    both = layer.filter(x)
    torch.testing.assert_close(layer(x), torch.maximum(both[:, :3], both[:, 3:]))


def test_loads_a_checkpoint_as_saved_from_data_parallel(tmp_path) -> None:
    state = official_state()
    torch.save({"epoch": 1, "arch": "LightCNN", "state_dict": state, "prec1": 0.0}, tmp_path / "official.pth.tar")
    network = load_official_checkpoint(tmp_path / "official.pth.tar")
    torch.testing.assert_close(network.fc.weight, state["module.fc.weight"])


def test_refuses_another_network_and_names_the_tensor(tmp_path) -> None:
    state = official_state()
    state["module.fc.weight"] = torch.zeros(512, 8192)
    torch.save({"state_dict": state}, tmp_path / "other.pth.tar")
    with pytest.raises(InputError, match="fc.weight should be"):
        load_official_checkpoint(tmp_path / "other.pth.tar")


def test_refuses_what_is_not_a_checkpoint_or_would_run_code(tmp_path) -> None:
    (tmp_path / "text.pth").write_text("not a checkpoint")
    with pytest.raises(InputError, match=r"text\.pth"):
        load_official_checkpoint(tmp_path / "text.pth")
    torch.save({"state_dict": print}, tmp_path / "code.pth")
    with pytest.raises(InputError, match=r"code\.pth"):
        load_official_checkpoint(tmp_path / "code.pth")
