"""The number of residual blocks of a stage, scaled by a depth."""


def scale_blocks(blocks: int, depth: float) -> int:
    """Return a number of blocks scaled by a depth and rounded, but at least 1: no stage is left out."""
    return max(1, round(blocks * depth))
