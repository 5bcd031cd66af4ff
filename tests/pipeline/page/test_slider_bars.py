"""Sliders on the page: those furthest from the average, and those in which one photo's characters differ."""

import re
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.character.parameters import average
from f2p_deploy.pipeline.page.slider_bars import controllers, controllers_beside

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_the_bars_show_the_controllers_furthest_from_the_average(small_bundle: "Bundle") -> None:
    parameters = average(small_bundle.schema).with_values({"nose.ty": 0.9, "eye.tx": 0.2})
    names = re.findall(r'scope="row">([^<]+)<', controllers(parameters))
    assert names[:2] == ["nose.ty", "eye.tx"]
    assert "left:20.0%;width:30.0%" in controllers(parameters)
    assert np.isclose(parameters["nose.ty"], 0.9)


def test_the_marks_show_where_characters_differ(small_bundle: "Bundle") -> None:
    usual = average(small_bundle.schema)
    one, other = usual.with_values({"nose.ty": 0.9, "mouth.tx": 0.6}), usual.with_values({"nose.ty": 0.4})
    found = controllers_beside({"one-shot": one, "hybrid": other})
    assert re.findall(r'<th scope="row">([^<]+)<', found) == ["nose.ty", "mouth.tx"]
    assert "left:40.0%;width:50.0%" in found and "<td>0.90</td><td>0.40</td>" in found
    assert 'class="way0" style="left:90.0%"' in found and 'class="way1" style="left:40.0%"' in found
    assert "Where they differ most, 2 of 6 sliders" in found
    assert "The same in all of them" in controllers_beside({"one-shot": usual, "hybrid": usual})
