"""Nodes that wait for each other in a circle, by the order of the tree and by what their callables
read: each run that comes to them would stop there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from smithers.checks._findings import Finding
from smithers.checks._reads import reads_of
from smithers.kinds import Definition

__all__ = ["find_circles"]

Below = Callable[[Definition], tuple[Definition, ...]]
_HINT = (
    "change the order, or read a task that settles earlier; ctx.previous(task) waits for nothing"
)


class _Point(NamedTuple):
    """The start of a node, or its end."""

    id: str
    is_end: bool


class _Wait(NamedTuple):
    to: _Point
    why: str


def find_circles(root: Definition, below: Below) -> Iterator[Finding]:
    """A finding for each circle; `below` gives what is below a node, items as well."""
    by_id: dict[str, Definition] = {}
    waits: dict[_Point, list[_Wait]] = {}
    _collect(root, below, by_id, waits)
    done: set[_Point] = set()
    for point in waits:
        ring = _ring(point, waits, done)
        if ring:
            yield _finding(ring, by_id)


def _collect(
    root: Definition,
    below: Below,
    by_id: dict[str, Definition],
    waits: dict[_Point, list[_Wait]],
) -> None:
    waiting: list[tuple[Definition, list[_Wait]]] = [(root, [])]
    while waiting:
        one, around = waiting.pop()
        start, end = _Point(one.id, is_end=False), _Point(one.id, is_end=True)
        by_id[one.id] = one
        waits.setdefault(start, []).extend(around)
        waits.setdefault(end, []).append(_Wait(start, ""))
        children = below(one)
        for number, child in enumerate(children):
            mine = [_Wait(start, f"is inside {one.id!r}")]
            if one.kind.is_ordered:
                mine += (
                    _Wait(_Point(earlier.id, is_end=True), f"comes after {earlier.id!r}")
                    for earlier in children[max(0, number - 1) : number]
                )
            waiting.append((child, mine))
        if one.kind.comes_to_all:
            for child in children:  # what undoes an action belongs to the saga
                made_by = _Point(one.kind.maker(one, child).id, is_end=True)
                wait = _Wait(_Point(child.id, is_end=True), f"ends with {child.id!r}")
                waits.setdefault(made_by, []).append(wait)
        for called in one.kind.callables(one.node):
            for read in reads_of(called.call):
                id = read if isinstance(read, str) else read.id or read.address or ""
                why = f"reads {id!r} in its {called.what}"
                waits[end if called.at_end else start].append(_Wait(_Point(id, is_end=True), why))


def _ring(
    first: _Point, waits: dict[_Point, list[_Wait]], done: set[_Point]
) -> list[tuple[_Point, str]]:
    """The waits of a circle that this point leads to, or nothing."""
    trail: list[tuple[_Point, str]] = []
    open_: dict[_Point, int] = {}
    stack: list[tuple[_Point, str, bool]] = [(first, "", False)]
    while stack:
        point, why, leaving = stack.pop()
        if leaving:
            done.add(point)
            open_.pop(point)
            trail.pop()
            continue
        if point in open_:
            steps = [*trail[open_[point] :], (point, why)]
            done.update(open_)
            return [(steps[at][0], steps[at + 1][1]) for at in range(len(steps) - 1)]
        if point in done or point not in waits:
            continue
        open_[point] = len(trail)
        trail.append((point, why))
        stack.append((point, why, True))
        stack.extend((wait.to, wait.why, False) for wait in reversed(waits[point]))
    return []


def _finding(ring: list[tuple[_Point, str]], by_id: dict[str, Definition]) -> Finding:
    readers = [point.id for point, why in ring if why.startswith("reads ")]
    first = by_id[readers[0] if readers else ring[0][0].id]
    told = "".join(
        f"\n  {point.id!r} at {by_id[point.id].node.mark.place} {why}" for point, why in ring if why
    )
    said = f"these nodes wait for each other in a circle:{told}"
    return Finding(rule="circle", said=said, place=first.node.mark.place, hint=_HINT)
