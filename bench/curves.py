"""The cost of a step against the number of steps: the lines of the plot."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Curves
from bench.measuring import Measure, NotMeasured, measured
from bench.rows.growth import LINEAR, shape_cpu
from bench.rows.row import FULL, PEERS, Scale, by, peer, steps

__all__ = ["GROWTH", "OURS", "PANELS", "measure"]

OURS = "Smithers"
GROWTH = "structures that read state"
PANELS = ("sequence", "fan-out", GROWTH)


def measure(scale: Scale = FULL) -> Curves:
    """All lines; a point that cannot be measured is left out."""
    found: Curves = {}
    for panel, name, count, milliseconds in _points(scale):
        points = found.setdefault(panel, {}).setdefault(name, {})
        try:
            points[count] = float(f"{milliseconds().least:.4g}")
        except NotMeasured as error:
            print(f"{panel}, {name}, {count:,}: not measured: {error}")
        else:
            print(f"{panel}, {name}, {count:,}: {points[count]:g} ms", flush=True)
    return found


def _points(scale: Scale) -> Iterator[tuple[str, str, int, Measure]]:
    sizes = [10, 100, scale.steps, scale.many] if scale.peers else [10]
    for shape in ("sequence", "fan-out"):
        for count in sizes:
            yield shape, OURS, count, by(steps(scale, shape, "async", count, "cpu_s"), count, 1000)
        for name in PEERS if scale.peers else ():
            for count in sizes:
                yield shape, name, count, _peer(scale, name, shape, count)
    huge = scale.huge
    yield "fan-out", OURS, huge, by(steps(scale, "fan-out", "async", huge, "cpu_s"), huge, 1000)
    for shape in (*LINEAR, "grown"):
        for count in (scale.short, 2 * scale.short, 4 * scale.short, scale.long):
            yield GROWTH, shape, count, shape_cpu(scale, shape, count)


def _peer(scale: Scale, name: str, shape: str, count: int) -> Measure:
    repeats = 1 if count >= FULL.many else scale.repeats
    return lambda: measured(peer(name, shape, "async", count), repeats)["cpu_s"].times(1000 / count)
