"""Line charts as inline SVG; the style sheet of the page sets the colours of the axes and of a single curve."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

_WIDTH, _HEIGHT = 420, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 16, 40

#: Dash patterns of several curves, for readers who do not see the colours.
_DASHES = ("none", "7 3", "2 3", "9 3 2 3")


def loss_curve(losses: Sequence[float], title: str) -> Markup:
    """Draw the loss over the iterations, see `draw_curve`.

    Args:
        losses: two or more, before each iteration and after the last.
        title: the text for screen readers.
    """
    return draw_curve(range(len(losses)), losses, title, "iteration", "loss")


def draw_curve(places: Sequence[int], values: Sequence[float], title: str, across: str, up: str) -> Markup:
    """Draw values over integers.

    Args:
        places: x coordinates: two or more, ascending, not negative.
        values: y coordinates, one for each place.
        title: the text for screen readers.
        across, up: labels of the x axis and of the y axis.

    Returns:
        An `<svg>` element with axes, and with the first and the last value as text.
    """
    frame = _Frame.around(places, values, title)
    first, last = places[0], places[-1]
    lines = [*frame.lines(across, up)]
    lines.append(f'<polyline class="line" points="{frame.points(places, values)}"/>')
    ends = ((first, values[0], "start", 8), (last, values[-1], "end", -2))
    for place, value, anchor, dx in ends:
        lines.append(f'<circle class="dot" cx="{frame.x(place):.1f}" cy="{frame.y(value):.1f}" r="3.5"/>')
        # The text is above the point, clear of a falling curve, or beside it at the top of the picture.
        baseline = frame.y(value) - 9 if frame.y(value) > _TOP + 12 else frame.y(value) + 4
        spot = f'x="{frame.x(place) + dx:.1f}" y="{baseline:.1f}" text-anchor="{anchor}"'
        lines.append(f'<text class="value" {spot}>{value:.4g}</text>')
    return Markup("".join([*lines, "</svg>"]))


def draw_curves(
    places: Sequence[int], curves: Mapping[str, Sequence[float]], title: str, across: str, up: str
) -> Markup:
    """Draw several named curves over integers, each in a colour and a dash of its own, with a legend.

    Args:
        places, title, across, up: see `draw_curve`.
        curves: values by name, one for each place; a shorter curve ends early.

    Returns:
        An `<svg>` element.
    """
    frame = _Frame.around(places, [value for values in curves.values() for value in values], title)
    lines = [*frame.lines(across, up)]
    for number, (name, values) in enumerate(curves.items()):
        colour, dash = f"hsl({number * 360 // len(curves)} 60% 50%)", _DASHES[number % len(_DASHES)]
        style = f"stroke: {colour}; stroke-dasharray: {dash}"
        shown = list(places)[: len(values)]
        lines.append(f'<polyline class="line" style="{style}" points="{frame.points(shown, values)}"/>')
        y = _HEIGHT - _BOTTOM - 14 * (len(curves) - number) + 4
        lines.append(f'<path class="line" style="{style}" d="M{_WIDTH - 112} {y - 4}h24"/>')
        lines.append(f'<text class="tick" x="{_WIDTH - 82}" y="{y}">{escape(name)}</text>')
    return Markup("".join([*lines, "</svg>"]))


@dataclass(frozen=True)
class _Frame:
    """The axes of a chart: where a place and a value are in the picture."""

    first: int
    last: int
    low: float
    high: float
    step: float
    title: str

    @classmethod
    def around(cls, places: Sequence[int], values: Sequence[float], title: str) -> "_Frame":
        return cls(places[0], places[-1], *_axis(min(values), max(values)), title)

    def x(self, place: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place - self.first) / (self.last - self.first)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - self.low) / (self.high - self.low)

    def points(self, places: Sequence[int], values: Sequence[float]) -> str:
        return " ".join(f"{self.x(place):.1f},{self.y(value):.1f}" for place, value in zip(places, values, strict=True))

    def lines(self, across: str, up: str) -> Iterator[str]:
        """Yield the start of the element, the grid, the ticks and the labels of the axes."""
        title = escape(self.title)
        yield f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">'
        yield f"<title>{title}</title>"
        for i in range(round((self.high - self.low) / self.step) + 1):
            tick = self.low + i * self.step
            yield f'<path class="grid" d="M{_LEFT} {self.y(tick):.1f}H{_WIDTH - _RIGHT}"/>'
            spot = f'x="{_LEFT - 8}" y="{self.y(tick) + 4:.1f}"'
            yield f'<text class="tick" {spot} text-anchor="end">{_short(tick)}</text>'
        for i in _ticks(self.first, self.last):
            yield f'<text class="tick" x="{self.x(i):.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{i}</text>'
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        yield f'<text class="axis" x="{middle}" y="{_HEIGHT - 5}" text-anchor="middle">{escape(across)}</text>'
        centre = (_TOP + _HEIGHT - _BOTTOM) / 2
        yield (
            f'<text class="axis" x="12" y="{centre}" text-anchor="middle" transform="rotate(-90 12 {centre})">'
            f"{escape(up)}</text>"
        )


def _axis(lowest: float, highest: float) -> tuple[float, float, float]:
    """Return the ends of an axis that covers two values, and its tick distance (1, 2 or 5 times a power of ten)."""
    span = max(highest - lowest, abs(highest) * 0.02, 1e-9)
    magnitude = 10.0 ** math.floor(math.log10(span / 4))
    step = next(nice * magnitude for nice in (1, 2, 5, 10) if nice * magnitude >= span / 4)
    low = math.floor(lowest / step) * step
    high = max(math.ceil(highest / step) * step, low + step)
    return low, high, step


def _ticks(first: int, last: int) -> list[int]:
    step = next((nice for nice in (1, 2, 5, 10, 20, 50, 100, 200, 500) if (last - first) / nice <= 6), last - first)
    ticks = list(range(first, last + 1, step))
    return ticks if ticks[-1] == last else [*(t for t in ticks if last - t > step / 2), last]


def _short(value: float) -> str:
    return f"{value:.6g}" if abs(value) > 1e-12 else "0"
