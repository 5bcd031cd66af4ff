"""Sliders on the page: those furthest from the average, and those in which one photo's characters differ."""

from typing import TYPE_CHECKING

import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.pipeline.page.slider_bars import SliderTable, controllers, controllers_beside

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_the_bars_show_the_controllers_furthest_from_the_average(small_bundle: "Bundle") -> None:
    table = controllers(average(small_bundle.schema).with_values({"nose.ty": 0.9, "eye.tx": 0.2}))
    assert [bar.name for bar in table.bars[:2]] == ["nose.ty", "eye.tx"] and table.total == 6 and table.modes == ()
    above, below = table.bars[:2]
    assert (above.left, above.width, above.mean) == pytest.approx((0.5, 0.4, 0.5))
    assert (below.left, below.width, below.mean) == pytest.approx((0.2, 0.3, 0.5))
    assert above.values == pytest.approx((0.9,))


def test_the_marks_show_where_characters_differ(small_bundle: "Bundle") -> None:
    usual = average(small_bundle.schema)
    one, other = usual.with_values({"nose.ty": 0.9, "mouth.tx": 0.6}), usual.with_values({"nose.ty": 0.4})
    table = controllers_beside({"one-shot": one, "hybrid": other})
    assert [bar.name for bar in table.bars] == ["nose.ty", "mouth.tx"] and table.modes == ("one-shot", "hybrid")
    nose = table.bars[0]
    assert (nose.left, nose.width, *nose.values) == pytest.approx((0.4, 0.5, 0.9, 0.4))
    assert controllers_beside({"one-shot": usual, "hybrid": usual}) == SliderTable((), 6, ("one-shot", "hybrid"))
