import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.dlib_resnet import DlibBlock, DlibResNet, _grown  # noqa: E402


def test_has_the_published_number_of_parameters() -> None:
    # dlib's: 29 convolutions with biases and the last layer without; its affine layers are folded.
    assert sum(tensor.numel() for tensor in DlibResNet().parameters()) == 5_607_488
    assert sum(isinstance(module, torch.nn.Conv2d) for module in DlibResNet().modules()) == 29


def test_what_is_smaller_counts_as_zero_beyond_its_edge() -> None:
    x = torch.ones(1, 2, 3, 3)
    grown = _grown(x, (2, 3), (4, 5))
    assert grown.shape == (1, 4, 5, 5)
    assert grown.sum() == x.sum()
    torch.testing.assert_close(grown[:, :2, :3, :3], x)
    assert _grown(x, (2, 3), (1, 2)) is x


def test_a_block_that_halves_takes_odd_and_even_sizes() -> None:
    for size, expected in ((35, 17), (17, 8), (8, 4), (4, 2)):  # 8 -> 3 of the convolution, 4 of the pooling
        block = DlibBlock(4, 8, halves=True, size=size)
        assert block.size == expected
        assert block(torch.rand(1, 4, size, size)).shape == (1, 8, expected, expected)


def test_gives_a_descriptor_of_each_face() -> None:
    with torch.no_grad():
        assert DlibResNet(0.25).eval()(torch.rand(2, 3, 150, 150)).shape == (2, 128)


def test_a_smaller_depth_leaves_out_blocks_but_no_stage() -> None:
    assert len(DlibResNet(0.1).blocks) == 14
    network = DlibResNet(0.1, depth=0.1).eval()
    assert [block.halves for block in network.blocks] == [False, True, True, True, True]
    with torch.no_grad():
        assert network(torch.rand(2, 3, 150, 150)).shape == (2, 128)
