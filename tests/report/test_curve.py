"""The loss curve: the axes cover the values, and the points are in the right places."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from f2p_deploy.report.curve import draw_curve, draw_curves, loss_curve


@pytest.mark.parametrize(
    "losses", [[0.9, 0.5, 0.31, 0.3], [0.001, 0.0011], [2.0, 2.0, 2.0], [1e-6, 5e-7], [0.0, 0.0], [123.0, 4.5]]
)
def test_every_point_and_number_lies_in_the_picture(losses: list[float]) -> None:
    root = ElementTree.fromstring(loss_curve(losses, "a <title>"))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    (line,) = root.iter("polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert len(points) == len(losses)
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    for (_, y1), (_, y2), a, b in zip(points, points[1:], losses, losses[1:], strict=False):
        assert (y1 <= y2) if a >= b else (y1 >= y2)
    assert len(list(root.iter("path"))) >= 2


def test_first_and_last_value_and_the_axes_are_named() -> None:
    root = ElementTree.fromstring(loss_curve([0.41, 0.3, 0.1234], "loss"))
    texts = [text.text for text in root.iter("text")]
    assert {"0.41", "0.1234", "iteration", "loss"} <= set(texts)


@pytest.mark.parametrize("last", [1, 5, 20, 50, 300, 7777])
def test_iterations_have_few_ticks_and_both_ends(last: int) -> None:
    drawn = loss_curve([1.0 / (i + 1) for i in range(last + 1)], "loss")
    ticks = [int(tick) for tick in re.findall(r'text-anchor="middle">(\d+)<', drawn)]
    assert ticks[0] == 0 and ticks[-1] == last and len(ticks) <= 10


def test_values_may_stand_at_any_whole_numbers() -> None:
    root = ElementTree.fromstring(draw_curve([14, 20, 44], [1.0, 0.5, 2.0], "share", "layers", "share & more"))
    (line,) = root.iter("polyline")
    places = [float(pair.partition(",")[0]) for pair in line.attrib["points"].split()]
    assert (places[1] - places[0]) * 24 == pytest.approx((places[2] - places[1]) * 6, rel=0.01)
    assert {"14", "44", "layers", "share & more", "1", "2"} <= {text.text for text in root.iter("text")}


def test_several_curves_share_the_axes_and_have_names() -> None:
    curves = {"nose": [0.0, 0.6, 1.0], "<ear>": [0.0, 1.0]}
    root = ElementTree.fromstring(draw_curves([0, 1, 2], curves, "energy", "components", "share"))
    nose, ear = ([tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
                 for line in root.iter("polyline"))  # fmt: skip
    assert len(nose) == 3 and len(ear) == 2 and ear[1] == (nose[1][0], nose[2][1])
    assert {"nose", "<ear>", "components", "share"} <= {text.text for text in root.iter("text")}
    styles = [line.attrib["style"] for line in root.iter("polyline")]
    assert styles[0] != styles[1]
