"""Brings the tree and its plan up to what a render gave, and leaves alone what is the same.

A definition whose node has the same id and kind and equal fields stays, with its instances; only
its node is that of now. Children that come after the last one of a container are added. All else is
planned from the state, below the lowest container that is under way before and after: as if the
whole plan were made anew, which is what is done where there is no such container.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Any, NamedTuple

from smithers.changes import Key
from smithers.engine.ahead import plan_alone, whole
from smithers.engine.edits import check_added
from smithers.engine.mount import mount_again, mount_more
from smithers.engine.plan import Plan
from smithers.engine.render import Again, Renderer
from smithers.engine.scopes import Scope
from smithers.errors import AuthorError
from smithers.kinds import Definition, Instance
from smithers.tree import Node
from smithers.values import dataclass

__all__ = ["Reconciled", "reconcile"]


class Reconciled(NamedTuple):
    """What has come of it: `fresh` are the trees that were mounted, `gone` the instances that are
    no longer, `left` the definitions, and `scopes` were rendered.
    """

    fresh: list[Definition]
    gone: list[Instance]
    left: list[Definition]
    scopes: list[Scope]


@dataclass(slots=True)
class _Change:
    """What happens to one scope: `replaced` are definitions with their nodes of now, `more` those
    that have children added, with all of them.
    """

    again: Again
    replaced: dict[Definition, Node[Any]] = field(default_factory=dict[Definition, Node[Any]])
    more: dict[Definition, tuple[Node[Any], ...]] = field(
        default_factory=dict[Definition, tuple[Node[Any], ...]]
    )


class _TooMuch(Exception):
    """The plan has no part that is under way before and after."""


def reconcile(
    renderer: Renderer, plan: Plan, rendered: Iterable[Again], catch_up: Callable[[], None]
) -> Reconciled | None:
    """Bring both up to what was rendered; None if the whole plan is to be made anew, of which
    nothing is done yet. `catch_up` runs flows that are planned anew as far as the rows go. Raises
    `AuthorError`, and leaves the tree as it was.
    """
    try:
        decided = [_decide(again, plan) for again in rendered]
    except _TooMuch:
        return None
    # What is made from values in a part that is planned again is made again with it.
    parts = {one: node for change in decided for one, node in change.replaced.items()}
    changes = [change for change in decided if not _is_below(change.again.scope, parts)]
    with renderer.view.changing:
        return _apply(renderer, plan, changes, catch_up)


def _decide(again: Again, plan: Plan) -> _Change:
    """Which parts of a scope are planned anew. Raises `_TooMuch`."""
    change, found = _Change(again), again.difference
    root = again.scope.root
    if any(one is root and one.id != (node.id or one.id) for one, node in found.replaced):
        raise _TooMuch
    different = [one for one, _ in found.replaced]
    for one, children in found.appended:
        if _may_append(one, again, plan):
            change.more[one] = children
        else:
            different.append(one)
    replaced = change.replaced
    if different:
        nodes = dict([*found.kept, *found.replaced])
        for one in different:
            part = _part(one, again, plan)
            replaced[part] = nodes[part]
    for one in [one for one in replaced if _is_inside(one, replaced)]:
        del replaced[one]
    for one in [one for one in change.more if one in replaced or _is_inside(one, replaced)]:
        del change.more[one]
    return change


def _is_below(scope: Scope, parts: dict[Definition, Node[Any]]) -> bool:
    around = scope.around
    return around is not None and (around in parts or _is_inside(around, parts))


def _is_inside(one: Definition, others: dict[Definition, Node[Any]]) -> bool:
    above = one.parent
    while above is not None:
        if above in others:
            return True
        above = above.parent
    return False


def _part(one: Definition, again: Again, plan: Plan) -> Definition:
    """The lowest definition around, or this one, of which all is planned anew. Raises `_TooMuch`
    if that is more than the scope, or if it has ended.
    """
    scope = again.scope
    if scope.path:  # its ids are those of other iterations, too
        raise _TooMuch
    while True:
        if not one.loops:
            instance = plan.instances.get(Key(one.id))
            if instance is None or _is_untouched(instance) or instance.is_under_way:
                if one.parent is None:
                    raise _TooMuch
                return one
            if instance.settled and not instance.kind.is_task:
                raise _TooMuch
        if one is scope.root or one.parent is None:
            raise _TooMuch
        one = one.parent


def _is_untouched(one: Instance) -> bool:
    return one.status == "idle" and not one.children and one.dropping is None


def _may_append(one: Definition, again: Again, plan: Plan) -> bool:
    if one.loops or again.scope.path:
        return False
    instance = plan.instances.get(Key(one.id))
    if instance is None or _is_untouched(instance):
        return True
    if instance.closed or instance.open == 0:
        return False
    return instance.waits_for_order or instance.is_under_way


def _apply(
    renderer: Renderer, plan: Plan, changes: list[_Change], catch_up: Callable[[], None]
) -> Reconciled:
    mounts = renderer.view.mounts
    kept = [each for change in changes for each in change.again.difference.kept]
    nodes = [one.node for one, _ in kept]
    parents = [(one, one.children) for change in changes for one in _changing(change)]
    left: list[Definition] = []
    fresh: list[Definition] = []
    try:
        for one, node in kept:
            one.node = node
            if not one.named:
                node.address = one.id
        left += [
            each for change in changes for one in change.replaced for each in mounts.remove(one)
        ]
        renderer.drop(left)
        pairs, added = _mount(renderer, changes, fresh)
        for change in changes:
            renderer.check_kept(change.again)
            renderer.change(change.again, pairs)
        renderer.check_together(fresh)
        _check_added(renderer, plan, pairs)
    except AuthorError:
        for (one, _), node in zip(kept, nodes, strict=True):
            one.node = node
        for one, children in parents:
            one.children = children
        mounts.put_back(left, fresh)
        raise
    gone = _plan(plan, pairs, added, catch_up)
    return Reconciled(fresh, gone, left, [change.again.scope for change in changes])


def _check_added(
    renderer: Renderer, plan: Plan, pairs: list[tuple[Definition, Definition]]
) -> None:
    """What takes the place of a part adds nothing to what has finished there. Raises
    `AuthorError`.
    """
    made = [one for _, one in pairs]
    check_added(
        plan,
        [each for one in made for each in one.walk()],
        lambda: [each for one in made for each in whole(plan_alone(plan, one))],
        renderer.view.mounts,
        renderer.view.state,
    )


def _changing(change: _Change) -> Iterator[Definition]:
    """The definitions that get other children."""
    yield from change.more
    for one in change.replaced:
        if one.parent is not None:
            yield one.parent


def _mount(
    renderer: Renderer, changes: list[_Change], fresh: list[Definition]
) -> tuple[list[tuple[Definition, Definition]], list[tuple[Definition, list[Definition]]]]:
    """Mount what is fresh: what takes the place of which, and what is added to which."""
    pairs: list[tuple[Definition, Definition]] = []
    added: list[tuple[Definition, list[Definition]]] = []
    for change in changes:
        mine: list[Definition] = []
        for one, node in change.replaced.items():
            made = mount_again(one, node)
            if one is not change.again.scope.root:
                above = one.parent
                assert above is not None
                above.children = tuple(made if each is one else each for each in above.children)
            pairs.append((one, made))
            mine.append(made)
        for one, children in change.more.items():
            more = mount_more(one, children)
            one.children = (*one.children, *more)
            added.append((one, more))
            mine += more
        fresh += mine
        renderer.check_fresh(change.again, mine)
    return pairs, added


def _plan(
    plan: Plan,
    pairs: list[tuple[Definition, Definition]],
    added: list[tuple[Definition, list[Definition]]],
    catch_up: Callable[[], None],
) -> list[Instance]:
    under_way: list[tuple[Instance, Definition]] = []
    for old, new in pairs:
        instance = plan.instances.get(Key(old.id))
        if instance is None:
            continue
        if instance.status == "idle":
            plan.take(instance, new)
        else:
            under_way.append((instance, new))
    growing: list[tuple[Instance, list[Definition]]] = []
    for one, more in added:
        instance = plan.instances.get(Key(one.id))
        if instance is not None and not _is_untouched(instance):
            growing.append((instance, more))
    return plan.replace(under_way, growing, catch_up) if under_way or growing else []
