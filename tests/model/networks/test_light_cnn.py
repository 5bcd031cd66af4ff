import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.light_cnn import LightCNN, MaxFeatureMap  # noqa: E402


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


def test_a_smaller_depth_leaves_out_blocks() -> None:
    names = LightCNN(0.1, depth=0.5).state_dict()
    assert {"block3.1.conv1.filter.weight", "block4.1.conv2.filter.bias"} <= set(names)
    assert not {"block2.1.conv1.filter.weight", "block3.2.conv1.filter.weight"} & set(names)
    with torch.no_grad():
        assert LightCNN(0.1, depth=0.1)(torch.rand(2, 1, 128, 128)).shape == (2, 256)


def test_max_feature_map_keeps_the_larger_half() -> None:
    layer = MaxFeatureMap(2, 3)
    x = torch.rand(1, 2, 5, 5)
    both = layer.filter(x)
    torch.testing.assert_close(layer(x), torch.maximum(both[:, :3], both[:, 3:]))
