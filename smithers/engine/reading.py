"""Reads of outputs, for whoever is reading: a render, a callable, or a step.

A reader sees the state of one frame. What it used is kept in `used`, so that it can be written with
the frame; what was not there yet is kept in `missed`, even if the author's code swallowed it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pydantic import ValidationError

from smithers.changes import Failure, Key
from smithers.context import ItemFailure, NotYet, State
from smithers.engine.failing import error_of
from smithers.engine.mount import Mounts
from smithers.engine.outputs import Outputs
from smithers.engine.plan import Plan
from smithers.errors import AuthorError, SmithersError
from smithers.kinds import NOTHING, Definition, Instance, kind_of
from smithers.state import Ended, RunState
from smithers.tree import (
    Attempt,
    ForEach,
    Node,
    NotExact,
    Output,
    Task,
    here,
    problem,
    shown,
)

__all__ = ["NoOutput", "Reading", "View", "has_output"]


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

    # -- what the context asks

    def value(self, node: Node[Any]) -> object:
        if self.mode == "render":
            raise AuthorError(
                f"ctx[{_name(node)}] was read in the workflow function itself",
                place=here().place,
                hint=f"read it in a lambda, for example prompt=lambda: ... ctx[{_name(node)}] ...",
            )
        if (gone := self._gone(_valued(node).id)) is not None and gone[1].output is not None:
            return self._parsed(_valued(node), *gone)
        found = self._read(node)
        if found is not None and (value := self._given(node, found)) is not NOTHING:
            return value
        raise NoOutput(
            f"{self.key.id} reads {_name(node)}, which {self._ended_how(found)}",
            hint="use ctx.get, which returns None in that case",
        )

    def maybe(self, node: Node[Any]) -> object | None:
        if (gone := self._gone(_valued(node).id)) is not None:
            return None if gone[1].output is None else self._parsed(_valued(node), *gone)
        found = self._maybe(lambda: self._read(node))
        return self._or_none(node, found)

    def maybe_by_id(self, id: str, output: Output[Any]) -> object | None:
        if (gone := self._gone(id)) is not None:
            text = self.stored(*gone)
        else:
            found = self._maybe(lambda: self.find(id))
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
        definition = self._definition(_valued(node))
        if definition is None:
            return None
        common = self._common(definition)
        if not common:
            raise AuthorError(
                f"ctx.previous({_name(node)}) needs a loop that contains both"
                f" {_name(node)} and {self.key.id}",
                place=here().place,
                hint="read it in a callable of a node in the same Loop",
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
            if self._result(child) is None
        ]

    def ending(self, node: Node[Any] | str) -> tuple[State, Failure | None]:
        """How a node has ended, and its error. No node of a tree that is rendered is open."""
        id = node if isinstance(node, str) else _checked(node).id
        if (gone := self._gone(id)) is not None:
            return gone[1].outcome, gone[1].error
        try:
            found = self.find(node) if isinstance(node, str) else self._found(node)
        except NotYet:
            if self.mode == "render":
                return "open", None
            raise
        if found is None:
            return "skipped", None
        return cast("State", found.status), error_of(self.state, found)

    def json_of(self, node: Node[Any]) -> str | None:
        """The output of a settled node as JSON text, or None where it has none."""
        target = _valued_or_none(node)
        found = None if target is None else self._read(target)
        return None if found is None else self.text(found)

    # -- finding

    def _gone(self, id: str | None) -> tuple[Key, Ended] | None:
        """How a task ended that is in the tree no more: what it gave stays readable."""
        if id is None or id in self.view.mounts.by_id:
            return None
        ended = self.view.state.ended
        path = self.key.path
        keys = [Key(id, path[:length]) for length in range(len(path), -1, -1)]
        found = next((key for key in keys if key in ended), None)
        if found is None:
            found = max((key for key in list(ended) if key.id == id), default=None)
        if found is None or ended[found].frame > self.frame:
            return None
        self.watched.add(id)
        self.used[found] = ended[found].frame
        return found, ended[found]

    def _or_none(self, node: Node[Any], found: Instance | None) -> object | None:
        value = NOTHING if found is None else self._given(node, found)
        return None if value is NOTHING else value

    def _maybe(self, read: Callable[[], Instance | None]) -> Instance | None:
        if self.mode != "render":
            return read()
        try:
            return read()
        except NotYet:
            return None

    def _read(self, node: Node[Any]) -> Instance | None:
        """The settled instance that a read of this node means, or None where it was skipped."""
        return self._found(_valued(node))

    def _found(self, node: Node[Any]) -> Instance | None:
        definition = self._definition(node)
        return None if definition is None else self._instance(definition, None, None)

    def _definition(self, node: Node[Any]) -> Definition | None:
        return self._known(node.id or node.address or "", node)

    def _known(self, id: str, node: Node[Any] | None) -> Definition | None:
        if not id and self.mode == "render":
            raise AuthorError(
                "the workflow function reads a node without an id",
                place=here().place,
                hint='read a task, or a container with an id, for example ForEach(..., id="files")',
            )
        self.watched.add(id)
        if (definition := self.view.mounts.by_id.get(id)) is not None:
            self.watched.update(definition.loops)
            return definition
        if self.mode == "render" or self.view.could_add(id):
            raise self._not_yet(Key(id))
        place = f", written at {node.mark.place}," if node is not None else ""
        raise AuthorError(
            f"{self.key.id} reads {id or _name(node)!r}{place}"
            " which is not part of the workflow tree",
            place=here().place,
            hint="add it to the tree that the workflow returns, or read another task",
        )

    def find(self, id: str) -> Instance | None:
        """The settled instance of an id, or None where it was skipped. Raises `NotYet`."""
        definition = self._known(id, None)
        return None if definition is None else self._instance(definition, None, None)

    def _common(self, definition: Definition) -> int:
        count = 0
        for mine, its in zip(self.loops, definition.loops, strict=False):
            if mine != its:
                break
            count += 1
        return min(count, len(self.key.path))

    def _instance(
        self, definition: Definition, path: tuple[int, ...] | None, common: int | None
    ) -> Instance | None:
        plan = self.view.plan
        common = self._common(definition) if common is None else common
        path = self.key.path[:common] if path is None else path
        if plan is None:
            raise self._not_yet(Key(definition.id, path))
        for loop_id in definition.loops[common:]:
            loop = self._settled(plan, Key(loop_id, path))
            if not loop.children:
                self.used[loop.key] = loop.settled_at
                return None
            path = (*path, len(loop.children) - 1)
        key = Key(definition.id, path)
        if key not in plan.instances and (above := self._ended_above(plan, definition, path)):
            self.used[above.key] = above.settled_at
            return None
        found = self._settled(plan, key)
        self.used[found.key] = found.settled_at
        return found

    def _ended_above(
        self, plan: Plan, definition: Definition, path: tuple[int, ...]
    ) -> Instance | None:
        """A container that ended before it came to this node: by a test that raised, say."""
        one = definition.parent
        while one is not None:
            found = plan.instances.get(Key(one.id, path[: len(one.loops)]))
            if found is not None and found.settled and found.settled_at <= self.frame:
                return found
            one = one.parent
        return None

    def _settled(self, plan: Plan, key: Key) -> Instance:
        found = plan.instances.get(key)
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

    def _given(self, node: Node[Any], found: Instance) -> object:
        return found.kind.value(self, found, _valued(node))

    def result(self, one: Instance, /) -> object:
        """What a node gave; see `OutputReader` of `kinds`."""
        value = one.kind.value(self, one, one.node)
        return None if value is NOTHING else value

    def text(self, one: Instance, /) -> str | None:
        """The same as JSON text; see `OutputReader` of `kinds`."""
        return one.kind.text(self, one)

    def results(self, one: Instance, /) -> list[Instance]:
        """What the items of a fan-out gave; see `OutputReader` of `kinds`."""
        return [each for each in map(self._result, one.children) if each is not None]

    def parse(self, node: Task, key: Key, ended: Ended, /) -> object:
        """What a task gave; see `OutputReader` of `kinds`."""
        return self._parse(node, node.output, key, ended)

    def stored(self, key: Key, ended: Ended, /) -> str | None:
        """What a task gave as JSON text; see `OutputReader` of `kinds`."""
        return None if ended.output is None else self.view.outputs.output(key, ended)

    def _parsed(self, node: Node[Any], key: Key, ended: Ended) -> object:
        """What a node gave that has left the tree."""
        output = kind_of(node).output(node)
        assert output is not None, "only tasks leave an output"
        return self._parse(node, output, key, ended)

    def _parse(self, node: Node[Any], output: Output[Any], key: Key, ended: Ended) -> object:
        """A fresh object. Raises `AuthorError` if its class is gone."""
        text = self.view.outputs.output(key, ended)
        try:
            return cast("object", output.parse_as(text, ended.type))
        except NotExact as error:
            said = f"the output of {_name(node)}: {error}"
            raise AuthorError(said, place=node.mark.place) from error

    def _result(self, child: Instance) -> Instance | None:
        """The instance whose output is the item's, or None where the item gave nothing."""
        if child.status != "finished":
            return None
        target = _valued_or_none(child.definition.node)
        if target is None or self.view.plan is None:
            return child
        found = self._last(self.view.plan, cast("str", target.id or target.address), child.path)
        return found if found is not None and found.status == "finished" else None

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


def _name(node: Node[Any] | None) -> str:
    if node is None:
        return "it"
    return node.id or node.address or f"the {node.kind} at {node.mark.place}"


def _valued_or_none(node: Node[Any]) -> Node[Any] | None:
    while (source := kind_of(node).source_of_output(node)) is not node:
        if source is None:
            return None
        node = source
    return node


def has_output(node: Node[Any]) -> bool:
    """Whether it is a task or a ForEach, or a group whose result is."""
    return _valued_or_none(node) is not None


def _checked(node: Node[Any]) -> Node[Any]:
    if not isinstance(cast("object", node), Node):
        raise AuthorError(
            f"ctx needs a node, not {shown(node)}",
            place=here().place,
            hint="read a task, for example ctx[plan], or an id, for example ctx.get('plan', Plan)",
        )
    return node


def _valued(node: Node[Any]) -> Node[Any]:
    """The task or ForEach whose output is this node's. Raises `AuthorError` where there is none."""
    if (found := _valued_or_none(_checked(node))) is None:
        said = f"{_name(node)} is a {node.kind}, which has no output"
        raise AuthorError(said, place=here().place, hint=kind_of(node).hint)
    return found
