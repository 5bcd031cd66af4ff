"""Parameters to a picture: sizes that are drawn."""

from typing import TYPE_CHECKING

import pytest

from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@pytest.mark.parametrize("size", [8, 5000])
def test_sizes_that_nobody_draws(small_bundle: "Bundle", size: int) -> None:
    from f2p_deploy.character.parameters import average
    from f2p_deploy.pipeline.drawing import draw_character

    with pytest.raises(InputError, match=f"16 to 4096 pixels, found {size}"):
        draw_character(small_bundle, average(small_bundle.schema), size=size)


def test_a_schema_of_another_engine() -> None:
    from f2p_deploy.character.schema import load_schema
    from f2p_deploy.pipeline.drawing import engine_for

    with pytest.raises(InputError, match="'justice-female' belongs to another engine .* with --engine-at"):
        engine_for(load_schema("justice-female"))
