"""The mounted tree: what a render gave, with ids for all nodes and the loops around each.

A definition is what stands in the tree once; the plan makes an instance of it for each iteration of
its loops. Ids of tasks are the author's. A container without one is named by its kind and its
ordinal among its like below its parent, the one use of position.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator
from collections.abc import Sequence as ListLike
from dataclasses import field
from itertools import chain, pairwise
from typing import Any

from smithers.errors import AuthorError
from smithers.kinds import Definition, agent_work, kind_of
from smithers.tree import (
    Budget,
    Node,
    did_you_mean,
)
from smithers.values import dataclass

__all__ = ["Mounts", "check_sees", "children_digest", "ids_around", "mount"]


def mount(
    node: Node[Any],
    *,
    parent: Definition | None = None,
    item: str = "",
    place: int = 0,
) -> Definition:
    """The definitions of a tree. `parent` is the `ForEach` that `node` is an item of, if any."""
    scope = parent.id if parent else ""
    loops = parent.kind.loops_below(parent) if parent else ()
    own = f"{parent.id}/{item or f'{node.kind}1'}" if parent else node.kind
    made = _define(node, own, parent, place, loops, scope)
    made.item = item
    return made


def check_sees(one: Definition, budgets: Iterable[Budget | None]) -> None:
    """A budget in dollars alone must see what each agent of a task costs. Raises `AuthorError`."""
    work = agent_work(one.node)
    if work is None or not any(each and each.is_blind for each in budgets):
        return
    for agent in work.agents:
        if not agent.can.reports_cost:
            raise AuthorError(
                f"task {one.id!r} has a budget in US dollars, but its agent {agent.name}"
                " does not report its cost",
                place=one.node.mark.place,
                hint=(
                    "also cap calls or tokens: Budget(usd=..., calls=...) or"
                    " Budget(usd=..., tokens=...)"
                ),
            )


def _define(
    node: Node[Any],
    default_id: str,
    parent: Definition | None,
    place: int,
    loops: tuple[str, ...],
    scope: str,
) -> Definition:
    made = Definition(
        node,
        kind_of(node),
        node.id or default_id,
        parent,
        place,
        loops,
        scope,
        named=node.id is not None,
    )
    node.address = made.id
    if parent is not None:
        made.budgeted = parent.budgeted
    if node.budget is not None:
        made.budgeted = (made, *made.budgeted)
    if made.budgeted:
        check_sees(made, [one.node.budget for one in made.budgeted])
    inner = made.kind.loops_below(made)
    counts: dict[str, int] = {}
    below: list[Definition] = []
    for number, child in enumerate(node.children):
        counts[child.kind] = counts.get(child.kind, 0) + 1
        default = f"{made.id}/{child.kind}{counts[child.kind]}"
        below.append(_define(child, default, made, number, inner, scope))
    made.children = tuple(below)
    made.kind.check(made)
    return made


def ids_around(root: Definition, ids: Container[str]) -> set[str]:
    """The ids of nodes in a tree that are among these, of what is around them, and of what is
    around a fan-out, whose items the tree does not show.
    """
    found: set[str] = set()
    for one in root.walk():
        above: Definition | None = one
        if one.id in ids or one.kind.expands:
            while above is not None and above.id not in found:
                found.add(above.id)
                above = above.parent
    return found


def children_digest(one: Definition) -> str:
    """A digest of a container's child ids, or empty where the author named the container."""
    if one.named:
        return ""
    return hashlib.sha256(repr(_shape(one)).encode()).hexdigest()[:16]


def _shape(one: Definition) -> tuple[object, ...]:
    children = (child.id if child.named else _shape(child) for child in one.children)
    return (one.kind.split(one.node), *children)


def _where(one: Definition) -> str:
    return str(one.node.mark.place)


