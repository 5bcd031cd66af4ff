"""Parameters to a picture file."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_suffix_says_the_format(tmp_path: Path, suffix: str) -> None:
    from f2p_deploy.system.pictures import write_picture

    write_picture(tmp_path / f"a{suffix}", np.full((32, 32, 3), 128, np.uint8))
    with Image.open(tmp_path / f"a{suffix}") as picture:
        assert picture.size == (32, 32)


@pytest.mark.parametrize("size", [8, 5000])
def test_sizes_that_nobody_draws(small_bundle: "Bundle", size: int) -> None:
    from f2p_deploy.character.parameters import average
    from f2p_deploy.pipeline.drawing import draw_character

    with pytest.raises(InputError, match=f"16 to 4096 pixels, found {size}"):
        draw_character(small_bundle, average(small_bundle.schema), size=size)
