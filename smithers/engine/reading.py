"""Reads of outputs, for whoever is reading: a render, a callable, or a step.

A reader sees the state of one frame. What it used is kept in `used`, so that it can be written with
the frame; what was not there yet is kept in `missed`, even if the author's code swallowed it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from threading import RLock
from typing import Any, Literal, NamedTuple, cast

from pydantic import ValidationError

from smithers.changes import Failure, Key
from smithers.context import ItemFailure, NotYet, State
from smithers.engine.ahead import find_put_off
from smithers.engine.mount import Mounts
from smithers.engine.outputs import Outputs
from smithers.engine.plan import Plan
from smithers.engine.read_nodes import checked, name_of, source_of, source_or_none
from smithers.engine.readers import makers
from smithers.errors import AuthorError, SmithersError
from smithers.kinds import NOTHING, Definition, Instance, error_of, kind_of
from smithers.state import Ended, RunState
from smithers.texts import object_from
from smithers.tree import (
    Attempt,
    ForEach,
    Node,
    NotExact,
    Output,
    Task,
    here,
    problem,
)
from smithers.values import dataclass

__all__ = ["NoOutput", "Reading", "View"]


class _Gone(NamedTuple):
    """How a node ended that is in the tree no more."""

    key: Key
    ended: Ended


class NoOutput(SmithersError):
    """A settled task was read that gave nothing; it fails the reader."""


@dataclass(slots=True)
class View:
    """The run as readers see it. `plan` is None during the first render."""

    state: RunState
    mounts: Mounts
    outputs: Outputs
    plan: Plan | None
    could_add: Callable[[str], bool]
    making: dict[Key, Plan] = field(default_factory=dict[Key, Plan])
    """The plans of parts that are being made for a render; see `engine.ahead`."""
    changing: RLock = field(default_factory=RLock)
    """Held while a part of the tree is replaced, and by each look at it: the thread of a step may
    be reading.
    """


@dataclass(slots=True)
class Reading:
    """One reader: who it is, in which loops, and the last frame that it sees."""

    view: View
    key: Key
    loops: tuple[str, ...]
    frame: int
    mode: Literal["render", "call", "step"] = "call"
    used: dict[Key, int] = field(default_factory=dict[Key, int])
    missed: tuple[Key, ...] = ()
    watched: set[str] = field(default_factory=set[str])
    attempt: Attempt | None = None
    """A step's: once it is used, a read may wait no more."""
    _plans: dict[Key, Plan] = field(default_factory=dict[Key, Plan])
    """Those of parts that something was put before, by what is highest in them."""

    # -- what the context asks

    def value(self, node: Node[Any]) -> object:
        if self.mode == "render":
            name = name_of(node)
            raise AuthorError(
                f"ctx[{name}] was read in the workflow function itself",
                place=here().place,
                hint=f"read it in a lambda, for example prompt=lambda: ... ctx[{name}] ...",
            )
        source = source_of(node)
        found = self._looked_up(node, source, with_output=True)
        if isinstance(found, _Gone):
            return self._parsed(source, found)
        if found is not None and (value := found.kind.value(self, found, node)) is not NOTHING:
            return value
        raise self._no_output(node, found)

    def maybe(self, node: Node[Any]) -> object | None:
        source = source_of(node)
        try:
            found = self._looked_up(node, source)
        except NotYet:
            if self.mode == "render":
                return None
            raise
        if isinstance(found, _Gone):
            return None if found.ended.output is None else self._parsed(source, found)
        return self._or_none(node, found)

    def maybe_by_id(self, id: str, output: Output[Any]) -> object | None:
        if (gone := self._gone(id)) is not None:
            text = self.stored(*gone)
        else:
            try:
                found = self.find(id)
            except NotYet:
                if self.mode == "render":
                    return None
                raise
            text = None if found is None else self.text(found)
        if text is None:
            return None
        try:
            return cast("object", output.parse(text))
        except ValidationError as error:
            raise AuthorError(
                f"the output of {id!r} is not a {output.kind!r}:\n{problem(error)}",
                place=here().place,
            ) from error

    def previous(self, node: Node[Any]) -> object | None:
        source_of(node)
        definition = self._definition(node)
        if definition is None:
            return None
        common = self._common(definition)
        if not common:
            raise AuthorError(
                f"ctx.previous({name_of(node)}) needs a loop that contains both"
                f" {name_of(node)} and {self.key.id}",
                place=here().place,
                hint="read it in a callable of a node in the same Loop; what a Rework or a pattern"
                " sends back gets the reason as a message, and ctx.note(node) has it",
            )
        path = self.key.path[:common]
        if path[-1] == 0:
            return None
        found = self._instance(definition, (*path[:-1], path[-1] - 1), common)
        return self._or_none(node, found)

    def failures(self, node: ForEach[Any]) -> list[ItemFailure]:
        found = self._read(node)
        if found is None:
            return []
        return [
            ItemFailure(
                key=child.definition.item, state=child.status, error=error_of(self.state, child)
            )
            for child in found.children
            if not self._gave(child)
        ]

    def items(self, node: ForEach[Any]) -> dict[str, object]:
        found = self._read(node)
        if found is None or found.status != "finished":
            raise self._no_output(node, found)
        return {each.definition.item: self.result(each) for each in self.results(found)}

    def ending(self, node: Node[Any] | str) -> tuple[State, Failure | None]:
        """How a node has ended, and its error. No node of a tree that is rendered is open."""
        id = node if isinstance(node, str) else checked(node).id
        if (gone := self._gone(id)) is not None:
            return gone.ended.outcome, gone.ended.error
        try:
            found = self.find(node) if isinstance(node, str) else self._found(node)
        except NotYet:
            if self.mode == "render":
                return "open", None
            raise
        if found is None:
            return "skipped", None
        return cast("State", found.status), error_of(self.state, found)

    def note(self, node: Node[Any]) -> str | None:
        """What was said when a node last sent work back, in the loops that it has in common with
        this reader.
        """
        if kind_of(checked(node)).rework(node) is None:
            raise AuthorError(
                f"ctx.note({name_of(node)}) reads a node that sends no work back",
                place=here().place,
                hint="set on_deny=Rework(...) or on_failure=Rework(...) on it",
            )
        definition = self._maybe_known(cast("str", node.id), node)
        if definition is None:
            return None
        prefix = self.key.path[: self._common(definition)]
        paths = [
            key.path
            for key, kind in list(self.state.choices)
            if kind == "rework" and key.id == node.id and key.path[: len(prefix)] == prefix
        ]
        if not paths:
            return None
        row = object_from(self.state.choices[Key(definition.id, max(paths)), "rework"].value)
        return None if row is None else cast("str | None", row["note"])

    def json_of(self, node: Node[Any]) -> str | None:
        """The output of a settled node as JSON text, or None where it has none."""
        found = None if source_or_none(node) is None else self._read(node)
        return None if found is None else self.text(found)

    @property
    def _who(self) -> str:
        return self.key.id or "the result of the workflow"

    def _no_output(self, node: Node[Any], found: Instance | None) -> NoOutput:
        return NoOutput(
            f"{self._who} reads {name_of(node)}, which {self._ended_how(found)}",
            hint="use ctx.get, which returns None in that case",
        )

    # -- finding

    def _is_mounted(self, id: str) -> bool:
        with self.view.changing:
            return id in self.view.mounts.by_id

    def _gone(self, id: str | None) -> _Gone | None:
        """How a task ended that is in the tree no more: what it gave stays readable."""
        if id is None or self._is_mounted(id):
            return None
        ended = self.view.state.ended
        path = self.key.path
        keys = [Key(id, path[:length]) for length in range(len(path), -1, -1)]
        found = next((key for key in keys if key in ended), None)
        if found is None:
            found = max(list(self.view.state.ended_in_loops.get(id, ())), default=None)
        if found is None or ended[found].frame > self.frame:
            return None
        self.watched.add(id)
        if found.path and self.view.plan is None:  # its loop may be under way: nobody knows yet
            return None
        self.used[found] = ended[found].frame
        return _Gone(found, ended[found])

    def _looked_up(
        self, node: Node[Any], source: Node[Any], *, with_output: bool = False
    ) -> Instance | _Gone | None:
        """The settled instance that a read of this node means, or None where it was skipped; or how
        `source`, whose output is the node's, ended in a tree of before, there `with_output` alone.
        """
        with self.view.changing:
            definition = self.view.mounts.by_id.get(node.id or node.address or "")
            if definition is not None:
                self._watch(definition)
            else:
                gone = self._gone(source.id)
                if gone is not None and not (with_output and gone.ended.output is None):
                    return gone
                definition = self._definition(node)
            return None if definition is None else self._instance_now(definition)

    def _or_none(self, node: Node[Any], found: Instance | None) -> object | None:
        value = NOTHING if found is None else found.kind.value(self, found, node)
        return None if value is NOTHING else value

    def _read(self, node: Node[Any]) -> Instance | None:
        """The settled instance that a read of this node means, or None where it was skipped."""
        source_of(node)
        return self._found(node)

    def _found(self, node: Node[Any]) -> Instance | None:
        definition = self._definition(node)
        return None if definition is None else self._instance(definition)

    def _definition(self, node: Node[Any]) -> Definition | None:
        id = node.id or node.address or ""
        if not id and self.mode == "render" and (source := source_or_none(node)) is not None:
            return self._around(node, source)
        return self._known(id, node)

    def _around(self, node: Node[Any], source: Node[Any]) -> Definition | None:
        """A container without an id, in the tree before this render: it is found by the node that
        it gives the output of, as many results above that as in this tree.
        """
        found: Definition | None = self._known(source.id or "", source)
        results = 0
        while node is not source:
            results, node = results + 1, cast("Node[Any]", kind_of(node).source_of_output(node))
        while found is not None and results:
            found = found.parent
            inner = None if found is None else source_or_none(found.node)
            results -= inner is not None and inner.id == source.id
        if found is not None:
            self.watched.add(found.id)
        return found

    def _watch(self, definition: Definition) -> None:
        self.watched.add(definition.id)
        if definition.loops:
            self.watched.update(definition.loops)

    def _known(self, id: str, node: Node[Any] | None) -> Definition:
        if not id and self.mode == "render":
            raise AuthorError(
                "the workflow function reads a node without an id",
                place=here().place,
                hint='read a task, or a container with an id, for example ForEach(..., id="files")',
            )
        with self.view.changing:
            if (definition := self.view.mounts.by_id.get(id)) is not None:
                self._watch(definition)
                return definition
            may_come = self.mode == "render" or self.view.could_add(id)
        self.watched.add(id)
        if may_come:
            raise self._not_yet(Key(id))
        place = f", written at {node.mark.place}," if node is not None else ""
        raise AuthorError(
            f"{self._who} reads {id or name_of(node)!r}{place}"
            " which is not part of the workflow tree",
            place=here().place,
            hint="add it to the tree that the workflow returns, or read another task",
        )

    def _maybe_known(self, id: str, node: Node[Any]) -> Definition | None:
        try:
            return self._known(id, node)
        except NotYet:
            if self.mode == "render":
                return None
            raise

    def find(self, id: str) -> Instance | None:
        """The settled instance of an id, or None where it was skipped. Raises `NotYet`."""
        with self.view.changing:
            return self._instance_now(self._known(id, None))

    def _common(self, definition: Definition) -> int:
        count = 0
        for mine, its in zip(self.loops, definition.loops, strict=False):
            if mine != its:
                break
            count += 1
        return min(count, len(self.key.path))

    def _instance(
        self,
        definition: Definition,
        path: tuple[int, ...] | None = None,
        common: int = 0,
    ) -> Instance | None:
        with self.view.changing:
            return self._instance_now(definition, path, common)

    def _instance_now(
        self, definition: Definition, path: tuple[int, ...] | None = None, common: int = 0
    ) -> Instance | None:
        plan = self.view.plan
        if path is None:
            common = self._common(definition) if self.loops and definition.loops else 0
            path = self.key.path[:common] if common else ()
        if plan is None:
            raise self._not_yet(definition.key_in(path))
        while True:
            try:
                return self._instance_in(plan, definition, path, common)
            except NotYet:
                ahead = self._ahead(plan, definition, path) if self.mode == "render" else None
                if ahead is None:
                    raise
                plan = ahead

    def _ahead(self, plan: Plan, definition: Definition, path: tuple[int, ...]) -> Plan | None:
        """The plan of the part that something was put before, with this node, as a render reads it.
        While that is made, it may be read by what it makes.
        """
        made = find_put_off(plan, definition, path)
        if made is None:
            return None
        key, making = made.root.key, self.view.making
        if key in self._plans:
            return self._plans[key]
        if key in making:
            return making[key]
        self._plans[key] = making[key] = made
        try:
            made.start()
        finally:
            del making[key]
        return made

    def _instance_in(
        self, plan: Plan, definition: Definition, path: tuple[int, ...], common: int
    ) -> Instance | None:
        for loop_id in definition.loops[common:]:
            key = Key(loop_id, path)  # a loop reads what is inside it when it works out its result
            loop = plan.instances.get(key)
            if loop is None or key != self.key:
                loop = self._settled(loop, key)
            if not loop.children:
                self.used[loop.key] = loop.settled_at
                return None
            path = (*path, len(loop.children) - 1)
        key = definition.key_in(path)
        found = plan.instances.get(key)
        if found is None and (above := self.ended_above(plan, definition, path)):
            self.used[above.key] = above.settled_at
            return None
        found = self._settled(found, key)
        self.used[key] = found.settled_at
        return found

    def ended_above(
        self, plan: Plan, definition: Definition, path: tuple[int, ...]
    ) -> Instance | None:
        """A container that ended before it came to this node: by a test that raised, say."""
        for key in makers(definition, path):
            found = plan.instances.get(key)
            if found is not None and found.settled and found.settled_at <= self.frame:
                return found
        return None

    def _settled(self, found: Instance | None, key: Key) -> Instance:
        if found is not None and found.settled and found.settled_at <= self.frame:
            return found
        raise self._not_yet(key)

    def _not_yet(self, key: Key) -> BaseException:
        if self.attempt is not None and self.attempt.used:
            return AuthorError(
                f"step {self.key.id} read {key}, which is not settled yet, after it had"
                " used its Attempt",
                place=here().place,
                hint=(
                    "read all outputs before using the Attempt: the function would run"
                    " again from its start"
                ),
            )
        if self.mode != "render":
            self.missed = (key,)
        return NotYet((key,))

    # -- what was given

    @property
    def state(self) -> RunState:
        return self.view.state

    def ended(self, key: Key, /) -> Ended | None:
        """How a node has ended; see `OutputReader` of `kinds`."""
        return self.view.state.ended.get(key)

    def result(self, one: Instance, /) -> object:
        """What a node gave; see `OutputReader` of `kinds`."""
        value = one.kind.value(self, one, one.node)
        return None if value is NOTHING else value

    def text(self, one: Instance, /) -> str | None:
        """The same as JSON text; see `OutputReader` of `kinds`."""
        return one.kind.text(self, one)

    def results(self, one: Instance, /) -> list[Instance]:
        """The items of a fan-out that gave something; see `OutputReader` of `kinds`."""
        return [each for each in one.children if self._gave(each)]

    def inside(self, one: Instance, node: Node[Any], /) -> Instance | None:
        """A node inside of a container, as it was last; see `OutputReader` of `kinds`."""
        plan = self.view.plan
        assert plan is not None
        if plan.instances.get(one.key) is not one:  # something was put before it
            plan = self._plans[[one, *one.around()][-1].key]
        return self._last(plan, cast("str", node.id or node.address), one.path)

    def parse(self, node: Task, key: Key, ended: Ended, /) -> object:
        """What a task gave, as a fresh object; see `OutputReader` of `kinds`. Raises `AuthorError`
        if its class is gone.
        """
        text = self.view.outputs.output(key, ended)
        try:
            return node.output.parse_as(text, ended.type)
        except NotExact as error:
            said = f"the output of {name_of(node)}: {error}"
            raise AuthorError(said, place=node.mark.place) from error

    def stored(self, key: Key, ended: Ended, /) -> str | None:
        """What a task gave as JSON text; see `OutputReader` of `kinds`."""
        return None if ended.output is None else self.view.outputs.output(key, ended)

    def _parsed(self, node: Node[Any], gone: _Gone) -> object:
        """What a node gave that has left the tree."""
        return self.parse(cast("Task", node), *gone)  # nothing else leaves an output

    def _gave(self, item: Instance) -> bool:
        """Whether an item of a fan-out is in its list: one that can give nothing is there as None
        if it finished.
        """
        if source_or_none(item.node) is not None:
            return item.kind.gives(self, item)
        return item.status == "finished" and not item.tolerated

    def _last(self, plan: Plan, id: str, path: tuple[int, ...]) -> Instance | None:
        """A node in the last iteration of the loops that are inside the item."""
        definition = self.view.mounts.by_id.get(id)
        for loop_id in definition.loops[len(path) :] if definition is not None else ():
            loop = plan.instances.get(Key(loop_id, path))
            if loop is None or not loop.children:
                return None
            path = (*path, len(loop.children) - 1)
        return plan.instances.get(Key(id, path))

    def _ended_how(self, found: Instance | None) -> str:
        if found is None or found.status == "skipped":
            ended = None if found is None else self.state.ended.get(found.key)
            unpaid = None if ended is None else ended.error
            return "was skipped" if unpaid is None else f"was skipped: {unpaid.message}"
        return {"failed": "failed", "cancelled": "was cancelled"}.get(found.status, "has no output")