@dataclass(slots=True)
class Mounts:
    """Every definition that is mounted, by id. One id means one node, wherever it is written."""

    by_id: dict[str, Definition] = field(default_factory=dict[str, Definition])
    fresh: list[Definition] = field(default_factory=list[Definition])
    """Those that were added since somebody last emptied this."""
    _item: dict[str, tuple[str, tuple[int, ...], str]] = field(
        default_factory=dict[str, tuple[str, tuple[int, ...], str]]
    )

    def add(self, root: Definition, path: tuple[int, ...] = (), item: str = "") -> None:
        """Mount a tree: the workflow's, or that of one item of a `ForEach` in one iteration.

        Raises `AuthorError` for an id that is taken.
        """
        for one in root.walk():
            there = self.by_id.get(one.id)
            mine = (one.scope, path, item)
            if there is not None and not self._same(one, there, mine):
                raise _duplicate(one, there)
            if one is not there:
                self.fresh.append(one)
            self.by_id[one.id] = one
            self._item[one.id] = mine

    def _same(
        self, one: Definition, there: Definition, mine: tuple[str, tuple[int, ...], str]
    ) -> bool:
        """Whether it is the same node, rendered again or in another iteration of its loops."""
        scope, path, item = self._item[there.id]
        if one is there:
            return True
        if one.node is there.node or scope != mine[0] or not scope:
            return False
        return path != mine[1] or item == mine[2]

    def check_needs(self, roots: Iterable[Definition], *, complete: bool) -> None:
        """Check what the tasks of trees that were mounted together need, and whose session they
        resume. Call it once all of them are mounted: a need may point forward.

        `complete` says that nothing can be added later. Raises `AuthorError` for a need that is not
        in the tree, and for tasks that wait for each other in a circle.
        """
        done: set[str] = set()
        for root in roots:
            self._check_missing(root, complete=complete)
            _check_circle(root, self.by_id, done)

    def _check_missing(self, root: Definition, *, complete: bool) -> None:
        for one in root.walk():
            for need, why in chain(_waits_for(one), _sends_back(one)):
                if self._is_missing(need, root, complete=complete):
                    guess = did_you_mean(need, self._ids())
                    raise AuthorError(
                        f"{one.node.kind} {one.id!r} {why}, which is not part of the workflow tree",
                        place=one.node.mark.place,
                        hint=f"{guess} the ids are: {', '.join(self._known())}".strip(),
                    )

    def _is_missing(self, need: str, root: Definition, *, complete: bool) -> bool:
        there = self.by_id.get(need)
        if there is None:
            return complete
        # In a loop a fan-out may have had an item that this iteration does not have.
        return root.scope == there.scope and self._item[need][1] != self._item[root.id][1]

    def _ids(self) -> ListLike[str]:
        """Of all that gives an output."""
        known = self.by_id.values()
        return [one.id for one in known if one.kind.source_of_output(one.node) is one.node]

    def _known(self) -> ListLike[str]:
        found = self._ids()
        return found if len(found) <= 12 else [*found[:12], "..."]


def _duplicate(one: Definition, there: Definition) -> AuthorError:
    if one.node is there.node:
        return AuthorError(
            f"{one.node.kind} {one.id!r} appears twice in the tree",
            place=one.node.mark.place,
            hint="a node can be used only once: make a second node with another id",
        )
    other = "" if _where(there) == _where(one) else f" and at {_where(there)}"
    where = f"here{other}" if other else "both nodes are made by this line"
    return AuthorError(
        f"the id {one.id!r} is used twice: {where}",
        place=one.node.mark.place,
        hint="give each node its own id, taken from its data",
    )


def _check_circle(root: Definition, by_id: dict[str, Definition], done: set[str]) -> None:
    """Tasks that need each other, or what stands after them, could never start. `done` has the ids
    that are known to be in no circle: without it, a chain of n trees would be walked n times.
    """
    for start in root.walk():
        if start.id in done or next(_waits_for(start), None) is None:
            continue
        trail: list[tuple[str, str]] = []
        open_: set[str] = set()
        stack: list[tuple[str, str, bool]] = [(start.id, "", False)]
        while stack:
            id, why, leaving = stack.pop()
            if leaving:
                open_.discard(id)
                done.add(id)
                trail.pop()
                continue
            if id in open_:
                raise _circle([*trail, (id, why)], by_id)
            if id in done or id not in by_id:
                continue
            open_.add(id)
            trail.append((id, why))
            stack.append((id, why, True))
            stack.extend((other, reason, False) for other, reason in _before(by_id[id]))


def _waits_for(one: Definition) -> Iterator[tuple[str, str]]:
    """The ids of what a task says that it comes after, and in which words."""
    return one.kind.needs(one.node)


def _sends_back(one: Definition) -> Iterator[tuple[str, str]]:
    """The ids of what is done again if it is denied or fails."""
    rework = one.kind.rework(one.node)
    for id in () if rework is None else rework.ids:
        yield id, f"sends back {id or 'a node'!r}"


def _before(one: Definition) -> Iterator[tuple[str, str]]:
    """The ids that must settle before this node can, and why: needs, sessions, and order."""
    yield from _waits_for(one)
    for child in one.children if one.kind.only_arranges else ():
        yield child.id, f"ends with {child.id!r}"
    each = one
    while (above := each.parent) is not None:
        if above.kind.is_ordered and each.place:
            earlier = above.children[each.place - 1]
            inside = "" if each is one else f"is in {each.id!r}, which "
            yield earlier.id, f"{inside}comes after {earlier.id!r}"
        each = above


def _circle(trail: list[tuple[str, str]], by_id: dict[str, Definition]) -> AuthorError:
    again = trail[-1][0]
    begin = next(number for number, (id, _) in enumerate(trail) if id == again)
    ring = trail[begin:]
    said = "\n".join(
        f"  {before[0]!r} at {_where(by_id[before[0]])} {after[1]}"
        for before, after in pairwise(ring)
    )
    return AuthorError(
        f"these nodes wait for each other in a circle:\n{said}",
        place=by_id[again].node.mark.place,
        hint="remove one of these dependencies, or change the order",
    )
