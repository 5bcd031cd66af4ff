"""A line chart as inline SVG; the style sheet of the page sets its colours."""

import math
from collections.abc import Sequence
from html import escape

from markupsafe import Markup

_WIDTH, _HEIGHT = 420, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 16, 40


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
    low, high, step = _axis(min(values), max(values))
    first, last = places[0], places[-1]

    def x(place: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place - first) / (last - first)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low)

    lines = [
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    for i in range(round((high - low) / step) + 1):
        tick = low + i * step
        lines.append(f'<path class="grid" d="M{_LEFT} {y(tick):.1f}H{_WIDTH - _RIGHT}"/>')
        spot = f'x="{_LEFT - 8}" y="{y(tick) + 4:.1f}"'
        lines.append(f'<text class="tick" {spot} text-anchor="end">{_short(tick)}</text>')
    for i in _ticks(first, last):
        lines.append(f'<text class="tick" x="{x(i):.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{i}</text>')
    points = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in zip(places, values, strict=True))
    lines.append(f'<polyline class="line" points="{points}"/>')
    ends = ((first, values[0], "start", 8), (last, values[-1], "end", -2))
    for place, value, anchor, dx in ends:
        lines.append(f'<circle class="dot" cx="{x(place):.1f}" cy="{y(value):.1f}" r="3.5"/>')
        # The text is above the point, clear of a falling curve, or beside it at the top of the picture.
        baseline = y(value) - 9 if y(value) > _TOP + 12 else y(value) + 4
        lines.append(
            f'<text class="value" x="{x(place) + dx:.1f}" y="{baseline:.1f}" text-anchor="{anchor}">{value:.4g}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    lines.append(f'<text class="axis" x="{middle}" y="{_HEIGHT - 5}" text-anchor="middle">{escape(across)}</text>')
    centre = (_TOP + _HEIGHT - _BOTTOM) / 2
    lines.append(
        f'<text class="axis" x="12" y="{centre}" text-anchor="middle" transform="rotate(-90 12 {centre})">'
        f"{escape(up)}</text>"
    )
    lines.append("</svg>")
    return Markup("".join(lines))


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
