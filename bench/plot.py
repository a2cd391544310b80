"""The plot of cost against size, as SVG: a panel for each shape, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from bench.curves import GROWTH, OURS, PANELS
from bench.figures import Curves

__all__ = ["svg"]

_COLOURS = ("#0072B2", "#777777", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours that colour-blind readers tell apart; a line has a mark as well."""
_MARKS = ("circle", "square", "triangle", "diamond", "cross", "ring", "box")
_WIDTH, _HEIGHT = 900, 900
_TITLES = {
    "sequence": "Steps one after the other",
    "fan-out": "Steps side by side, 8 at a time",
    GROWTH: "Smithers: structures that read state",
}
_NAMES = {
    "each": "ForEach item reads its step",
    "loop": "loop",
    "needs": "chain of needs",
    "continues": "chain of continues",
    "flow": "flow",
    "then": "Sequence(then=…)",
    "grown": "function builds all n nodes",
}


Points = Mapping[int, float]


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """From a number to a place: `low` is drawn at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


def svg(curves: Curves) -> str:
    """The whole picture. A panel without points is left out."""
    panels = [(panel, curves[panel]) for panel in PANELS if curves.get(panel)]
    places = [(60, 60, 250, 330), (510, 60, 250, 330), (60, 500, 560, 330)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13" fill="#222">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *(
            part
            for (panel, lines), place in zip(panels, places, strict=False)
            for part in _panel(_TITLES[panel], lines, place)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(
    title: str, lines: Mapping[str, Points], place: tuple[int, int, int, int]
) -> Iterator[str]:
    left, top, width, height = place
    sizes = sorted({n for points in lines.values() for n in points})
    costs = [ms for points in lines.values() for ms in points.values()]
    across = _Axis(low=sizes[0], high=sizes[-1], start=left, end=left + width)
    low, high = _around(min(costs)), _around(max(costs), up=True)
    up = _Axis(low=low, high=high, start=top + height, end=top)
    yield _text(left, top - 30, title, size=16, weight="bold")
    yield _text(left, top - 12, "CPU a step (ms)")
    yield _text(left + width / 2, top + height + 38, "number of steps", anchor="middle")
    yield from _grid(across, sizes, up)
    labels: list[tuple[float, str, str]] = []
    for number, (name, points) in enumerate(lines.items()):
        colour, mark = _COLOURS[number], _MARKS[number]
        placed = [(across.at(n), up.at(ms)) for n, ms in sorted(points.items())]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        thick = 3 if name == OURS else 1.6
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{thick}"/>'
        yield from (_mark(mark, x, y, colour) for x, y in placed)
        labels.append((placed[-1][1], _NAMES.get(name, name), colour))
    yield from _labels(labels, left + width + 10)


def _around(value: float, *, up: bool = False) -> float:
    """The next of 1, 2 and 5 times a power of ten, at or beyond the value."""
    power = 10.0 ** math.floor(math.log10(value))
    steps = [power * lead for lead in (1, 2, 5, 10)]
    return min(one for one in steps if one >= value) if up else max(s for s in steps if s <= value)


def _grid(across: _Axis, sizes: Iterable[int], up: _Axis) -> Iterator[str]:
    """A line at 1, 2 and 5 times each power of ten, and at each size that was measured."""
    powers = range(math.floor(math.log10(up.low)), math.ceil(math.log10(up.high)) + 1)
    for cost in (10.0**power * lead for power in powers for lead in (1, 2, 5)):
        if up.low * 0.999 <= cost <= up.high * 1.001:
            y = up.at(cost)
            yield _line(across.start, y, across.end, y)
            yield _text(across.start - 8, y + 4, f"{cost:g}", anchor="end")
    for size in sizes:
        x = across.at(size)
        yield _line(x, up.start, x, up.end)
        yield _text(x, up.start + 18, f"{size:,}", anchor="middle")


def _labels(labels: Iterable[tuple[float, str, str]], x: float) -> Iterator[str]:
    """The names at the ends of the lines, moved down where they would cover each other."""
    free = 0.0
    for wanted, name, colour in sorted(labels):
        y = max(wanted, free)
        free = y + 16
        yield _text(x, y + 4, name, colour=colour, weight="bold" if name == OURS else "normal")


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="#ddd" stroke-width="1"/>'


def _text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 13,
    anchor: str = "start",
    weight: str = "normal",
    colour: str = "#222",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
    )


def _mark(kind: str, x: float, y: float, colour: str) -> str:
    shapes = {
        "square": "M-4 -4h8v8h-8z",
        "box": "M-4 -4h8v8h-8z",
        "triangle": "M0 -5L5 4H-5z",
        "diamond": "M0 -6L6 0L0 6L-6 0z",
        "cross": "M-4 -4L4 4M-4 4L4 -4",
    }
    fill = "white" if kind in ("ring", "box") else colour
    style = f'fill="{fill}" stroke="{colour}" stroke-width="1.6"'
    if kind in ("circle", "ring"):
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {style}/>'
    return f'<path transform="translate({x:.1f} {y:.1f})" d="{shapes[kind]}" {style}/>'
