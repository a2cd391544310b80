"""Render scopes: the workflow function, and the subtree of each item of a `ForEach`.

A scope is a function with what it read. It runs again only when something that it read has changed,
so a tree whose structure reads nothing is rendered once.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

from pydantic_core import PydanticSerializationError, to_json

from smithers.agent import Agent
from smithers.changes import Key
from smithers.context import READER, Context, NotYet, Reader
from smithers.engine.comparing_nodes import Difference, compare
from smithers.engine.edits import check_children, check_kinds, check_named
from smithers.engine.mount import Mounts, check_sees, mount
from smithers.engine.obstacles import Obstacles, check_pool
from smithers.engine.reading import Reading, View, has_output
from smithers.engine.repeating import check_repeats
from smithers.engine.sharing import Sharing
from smithers.errors import AuthorError, SmithersError
from smithers.kinds import NOTHING, Definition, agent_work, check_next_input
from smithers.naming import first_names, node_name
from smithers.tree import (
    RENDERING,
    Bindings,
    ForEach,
    Mark,
    Node,
    check_id,
    check_items,
    explain,
    has_set,
    place_of_error,
    shown,
)
from smithers.workflows import Workflow

__all__ = ["Again", "Items", "Renderer", "Scope", "called"]

T = TypeVar("T")


def called(call: Callable[[], T], reading: Reading) -> T:
    """What `call` gives, with `reading` as the reader of the context."""
    token: Token[Reader | None] = READER.set(reading)
    try:
        return call()
    finally:
        READER.reset(token)


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a fan-out: their keys in order, and the digest of each, or None if unknown."""

    keys: tuple[str, ...]
    digests: tuple[str | None, ...]
    values: tuple[Any, ...]

    @classmethod
    def of(cls, value: object) -> Items:
        """The one value of a subtree that is not an item."""
        return cls(("",), (None,), (value,))

    def row(self, source: str) -> str:
        """As it is kept; `source` digests the author's code that gave them."""
        row = {"keys": self.keys, "digests": self.digests, "source": source}
        return json.dumps(row, ensure_ascii=False)


@dataclass(slots=True, eq=False)
class Scope:
    """A rendered subtree, and the ids that were read for it. What is made from a `value`, such as
    an item, is mounted below a node, `around`, in one iteration of its loops, `path`.
    """

    root: Definition
    watched: frozenset[str] = frozenset()
    around: Definition[ForEach[Any]] | None = None
    path: tuple[int, ...] = ()
    value: Any = None

    @property
    def item(self) -> str:
        return self.root.item


