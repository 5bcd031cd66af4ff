"""The number of channels of a layer, scaled by a width."""


def scale_channels(channels: int, width: float) -> int:
    """Return a number of channels scaled by a width and rounded to a multiple of 8, which fills vector units."""
    return max(8, 8 * round(channels * width / 8))
