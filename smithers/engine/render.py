"""Render scopes: the workflow function, the subtree of each item of a `ForEach`, and each part that
a `then` gives a sequence.

A scope is a function with what it read. It runs again only when something that it read has changed,
so a tree whose structure reads nothing is rendered once.
"""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Sequence as ListLike
from contextvars import Token
from dataclasses import field
from functools import partial
from itertools import count
from typing import Any, Literal, NamedTuple, TypeVar, cast

from smithers.agent import Agent
from smithers.changes import Key
from smithers.context import READER, Context, NotYet, Reader
from smithers.engine.comparing_nodes import Difference, compare
from smithers.engine.edits import (
    check_children,
    check_kinds,
    check_named,
    not_repeated,
    told_others,
)
from smithers.engine.items import Items, ask_items, digest_of_item
from smithers.engine.mount import Mounts, check_sees, mount, split_part
from smithers.engine.obstacles import Obstacles, check_pool
from smithers.engine.read_nodes import has_output
from smithers.engine.reading import Reading, View
from smithers.engine.repeating import Renders, check_repeats
from smithers.engine.scopes import Scope, Scopes
from smithers.engine.sharing import Sharing
from smithers.errors import AuthorError, SmithersError
from smithers.kinds import NOTHING, Definition, agent_work, check_next_input
from smithers.naming import node_name
from smithers.tree import (
    RENDERING,
    Bindings,
    ForEach,
    Mark,
    Node,
    Part,
    explain,
    place_of_error,
    shown,
)
from smithers.values import dataclass
from smithers.workflows import Workflow

__all__ = ["Again", "Renderer", "called"]

T = TypeVar("T")


def called(call: Callable[[], T], reading: Reader) -> T:
    """What `call` gives, with `reading` as the reader of the context."""
    token: Token[Reader | None] = READER.set(reading)
    try:
        return call()
    finally:
        READER.reset(token)


class Again(NamedTuple):
    """A scope that was rendered again: the ids that were read, and what is different."""

    scope: Scope
    watched: frozenset[str]
    difference: Difference


