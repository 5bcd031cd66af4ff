import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.segmentation import Segmentation  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_is_resnet_50_without_its_classifier() -> None:
    network = Segmentation()
    head = sum(tensor.numel() for tensor in network.classifier.parameters())
    assert sum(tensor.numel() for tensor in network.parameters()) - head == 25_557_032 - (2048 * 1000 + 1000)
    names = network.state_dict()
    assert {"conv1.weight", "bn1.running_var", "layer3.5.conv3.weight", "layer1.0.downsample.1.bias"} <= set(names)


@pytest.mark.parametrize(
    ("strided_stage", "edges"), [(2, (8, 8, 8, 8)), (3, (16, 8, 8, 8)), (4, (16, 16, 8, 8)), (5, (16, 16, 16, 8))]
)
def test_every_reading_of_table_3_ends_at_an_eighth(strided_stage: int, edges: tuple[int, ...]) -> None:
    network = Segmentation(width=0.1, strided_stage=strided_stage).eval()
    stages = network.features(torch.rand(1, 3, 64, 64))
    assert tuple(stages[f"conv_{k}"].shape[-1] for k in (2, 3, 4, 5)) == edges
    assert stages["logits"].shape == (1, 11, 8, 8)


def test_a_smaller_depth_leaves_out_blocks_but_no_stage() -> None:
    network = Segmentation(0.1, depth=0.1)
    assert [len(getattr(network, f"layer{k}")) for k in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert [len(getattr(Segmentation(0.1, depth=0.5), f"layer{k}")) for k in (1, 2, 3, 4)] == [2, 2, 3, 2]
    assert network(torch.rand(1, 3, 64, 64)).shape == (1, 11, 8, 8)


def test_the_table_s_reading_is_the_default() -> None:
    assert Segmentation(width=0.1).layer1[0].conv2.stride == (2, 2)


def test_refuses_a_stage_that_is_not_there() -> None:
    with pytest.raises(InputError, match="strided_stage"):
        Segmentation(strided_stage=1)
