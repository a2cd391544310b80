"""Shapes that are flat: a step costs the same in a long run as in a short one."""

from __future__ import annotations

from bench.measuring import Figure, Figures, Measure, measured, ours
from bench.rows.row import Row, Scale, by, over, steps

__all__ = ["LINEAR", "flows", "grown", "growths", "shape_cpu"]

LINEAR = {
    "each": "items of a ForEach that read their own step, {n:,} steps",
    "loop": "a loop of {n:,} iterations",
    "needs": "a chain of {n:,} needs",
    "continues": "a chain of {n:,} continues",
    "flow": "a flow of {n:,} async steps in sequence",
    "then": "a sequence that gets its next part from then=, {n:,} steps",
}
"""What is linear by the name of its rows."""


def shape_cpu(scale: Scale, shape: str, count: int) -> Measure:
    """The CPU milliseconds of a step."""
    is_flow = shape == "flow"
    command = ours("flows", "sequence", count) if is_flow else ours("growing", shape, count)
    return by(lambda: measured(command, scale.repeats)["cpu_s"], count, 1000)


def _cpu_row(scale: Scale, shape: str, what: str, limit: float) -> Row:
    """What a step costs in a long run of a shape."""
    return Row(
        name=f"{shape}-cpu",
        what=f"CPU a step, {what}",
        unit="ms",
        limit=limit,
        measure=shape_cpu(scale, shape, scale.long),
    )


def growths(scale: Scale) -> list[Row]:
    """Two rows for each: what a step costs in a long run, and that against a short one."""
    long, short = scale.long, scale.short
    found: list[Row] = []
    for name, words in LINEAR.items():
        what = words.format(n=long)
        found.append(_cpu_row(scale, name, what, 0.5))
        found.append(
            Row(
                name=f"{name}-flat",
                what=f"CPU a step, {what} against {short:,}",
                unit="times",
                limit=1.5,
                measure=over(shape_cpu(scale, name, long), shape_cpu(scale, name, short)),
            )
        )
    return found


def flows(scale: Scale) -> list[Row]:
    """A flow that does all at once."""
    n = scale.many
    gathered = by(lambda: measured(ours("flows", "gather", n), scale.repeats)["cpu_s"], n, 1000)
    parallel = by(steps(scale, "fan-out", "async", n, "cpu_s"), n, 1000)
    return [
        Row(
            name="flow-gather",
            what=f"CPU a step, a flow that gathers {n:,} async steps, against a Parallel",
            unit="times",
            limit=1.5,
            measure=over(gathered, parallel),
        )
    ]


def grown(scale: Scale) -> list[Row]:
    """A workflow function that builds and reads n nodes is called n times, so it is not flat."""
    n, few = scale.long, scale.short

    def of(count: int) -> Figures:
        return measured(ours("growing", "grown", count), scale.repeats)

    def rest(count: int) -> Figure:
        """The CPU seconds of a step outside of the function."""
        return of(count)["cpu_s"].less(of(count)["function_s"]).times(1 / count)

    def engine() -> Figure:
        """The slope between two lengths, over the nodes that an average render keeps."""
        kept = (of(n)["nodes"].least / n) - (of(few)["nodes"].least / few)
        return rest(n).less(rest(few)).times(1_000_000 / kept).or_more(0)

    return [
        _cpu_row(
            scale,
            "read-fan-out",
            f"fan-out of {n:,} with limit=8 that the workflow function reads",
            0.6,
        ),
        _cpu_row(scale, "grown", f"a sequence of {n:,} that the workflow function makes longer", 3),
        Row(
            name="grown-engine",
            what="of it the engine's, a kept node and render",
            unit="µs",
            limit=1,
            measure=engine,
        ),
        Row(
            name="node-read",
            what=f"CPU a node that a workflow function builds and reads, {n:,} of one function",
            unit="µs",
            limit=3,
            measure=lambda: measured(ours("nodes", "function", n), scale.repeats)["node_us"],
        ),
    ]