@dataclass(slots=True)
class Renderer:
    """Renders a workflow's scopes for one run, and keeps what was rendered."""

    workflow: Workflow[Any, Any]
    context: Context[Any]
    view: View
    source: str
    """A digest of the author's code: items may differ from those that other code chose."""
    pools: Mapping[str, int] = field(default_factory=dict[str, int])
    """The limits that tasks may name."""
    reports: list[str] = field(default_factory=list[str])
    scopes: Scopes = field(default_factory=Scopes)
    _renders: Renders = field(default_factory=Renders)
    _sharing: Sharing = field(default_factory=lambda: Sharing({}))
    _is_complete: bool = False
    """Whether all was checked together that may need each other."""
    _obstacles: Obstacles = field(default_factory=Obstacles)
    _growing: set[str] = field(default_factory=set[str])
    """The fan-outs that may still mount items: not expanded yet, or in a loop."""
    _told_items: dict[Key, list[str]] = field(default_factory=dict[Key, list[str]])
    """What was reported of the items of fan-outs."""
    _items: dict[Key, Items] = field(default_factory=dict[Key, Items])
    _readers: dict[str, str] = field(default_factory=dict[str, str])
    """The scopes that read state, or are made by functions inside one that does; with the words for
    the one that reads.
    """

    def root(self, frame: int) -> Definition:
        """Render the workflow function, and mount what it gives in place of what was there.

        A tree whose structure reads nothing is rendered once, and given again after that.
        """
        known = self.scopes.root
        if known is not None and not self.reads_structure():
            return known.root
        reading = self._reading(None, (), frame)
        make, what, mark = self._maker(None, "", None, {})
        node = self._render(make, reading, what, mark)
        if known is None:
            check_repeats(node, lambda: self._render(make, reading, what, mark), what)
        root = mount(node)
        self._check_tasks(root)
        mounts = Mounts()
        mounts.add(root)
        _check_results(root)
        check_kinds(self.view.state, root)
        check_children(self.view.state, root)
        self._readers.clear()
        self._check_named(root, "", what if reading.watched else None)
        self._count_render(mounts)
        before = self.view.mounts, self.scopes
        self.view.mounts, self.scopes = mounts, Scopes()
        self._sharing = Sharing(mounts.by_id)
        self._growing.clear()
        self._is_complete = False
        self.scopes.add(Scope(root), reading.watched)
        try:
            self.check_together([root])
        except AuthorError:  # readers that still run see the tree that was right
            self.view.mounts, self.scopes = before
            raise
        return root

    def use(
        self,
        workflow: Workflow[Any, Any],
        context: Context[Any],
        source: str,
        pools: Mapping[str, int],
    ) -> None:
        """Take other code, as an edit brings it: nothing stays of what the old made but what the
        next render replaces.
        """
        self.workflow, self.context, self.source, self.pools = workflow, context, source, pools
        self.scopes, self._renders, self._obstacles = Scopes(), Renders(), Obstacles()
        self._items.clear()

    def written(self) -> Node[Any] | None:
        """What the workflow function gives before anything has happened, if it reads no state: then
        it always gives that. Nothing of it is mounted or checked.
        """
        reading = self._reading(None, (), 0)
        make, what, mark = self._maker(None, "", None, {})
        try:
            node = self._render(make, reading, what, mark)
        except NotYet:
            return None
        return None if reading.watched else node

    def _reading(
        self,
        around: Definition[Any] | None,
        path: tuple[int, ...],
        frame: int,
        mode: Literal["render", "call"] = "render",
    ) -> Reading:
        """A reader for what a scope is made by."""
        key = Key(self.workflow.name if around is None else around.id, path)
        loops = () if around is None else around.loops
        return Reading(self.view, key, loops, frame, mode)

    def _maker(
        self,
        around: Definition[Any] | None,
        item: str,
        value: object,
        nodes: Mapping[Definition, Node[Any]],
    ) -> tuple[Callable[[], object], str, Mark]:
        """What makes a scope, its words and its place; `nodes` are those that stand in the tree
        once what was rendered is mounted.
        """
        if around is None:
            workflow = self.workflow
            what = f"workflow {workflow.name}"
            return partial(workflow.function, self.context), what, workflow.mark
        node = nodes.get(around, around.node)
        what = f"each of {around.id} for item {item!r}" if item else around.id
        return partial(around.kind.subtree, node, value), what, node.mark

    def check_together(self, roots: ListLike[Definition]) -> None:
        """Check what trees that were mounted together need of each other. Raises `AuthorError`."""
        self._growing.update(one.id for root in roots for one in root.walk() if one.kind.expands)
        complete = not self.reads_structure() and not self._growing
        together = roots
        if complete and not self._is_complete and self.scopes.root is not None:
            self._is_complete = True
            together = self.view.mounts.roots(self.scopes.root.root)
        self.view.mounts.check_needs(together, self.view.state.ended, complete=complete)
        for root in roots:
            self._sharing.add(root)

    @property
    def agents(self) -> list[Agent]:
        """The agents of the tasks that were rendered."""
        return self._obstacles.agents

    def _check_tasks(self, root: Definition) -> None:
        """Check before anything is paid what is known of agents, pools and inputs. Raises
        `AuthorError`.
        """
        for one in root.walk():
            check_pool(one.node, self.pools)
            check_next_input(one.node, self.workflow.input)
            if (work := agent_work(one.node)) is not None:
                if self.workflow.budget is not None:
                    check_sees(one, [self.workflow.budget])
                self._obstacles.check(one, work)

    def _check_named(self, root: Definition, scope: str, reader: str | None) -> None:
        """Check the ids of a rendered scope, if it or what is around it reads state."""
        if reader is not None:
            self._readers[scope] = reader
            check_named(self.view.state, root, reader)

    @property
    def folder(self) -> str:
        """The folder of the author's file."""
        return os.path.dirname(self.workflow.mark.place.file)

    def watches(self, id: str) -> bool:
        """Whether the structure of any scope reads this id."""
        return id in self.scopes.watched

    def reads_structure(self) -> bool:
        """Whether any scope reads state, so that a render may still add nodes."""
        return bool(self.scopes.watched)

    def reads_unsettled(self, unsettled: Callable[[str], bool]) -> bool:
        """Whether any scope read an id that is not settled, so that it may still run again."""
        return any(map(unsettled, list(self.scopes.watched)))

    # -- again

    def render_again(self, changed: Iterable[str], frame: int) -> list[Again]:
        """Render the scopes that have read any of these ids, and those inside what they make. Gives
        what is different, by which nothing is changed yet.
        """
        scopes = self.scopes
        queue: list[tuple[int, int, Scope]] = []
        numbers = count()  # scopes of one depth in their order

        def add(scope: Scope) -> None:
            heapq.heappush(queue, (scopes.depth(scope), next(numbers), scope))

        for scope in scopes.reading(changed):
            add(scope)
        done: dict[Scope, Again] = {}
        nodes: dict[Definition, Node[Any]] = {}
        while queue:
            *_, scope = heapq.heappop(queue)
            is_gone = scopes.outer(scope) in done and scope.around not in nodes
            if scope in done or is_gone:
                continue
            reading = self._reading(scope.around, scope.path, frame)
            make, what, mark = self._maker(scope.around, scope.item, scope.value, nodes)
            node = self._render(make, reading, what, mark)
            found = compare(scope.root, node)
            if scope.around is None:
                self._count_render(self.view.mounts)
            done[scope] = Again(scope, frozenset(reading.watched), found)
            for one, node in found.containers:
                if one.kind.expands:
                    nodes[one] = node
                    for inner in scopes.inside(one):
                        add(inner)
        return list(done.values())

    def _count_render(self, mounts: Mounts) -> None:
        """Tell once of a workflow function that makes many nodes many times."""
        told = self._renders.add(len(mounts.by_id), self.workflow.mark.place)
        if told is not None:
            self.reports.append(told)

    def change(self, again: Again, pairs: ListLike[tuple[Definition, Definition]]) -> None:
        """A scope has what was rendered again; of a pair, one definition takes the place of the
        other.
        """
        for old, new in pairs:
            if old is again.scope.root:
                self.scopes.move(again.scope, new)
        self.scopes.watch(again.scope, again.watched)

    def drop(self, gone: ListLike[Definition]) -> None:
        """These have left the tree, with the scopes below them."""
        self._sharing.remove(gone)
        for one in gone:
            if one.kind.expands:
                self._growing.discard(one.id)
                self.scopes.drop(one)

    def check_fresh(self, again: Again, roots: ListLike[Definition]) -> None:
        """Check trees that a scope has now, and mount them. Raises `AuthorError`."""
        scope = again.scope
        _, what, _ = self._maker(scope.around, scope.item, scope.value, {})
        around = None if scope.around is None else self._readers.get(scope.around.scope)
        for root in roots:
            self._check_tasks(root)
            _check_results(root)
            check_kinds(self.view.state, root)
            check_children(self.view.state, root)
            scope_id = "" if scope.around is None else scope.around.id
            self._check_named(root, scope_id, what if again.watched else around)
            self.view.mounts.add(root, scope.path, scope.item)

    def check_kept(self, again: Again) -> None:
        """What a group gives is still inside it. Raises `AuthorError`."""
        by_id = self.view.mounts.by_id
        for one, node in again.difference.containers:
            result = one.kind.source_of_output(node)
            if result is not None and result is not node:
                there = by_id.get(result.id or result.address or "")
                if there is None or there.node is not result:
                    _check_results(one)

    def _render(
        self, call: Callable[[], object], reading: Reader, what: str, mark: Mark
    ) -> Node[Any]:
        node = cast("Node[Any]", self._call(call, reading, what, mark))
        if not isinstance(cast("object", node), Node):
            raise AuthorError(
                f"{what} returned {shown(node)}, which is not a node",
                place=mark.place,
                hint="return a node, for example return Sequence(first, second)",
            )
        return node

    def _call(self, call: Callable[[], object], reading: Reader, what: str, mark: Mark) -> object:
        """What the author's function for a scope gives."""
        bindings = Bindings()
        token = RENDERING.set(bindings)
        try:
            node = called(call, reading)
            bindings.close()
        except SmithersError:
            raise
        except Exception as error:
            explained = explain(error)
            raise AuthorError(
                f"{what}: {explained.said}",
                place=place_of_error(error, self.folder) or mark.place,
                hint=explained.hint,
            ) from error
        finally:
            RENDERING.reset(token)
        return node

    # -- fan-outs, and the parts of sequences

    def ask_items(self, definition: Definition[ForEach[Any] | Part]) -> Items:
        """Call the items of a ForEach and name each, or the `then` of a part, for the reader who is
        reading now. Raises `AuthorError`, and what the author's code raises.
        """
        node = definition.node
        return (
            self._ask_part(definition, node)
            if isinstance(node, Part)
            else ask_items(node, definition.id)
        )

    def _ask_part(self, definition: Definition[Any], node: Part) -> Items:
        """Its one value is the node that `then` gave, and whose `then` that was: in a tree that is
        rendered again, another function makes it.
        """
        reading, what = READER.get(), "the then of this sequence"
        assert reading is not None
        made = self._call(node.make, reading, what, node.mark)
        if made is None:
            return Items((), (), ())
        made = self._render(lambda: made, reading, what, node.mark)
        if definition.scope != definition.id_before:  # as all after it
            again = partial(self._render, node.make, reading, what, node.mark)
            check_repeats(made, again, what)
        return Items.of((node, made))

    def forget(self, keys: Iterable[Key]) -> None:
        """What these fan-outs have mounted is void: they have other items, or none yet. The tree is
        to be rendered after that: until then nobody knows what it reads.
        """
        for key in keys:
            self._items.pop(key, None)
            void = self._told_items.pop(key, ())
            self.reports[:] = [said for said in self.reports if said not in void]
            self.scopes = Scopes()

    def remember(self, key: Key, items: Items) -> None:
        """Keep the items of a fan-out whose choice is about to be made."""
        self._items[key] = items

    def expand(
        self, definition: Definition[ForEach[Any] | Part], path: tuple[int, ...]
    ) -> ListLike[Definition]:
        """The subtrees of the chosen items, in order; rendered when they are first asked for.

        All are mounted before any is checked, so an item may need a later item.
        """
        key = Key(definition.id, path)
        items = self._items.get(key)
        if items is None:
            items = self._items[key] = self._recall(definition, key)
        fresh: list[Definition] = []
        roots: list[Definition] = []
        for place, (item_key, value) in enumerate(zip(items.keys, items.values, strict=True)):
            made = self._subtree(definition, path, place, item_key, value, fresh)
            roots += (made.root, *made.following)
        if not definition.loops:
            self._growing.discard(definition.id)
        if fresh or not roots:
            self.check_together(fresh)
        return roots

    # -- flows

    def mount_call(
        self, flow: Definition, path: tuple[int, ...], node: Node[Any], place: int
    ) -> Definition:
        """Mount a call of a flow, below it. Raises `AuthorError`."""
        assert node.id is not None
        root = mount(node, parent=flow, item=node.id, place=place)
        self._check_tasks(root)
        _check_results(root)
        check_kinds(self.view.state, root)
        check_children(self.view.state, root)
        self._check_named(root, flow.id, self._readers.get(flow.scope))
        self.view.mounts.add(root, path, node.id)
        self.check_together([root])
        return root

    def _recall(self, definition: Definition[ForEach[Any] | Part], key: Key) -> Items:
        """After a crash: the items again, on the recorded reads, against the stored keys."""
        value = definition.kind.recall(self.view.state, definition, key.path)
        if value is not NOTHING:
            return Items.of(value)
        chosen = self.view.state.choices[key, "items"]
        stored: dict[str, Any] = json.loads(chosen.value)
        keys = tuple(cast("list[str]", stored["keys"]))
        digests = tuple(cast("list[str | None]", stored["digests"]))
        items = self._ask_again(definition, key, chosen.frame)
        if items.keys == keys and items.digests == digests:
            return items
        values = dict(zip(items.keys, items.values, strict=True))
        if stored.get("source") == self.source:
            # A structure that reads state may give more once more has ended: that is too late here.
            given = dict(zip(items.keys, items.digests, strict=True))
            is_there = all(
                given.get(each, "") == digest for each, digest in zip(keys, digests, strict=True)
            )
            if not is_there or definition.scope not in self._readers:
                raise not_repeated(definition, keys)
            return Items(keys, digests, tuple(values[each] for each in keys))
        kept = tuple(item for item in keys if item in values)
        gone, new = [item for item in keys if item not in values], set(values) - set(keys)
        for said in told_others(definition, gone, sorted(new)):
            self._told_items.setdefault(key, []).append(said)
            self.reports.append(said)
        return Items(
            kept,
            tuple(digest_of_item(values[item]) for item in kept),
            tuple(values[i] for i in kept),
        )

    def _ask_again(
        self, definition: Definition[ForEach[Any] | Part], key: Key, frame: int
    ) -> Items:
        """The items on the reads of the frame in which they were chosen, or on those of now: an
        edit may have added to what they read, which then settled later.
        """
        try:
            reading = Reading(self.view, key, definition.loops, frame)
            return called(lambda: self.ask_items(definition), reading)
        except NotYet as missed:
            plan = self.view.plan
            if plan is None or not all(
                (one := plan.instances.get(each)) is not None and one.settled for each in missed.on
            ):
                raise
        reading = Reading(self.view, key, definition.loops, self.view.state.frame + 1)
        return called(lambda: self.ask_items(definition), reading)

    def _subtree(
        self,
        definition: Definition[ForEach[Any] | Part],
        path: tuple[int, ...],
        place: int,
        item: str,
        value: Any,
        fresh: list[Definition],
    ) -> Scope:
        """The subtree of an item, mounted; it joins `fresh` if it was rendered now."""
        known = self.scopes.find(definition, path, item)
        if known is None:
            is_called = definition.kind.reads_when_asked
            reading = self._reading(
                definition, path, self.view.state.frame + 1, "call" if is_called else "render"
            )
            make, what, mark = self._maker(definition, item, value, {})
            made = self._render(make, reading, what, mark)
            following: tuple[Definition, ...] = ()
            if isinstance(definition.node, Part):
                made, following = split_part(made, definition)
            elif not place:  # one item is enough: all are made by the same code
                again = partial(self._render, make, reading, what, mark)
                check_repeats(made, again, what)
            root = mount(made, parent=definition, item=item, place=place)
            watched = frozenset[str]() if is_called else frozenset(reading.watched)
            known = Scope(root, around=definition, path=path, value=value, following=following)
            self._check_tasks(root)
            _check_results(root)
            check_kinds(self.view.state, root)
            check_children(self.view.state, root)
            around = self._readers.get(definition.scope)
            self._check_named(root, definition.id, what if watched else around)
            fresh += (root, *following)
            self.scopes.add(known, watched)
        for root in (known.root, *known.following):
            self.view.mounts.add(root, path, item)
        return known


def _check_results(root: Definition) -> None:
    """What a group gives is the output of something that stands in it."""
    for one in root.walk():
        node = one.node
        result = one.kind.source_of_output(node)
        if result is None or result is node:
            continue
        named = result.id or f"the {result.kind} at {result.mark.place}"
        said = f"the result of {node_name(one.id)}, {named!r}, is"
        if not any(below.node is result for below in one.walk()):
            raise AuthorError(
                f"{said} not inside it",
                place=node.mark.place,
                hint="add it to the children, or name one of them",
            )
        if not has_output(result):
            raise AuthorError(
                f"{said} a {result.kind}, which has no output",
                place=node.mark.place,
                hint="name a task, or a Step that reads one, for example lambda: ctx.get(task)",
            )
