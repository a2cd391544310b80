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

from smithers.changes import Key
from smithers.errors import AuthorError
from smithers.kinds import Definition, agent_work, kind_of
from smithers.tree import (
    Budget,
    Node,
    Part,
    did_you_mean,
)
from smithers.values import dataclass

__all__ = [
    "MAX_DEPTH",
    "Mounts",
    "check_sees",
    "children_digest",
    "ids_around",
    "mount",
    "mount_again",
    "mount_more",
    "split_part",
]

MAX_DEPTH = 20
"""How many sequences with parts one of them can be inside of."""


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


def mount_again(one: Definition, node: Node[Any]) -> Definition:
    """The definitions of a tree that takes the place of what is mounted there."""
    made = _define(node, one.id, one.parent, one.place, one.loops, one.scope)
    made.item = one.item
    return made


def mount_more(above: Definition, children: ListLike[Node[Any]]) -> list[Definition]:
    """The definitions of those of its children of now that come after the mounted ones."""
    inner, known = above.kind.loops_below(above), len(above.children)
    return [
        _define(child, _default_id(above, children, number), above, number, inner, above.scope)
        for number, child in enumerate(children[known:], known)
    ]


def _default_id(above: Definition, children: ListLike[Node[Any]], number: int) -> str:
    """That of a child which has none of the author's: its ordinal among those of its kind."""
    kind = children[number].kind
    if children[number].id is not None:
        return ""
    ordinal = sum(child.kind == kind for child in children[: number + 1])
    return f"{above.id}/{kind}{ordinal}"


def split_part(made: Node[Any], part: Definition[Any]) -> tuple[Node[Any], tuple[Definition, ...]]:
    """The child of a part, and the part after it in the same sequence. Raises `AuthorError` if
    `made` has one inside it and is inside too many: work that is deeper could not be resumed.
    """
    if not made.children or not isinstance(made.children[-1], Part):
        return made, ()
    child, after = kind_of(made).split_part(made)
    if after is not None:
        return child, (_mount_part(after, part),)
    depth, above = 1, part.parent
    while above is not None:
        depth, above = depth + (above.node.kind == part.node.kind), above.parent
    if depth >= MAX_DEPTH:
        raise AuthorError(
            f"a Sequence with then= is inside {depth} others, which is the most",
            place=made.mark.place,
            hint="return it from then= without id=, result=, on_failure= and budget=: then its"
            " parts are added to the sequence around it",
        )
    return child, ()


def _mount_part(node: Part, before: Definition) -> Definition:
    """The definition of a part that comes after this one. The first was written with its sequence;
    all others have places after that.
    """
    sequence = before.parent
    assert sequence is not None
    number, place = before.place + 3 - len(sequence.children), before.place + 1
    default_id = f"{sequence.id}/{node.kind}{number}"
    return _define(node, default_id, sequence, place, before.loops, before.id)


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
    id = node.id or default_id
    made = Definition(
        node,
        kind_of(node),
        id,
        Key(id),
        parent,
        place,
        loops,
        scope,
        named=node.id is not None,
    )
    if node.id is None:
        node.address = id
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
        counts[child.kind] = ordinal = counts.get(child.kind, 0) + 1
        default = f"{made.id}/{child.kind}{ordinal}" if child.id is None else ""
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


_NO_ITEM: tuple[str, tuple[int, ...], str] = ("", (), "")


