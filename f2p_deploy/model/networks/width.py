"""How a width scales a layer."""


def scale_channels(channels: int, width: float) -> int:
    """Return a number of channels scaled by a width, in whole eights so that vector units are filled."""
    return max(8, 8 * round(channels * width / 8))
