"""Render scopes: the workflow function, and the subtree of each item of a `ForEach`.

A scope is a function with what it read. It runs again only when something that it read has changed,
so a tree whose structure reads nothing is rendered once.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Token
from dataclasses import field
from functools import partial
from typing import Any, TypeVar, cast

from pydantic_core import PydanticSerializationError, to_json

from smithers.agent import Agent
from smithers.changes import Key
from smithers.context import READER, Context, NotYet, Reader
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
from smithers.values import dataclass
from smithers.workflows import Workflow

__all__ = ["Items", "Renderer", "called"]

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


@dataclass(slots=True)
class _Scope:
    """A rendered subtree, and the ids that were read for it."""

    root: Definition
    watched: frozenset[str]


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
    _root: _Scope | None = None
    _sharing: Sharing = field(default_factory=lambda: Sharing({}))
    _subtrees: dict[tuple[int, tuple[int, ...], str], _Scope] = field(
        default_factory=dict[tuple[int, tuple[int, ...], str], _Scope]
    )
    _watched_by_items: set[str] = field(default_factory=set[str])
    _unchecked: list[Definition] = field(default_factory=list[Definition])
    """Mounted trees that may need what is not mounted yet."""
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
        reading = Reading(self.view, Key(self.workflow.name), (), frame, "render")
        what = f"workflow {self.workflow.name}"
        mark = self.workflow.mark

        def call() -> object:
            return self.workflow.function(self.context)

        node = self._render(call, reading, what, mark)
        if self._root is None:
            check_repeats(node, lambda: self._render(call, reading, what, mark), what)
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
        self.view.mounts, self._root = mounts, _Scope(root, frozenset(reading.watched))
        self._sharing = Sharing(mounts.by_id)
        self._subtrees.clear()
        self._watched_by_items.clear()
        self._unchecked.clear()
        self._growing.clear()
        try:
            self._check_together([root])
        except AuthorError:  # readers that still run see the tree that was right
            self.view.mounts, self._root = before
            raise
        return root

    def _check_together(self, roots: Sequence[Definition]) -> None:
        """Check what trees that were mounted together need of each other. Raises `AuthorError`."""
        self._unchecked.extend(roots)
        self._growing.update(one.id for root in roots for one in root.walk() if one.kind.expands)
        complete = not self.reads_structure() and not self._growing
        together = self._unchecked if complete else roots
        self.view.mounts.check_needs(together, complete=complete)
        if complete:
            self._unchecked.clear()
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
        root = self._root
        return (root is not None and id in root.watched) or id in self._watched_by_items

    def reads_structure(self) -> bool:
        """Whether any scope reads state, so that a render may still add nodes."""
        return bool((self._root and self._root.watched) or self._watched_by_items)

    def reads_unsettled(self, unsettled: Callable[[str], bool]) -> bool:
        """Whether any scope read an id that is not settled, so that it may still run again."""
        watched = (self._root.watched if self._root else frozenset[str]()) | self._watched_by_items
        return any(map(unsettled, watched))

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
            self._check_together(fresh)
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
        self._check_together([root])
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
        node = definition.node
        known = self._subtrees.get((id(node), path, item))
        if known is None:
            reading = Reading(
                self.view,
                Key(definition.id, path),
                definition.loops,
                self.view.state.frame + 1,
                "render",
            )
            what = f"each of {definition.id} for item {item!r}" if item else definition.id
            make = partial(definition.kind.subtree, node, value)
            made = self._render(make, reading, what, node.mark)
            if not place:  # one item is enough: all are made by the same code
                again = partial(self._render, make, reading, what, node.mark)
                check_repeats(made, again, what)
            root = mount(made, parent=definition, item=item, place=place)
            known = _Scope(root, frozenset(reading.watched))
            self._check_tasks(root)
            _check_results(root)
            check_kinds(self.view.state, root)
            check_children(self.view.state, root)
            around = self._readers.get(definition.scope)
            self._check_named(root, definition.id, what if reading.watched else around)
            fresh.append(root)
            self._watched_by_items |= known.watched
            self._subtrees[id(node), path, item] = known
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