class Again(NamedTuple):
    """A scope that was rendered again: the ids that were read, and what is different."""

    scope: Scope
    node: Node[Any]
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
    _root: Scope | None = None
    _sharing: Sharing = field(default_factory=lambda: Sharing({}))
    _scopes: dict[tuple[str, tuple[int, ...], str], Scope] = field(
        default_factory=dict[tuple[str, tuple[int, ...], str], Scope]
    )
    """Those that are made from a value, by the id of what is around, its path and the item."""
    _inside: dict[str, list[Scope]] = field(default_factory=dict[str, list[Scope]])
    """The same by the id alone."""
    _of_root: dict[Definition, Scope] = field(default_factory=dict[Definition, Scope])
    _watching: dict[str, dict[Scope, None]] = field(default_factory=dict[str, dict[Scope, None]])
    """Which scopes read which ids."""
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
        if self._root is not None and not self.reads_structure():
            return self._root.root
        reading = self._reading(None, (), frame)
        make, what, mark = self._maker(None, "", None, {})
        node = self._render(make, reading, what, mark)
        if self._root is None:
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
        before = self.view.mounts, self._root
        self.view.mounts, self._root = mounts, Scope(root)
        self._sharing = Sharing(mounts.by_id)
        for known in (self._scopes, self._inside, self._of_root, self._watching, self._growing):
            known.clear()
        self._is_complete = False
        self._of_root[root] = self._root
        self._watch(self._root, frozenset(reading.watched))
        try:
            self.check_together([root])
        except AuthorError:  # readers that still run see the tree that was right
            self.view.mounts, self._root = before
            raise
        return root

    def _reading(
        self, around: Definition[Any] | None, path: tuple[int, ...], frame: int
    ) -> Reading:
        """A reader for what a scope is made by."""
        key = Key(self.workflow.name if around is None else around.id, path)
        loops = () if around is None else around.loops
        return Reading(self.view, key, loops, frame, "render")

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

    def check_together(self, roots: Sequence[Definition]) -> None:
        """Check what trees that were mounted together need of each other. Raises `AuthorError`."""
        self._growing.update(one.id for root in roots for one in root.walk() if one.kind.expands)
        complete = not self.reads_structure() and not self._growing
        together = roots
        if complete and not self._is_complete and self._root is not None:
            self._is_complete = True
            together = self.view.mounts.roots(self._root.root)
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
        return id in self._watching

    def reads_structure(self) -> bool:
        """Whether any scope reads state, so that a render may still add nodes."""
        return bool(self._watching)

    def reads_unsettled(self, unsettled: Callable[[str], bool]) -> bool:
        """Whether any scope read an id that is not settled, so that it may still run again."""
        return any(map(unsettled, list(self._watching)))

    def _watch(self, scope: Scope, watched: frozenset[str]) -> None:
        """The scope reads these ids now."""
        for id in scope.watched - watched:
            readers = self._watching[id]
            del readers[scope]
            if not readers:
                del self._watching[id]
        for id in watched - scope.watched:
            self._watching.setdefault(id, {})[scope] = None
        scope.watched = watched

    # -- again

    def render_again(self, changed: Iterable[str], frame: int) -> list[Again]:
        """Render the scopes that have read any of these ids, and those inside what they make. Gives
        what is different, by which nothing is changed yet.
        """
        queue: list[tuple[int, int, Scope]] = []

        def add(scope: Scope) -> None:
            heapq.heappush(queue, (self._depth(scope), len(queue), scope))

        for scope in {scope: None for id in changed for scope in self._watching.get(id, ())}:
            add(scope)
        done: dict[Scope, Again] = {}
        nodes: dict[Definition, Node[Any]] = {}
        while queue:
            *_, scope = heapq.heappop(queue)
            outer = self._outer(scope)
            is_gone = outer in done and scope.around not in nodes
            if scope in done or is_gone:
                continue
            reading = self._reading(scope.around, scope.path, frame)
            make, what, mark = self._maker(scope.around, scope.root.item, scope.value, nodes)
            node = self._render(make, reading, what, mark)
            found = compare(scope.root, node)
            done[scope] = Again(scope, node, frozenset(reading.watched), found)
            for one in found.containers:
                if one.kind.expands:
                    nodes[one] = found.kept[one]
                    for inner in self._inside.get(one.id, ()):
                        add(inner)
        return list(done.values())

    def _outer(self, scope: Scope) -> Scope | None:
        """The scope in which the node stands that a scope is below."""
        one: Definition | None = scope.around
        while one is not None:
            if (found := self._of_root.get(one)) is not None:
                return found
            one = one.parent
        return None

    def _depth(self, scope: Scope) -> int:
        depth, outer = 0, self._outer(scope)
        while outer is not None:
            depth, outer = depth + 1, self._outer(outer)
        return depth

    def change(self, again: Again, fresh: Sequence[tuple[Definition, Definition]]) -> None:
        """These trees have taken the place of others in a scope."""
        scope = again.scope
        for old, new in fresh:
            if old is scope.root:
                del self._of_root[old]
                scope.root, self._of_root[new] = new, scope
        self._watch(scope, again.watched)

    def drop(self, gone: Iterable[Definition]) -> None:
        """These have left the tree, with the scopes below them."""
        gone = list(gone)
        self._sharing.remove(gone)
        for one in gone:
            if one.kind.expands:
                self._growing.discard(one.id)
                for scope in self._inside.pop(one.id, ()):
                    self._watch(scope, frozenset())
                    self._scopes.pop((one.id, scope.path, scope.item), None)
                    self._of_root.pop(scope.root, None)

    def check_fresh(self, again: Again, roots: Sequence[Definition]) -> None:
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
        for one in again.difference.containers:
            node = one.node
            result = one.kind.source_of_output(node)
            if result is not None and result is not node:
                there = by_id.get(result.id or result.address or "")
                if there is None or there.node is not result:
                    _check_results(one)

    def _render(
        self, call: Callable[[], object], reading: Reading, what: str, mark: Mark
    ) -> Node[Any]:
        bindings = Bindings()
        token = RENDERING.set(bindings)
        try:
            node = cast("Node[Any]", called(call, reading))
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
        if not isinstance(cast("object", node), Node):
            raise AuthorError(
                f"{what} returned {shown(node)}, which is not a node",
                place=mark.place,
                hint="return a node, for example return Sequence(first, second)",
            )
        return node

    # -- fan-outs

    def ask_items(self, definition: Definition[ForEach[Any]]) -> Items:
        """Call the items of a ForEach and name each, for the reader who is reading now.

        Raises `AuthorError`, and what the author's code raises.
        """
        node = definition.node
        given: Any = node.items()
        check_items(given, definition.id, node.mark)
        values: tuple[Any, ...] = tuple(given)
        keys = tuple(node.key(value) for value in values)
        if not keys and not node.allow_empty:
            raise AuthorError(
                f"{node_name(definition.id)} has no items",
                place=node.mark.place,
                hint="to allow an empty list, set allow_empty=True",
            )
        self._check_keys(definition, keys, values)
        if node.on_duplicate == "first":
            first: dict[str, Any] = {}
            for key, value in zip(keys, values, strict=True):
                first.setdefault(key, value)
            keys, values = tuple(first), tuple(first.values())
        return Items(keys, tuple(map(_digest, values)), values)

    def _check_keys(
        self,
        definition: Definition[ForEach[Any]],
        keys: Sequence[object],
        values: Sequence[object],
    ) -> None:
        seen: dict[str, int] = {}
        node = definition.node
        for number, key in enumerate(keys):
            if not isinstance(key, str) or not key:
                said = f"the key of item {number} of {definition.id} is {key!r}, not a string"
            elif check_id(key, f"item of {definition.id}", node.mark) not in seen:
                seen[key] = number
                continue
            elif node.on_duplicate == "first":
                continue
            else:
                both = [f"{one} ({shown(values[one])})" for one in (seen[key], number)]
                said = f"items {both[0]} and {both[1]} of {definition.id} have the same key {key!r}"
            raise AuthorError(
                said,
                place=node.mark.place,
                hint="return from key= a string that names one item, taken from the item's data",
            )

    def forget(self, keys: Iterable[Key]) -> None:
        """What these fan-outs have mounted is void: they have other items, or none yet. The tree is
        to be rendered after that: until then nobody knows what it reads.
        """
        for key in keys:
            self._items.pop(key, None)
            void = self._told_items.pop(key, ())
            self.reports[:] = [said for said in self.reports if said not in void]
            self._root = None

    def remember(self, key: Key, items: Items) -> None:
        """Keep the items of a fan-out whose choice is about to be made."""
        self._items[key] = items

    def expand(
        self, definition: Definition[ForEach[Any]], path: tuple[int, ...]
    ) -> Sequence[Definition]:
        """The subtrees of the chosen items, in order; rendered when they are first asked for.

        All are mounted before any is checked, so an item may need a later item.
        """
        key = Key(definition.id, path)
        items = self._items.get(key)
        if items is None:
            items = self._items[key] = self._recall(definition, key)
        fresh: list[Definition] = []
        roots = [
            self._subtree(definition, path, place, item_key, value, fresh)
            for place, (item_key, value) in enumerate(zip(items.keys, items.values, strict=True))
        ]
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

    def _recall(self, definition: Definition[ForEach[Any]], key: Key) -> Items:
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
        if stored.get("source") == self.source:
            raise AuthorError(
                f"{node_name(definition.id)} returned other items than before the crash,"
                " from the same inputs",
                place=definition.node.mark.place,
                hint="make items= depend only on the input and on outputs",
            )
        values = dict(zip(items.keys, items.values, strict=True))
        kept = tuple(item for item in keys if item in values)
        gone, new = [item for item in keys if item not in values], set(values) - set(keys)
        for what, names in (("are no longer there", gone), ("are new and ignored", sorted(new))):
            if names:
                said = f"{node_name(definition.id)}: the items {first_names(names)} {what}"
                self._told_items.setdefault(key, []).append(said)
                self.reports.append(said)
        return Items(
            kept, tuple(_digest(values[item]) for item in kept), tuple(values[i] for i in kept)
        )

    def _ask_again(self, definition: Definition[ForEach[Any]], key: Key, frame: int) -> Items:
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
        definition: Definition[ForEach[Any]],
        path: tuple[int, ...],
        place: int,
        item: str,
        value: Any,
        fresh: list[Definition],
    ) -> Definition:
        """The subtree of an item, mounted; it joins `fresh` if it was rendered now."""
        known = self._scopes.get((definition.id, path, item))
        if known is None:
            reading = self._reading(definition, path, self.view.state.frame + 1)
            make, what, mark = self._maker(definition, item, value, {})
            made = self._render(make, reading, what, mark)
            if not place:  # one item is enough: all are made by the same code
                again = partial(self._render, make, reading, what, mark)
                check_repeats(made, again, what)
            root = mount(made, parent=definition, item=item, place=place)
            known = Scope(root, around=definition, path=path, value=value)
            self._check_tasks(root)
            _check_results(root)
            check_kinds(self.view.state, root)
            check_children(self.view.state, root)
            around = self._readers.get(definition.scope)
            self._check_named(root, definition.id, what if reading.watched else around)
            fresh.append(root)
            self._scopes[definition.id, path, item] = known
            self._inside.setdefault(definition.id, []).append(known)
            self._of_root[root] = known
            self._watch(known, frozenset(reading.watched))
        self.view.mounts.add(known.root, path, item)
        return known.root


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


def _digest(value: object) -> str | None:
    """Of an item; None for one that has no text which is the same in another process."""
    try:
        return None if has_set(value) else hashlib.sha256(to_json(value)).hexdigest()[:16]
    except (PydanticSerializationError, ValueError, RecursionError):
        return None
