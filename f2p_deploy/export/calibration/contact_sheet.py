"""The contact sheet: all faces of a calibration set in one image, for a visual check."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

#: Edge of one face in pixels, and the most faces in a row.
EDGE, COLUMNS = 64, 32


def contact_sheet(faces: Sequence[np.ndarray]) -> Image.Image:
    """Arrange faces, (S, S, 3) uint8 each, in rows, in their order."""
    columns = min(COLUMNS, max(1, math.ceil(math.sqrt(2 * len(faces)))))
    sheet = Image.new("RGB", (columns * EDGE, math.ceil(len(faces) / columns) * EDGE), "white")
    for position, pixels in enumerate(faces):
        row, column = divmod(position, columns)
        small = Image.fromarray(pixels).resize((EDGE, EDGE), Image.Resampling.BOX)
        sheet.paste(small, (column * EDGE, row * EDGE))
    return sheet