@dataclass(slots=True)
class Mounts:
    """Every definition that is mounted, by id. One id means one node, wherever it is written."""

    by_id: dict[str, Definition] = field(default_factory=dict[str, Definition])
    expanding: dict[str, Definition] = field(default_factory=dict[str, Definition])
    """Those of them below which others are made from data."""
    fresh: list[Definition] = field(default_factory=list[Definition])
    """Those that were added since somebody last emptied this."""
    _item: dict[str, tuple[str, tuple[int, ...], str]] = field(
        default_factory=dict[str, tuple[str, tuple[int, ...], str]]
    )
    _inside: dict[str, dict[str, Definition]] = field(
        default_factory=dict[str, dict[str, Definition]]
    )
    """The roots of the trees that are mounted below a node which makes them, by its id."""
    _missing: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """What is needed and not mounted yet, with the ids of those who need it."""
    _needed: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    """What is needed, with the ids of those who need it, or did."""

    def add(self, root: Definition, path: tuple[int, ...] = (), item: str = "") -> None:
        """Mount a tree: the workflow's, or that of one item of a `ForEach` in one iteration.

        Raises `AuthorError` for an id that is taken.
        """
        if root.parent is not None and root.parent.scope != root.scope:
            self._inside.setdefault(root.scope, {})[root.id] = root
        mine = (root.scope, path, item)  # a tree is in one scope
        for one in root.walk():
            there = self.by_id.get(one.id)
            if there is not None and not self._same(one, there, mine):
                raise _duplicate(one, there)
            if one is not there:
                self.fresh.append(one)
            self.by_id[one.id] = one
            if one.kind.expands:
                self.expanding[one.id] = one
            if root.scope:
                self._item[one.id] = mine
            elif self._item:  # it may have moved
                self._item.pop(one.id, None)

    def remove(self, root: Definition) -> list[Definition]:
        """Take a part of a tree away, with all that is mounted below it; these, for `put_back`."""
        gone: list[Definition] = []
        waiting = [root]
        self._inside.get(root.scope, {}).pop(root.id, None)
        while waiting:
            for one in waiting.pop().walk():
                if self.by_id.get(one.id) is one:
                    gone.append(one)
                    del self.by_id[one.id]
                if one.kind.expands:
                    self.expanding.pop(one.id, None)
                    waiting += self._inside.pop(one.id, {}).values()
        return gone

    def put_back(self, gone: Iterable[Definition], instead: Iterable[Definition]) -> None:
        """Undo a removal, and what was added after it."""
        for root in instead:
            for one in root.walk():
                if self.by_id.get(one.id) is one:
                    del self.by_id[one.id]
        self.by_id.update({one.id: one for one in gone})
        self.expanding.update({one.id: one for one in gone if one.kind.expands})
        self.fresh[:] = [one for one in self.fresh if self.by_id.get(one.id) is one]

    def roots(self, root: Definition) -> list[Definition]:
        """All trees that are mounted; `root` is that of the workflow."""
        return [root, *chain.from_iterable(found.values() for found in self._inside.values())]

    def _same(
        self, one: Definition, there: Definition, mine: tuple[str, tuple[int, ...], str]
    ) -> bool:
        """Whether it is the same node, rendered again or in another iteration of its loops."""
        scope, path, item = self._item.get(there.id, _NO_ITEM)
        if one is there:
            return True
        if one.node is there.node or scope != mine[0] or not scope:
            return False
        return path != mine[1] or item == mine[2]

    def check_needs(
        self, roots: Iterable[Definition], ended: Container[Key], *, complete: bool
    ) -> None:
        """Check what the tasks of trees that were mounted together need, and whose session they
        resume. Call it once all of them are mounted: a need may point forward.

        What has `ended` waits for nothing. `complete` says that nothing can be added later. Raises
        `AuthorError` for a need that is not in the tree, and for tasks that wait for each other in
        a circle.
        """
        done: set[str] = set()
        for root in roots:
            self._check_missing(root, complete=complete)
            _check_circle(self._starts(root), self.by_id, ended, done)

    def _starts(self, root: Definition) -> Iterator[Definition]:
        """Where a circle that goes through a new tree may begin."""
        for one in root.walk():
            yield one
            for id in self._missing.pop(one.id, ()):
                if id in self.by_id:
                    yield self.by_id[id]

    def needing(self, id: str) -> list[str]:
        """The ids of those who need this."""
        mine = (self.by_id.get(other) for other in self._needed.get(id, ()))
        return [
            one.id
            for one in mine
            if one is not None and any(need == id for need, _ in _waits_for(one))
        ]

    def _check_missing(self, root: Definition, *, complete: bool) -> None:
        for one in root.walk():
            for need, _ in _waits_for(one):
                self._needed.setdefault(need, {})[one.id] = None
            for need, why in chain(_waits_for(one), _sends_back(one)):
                if need not in self.by_id:
                    self._missing.setdefault(need, set()).add(one.id)
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
        return root.scope == there.scope and self._path(need) != self._path(root.id)

    def _path(self, id: str) -> tuple[int, ...]:
        return self._item.get(id, _NO_ITEM)[1]

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


def _check_circle(
    starts: Iterable[Definition],
    by_id: dict[str, Definition],
    ended: Container[Key],
    done: set[str],
) -> None:
    """Tasks that need each other, or what stands after them, could never start. `done` has the ids
    that are known to be in no circle: without it, a chain of n trees would be walked n times.
    """
    for start in starts:
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
            if id in done or id not in by_id or Key(id) in ended:
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
        if (earlier := each.id_before) is not None:
            inside = "" if each is one else f"is in {each.id!r}, which "
            yield earlier, f"{inside}comes after {earlier!r}"
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
