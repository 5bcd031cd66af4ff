"""Numbers of blocks are rounded, and every stage keeps one."""

from f2p_deploy.model.networks.depth import scale_blocks


def test_numbers_of_blocks_are_scaled() -> None:
    assert [scale_blocks(blocks, 1.0) for blocks in (3, 4, 6, 3)] == [3, 4, 6, 3]
    assert [scale_blocks(blocks, 0.5) for blocks in (3, 4, 6, 3)] == [2, 2, 3, 2]
    assert [scale_blocks(blocks, 0.1) for blocks in (3, 4, 6, 3)] == [1, 1, 1, 1]
