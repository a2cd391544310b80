"""What is done again when a node sends work back, or somebody asks for it: found from the rows, and
reset in one frame.

That is the tasks that are named, and all that read them or a container around them:
tasks, and choices. A fan-out whose items were made from them has other items now, so all below it
is done again; so are the iterations of a loop after one whose `until` has read them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from smithers import waits
from smithers.changes import (
    CameUp,
    ChoiceGone,
    ChoiceKind,
    ChoiceMade,
    Key,
    NodeMounted,
    Outcome,
    Reset,
    SentBack,
)
from smithers.engine.asking import Asking
from smithers.engine.attempts import Running
from smithers.engine.mount import Mounts, children_digest
from smithers.engine.reading import Reading
from smithers.engine.relations import Relations
from smithers.engine.render import called
from smithers.kinds import Definition, is_sent_back
from smithers.shapes import asks_person, is_container, shape_of
from smithers.state import RunState
from smithers.texts import object_from
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.tree import ForEach

__all__ = ["Affected", "Again", "Given", "Reworking"]

_KEPT: Final[frozenset[ChoiceKind]] = frozenset({"rework", "began", "undoing", "ending", "started"})
"""Choices that nothing was read for. How often work was sent back counts on."""
_REREAD: Final[tuple[ChoiceKind, ...]] = tuple(
    kind for kind in get_args(ChoiceKind) if kind not in _KEPT
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """An output that a person gives in place of a task, as JSON text. `type` is the class of what
    the task gave before, if none was declared: readers have theirs of the same class.
    """

    text: str
    model: str | None
    by: str
    type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """What somebody wants done again: these nodes, and with `readers` all that read them; otherwise
    only the questions whose texts read them, as for those that stand `alone`. Tasks with `outputs`
    have these, and what read them is done again in any case. What was `chosen` at these nodes is
    chosen again.
    """

    keys: Collection[Key] = ()
    chosen: Collection[Key] = ()
    readers: bool = True
    alone: Collection[Key] = ()
    outputs: Mapping[Key, Given] = field(default_factory=dict[Key, Given])


class Reworking:
    """Resets what was sent back or asked for, in the frame in the making."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._state = asking.state
        self._relations: Relations | None = None
        """Kept up with the changes from the first time on that work is sent back."""

    def pending(self) -> list[Key]:
        """The nodes that have sent work back which is not reset yet, by the rows, as far as the
        plan has come to them. The others tell when they come up.
        """
        return [
            key
            for key, kind in self._state.choices
            if kind == "rework" and is_sent_back(self._state, key)
            if key in self._asking.plan.instances
        ]

    def reset(self, key: Key, attempts: Iterable[Running]) -> Affected:
        """Reset what this node has sent back. Steps write their reads at their end, so those of
        `attempts` count as well.
        """
        choice = object_from(self._state.choices[key, "rework"].value) or {}
        cause = SentBack(key=key, by=choice.get("by"), note=choice.get("note"))
        one = self._asking.plan.instances[key]
        rework = one.kind.rework(one.node)
        found = self._finder(attempts, self._kept())
        found.add(key)
        for id in () if rework is None else rework.ids:  # an edit may have taken it away
            if (named := found.named(id, key)) is not None:
                found.add(named)
        return self._write(found, cause)

    def reset_requested(self, again: Again, attempts: Iterable[Running]) -> Affected:
        """Reset what somebody wants done again."""
        found = self._finder(attempts, Relations(self._state))
        for key in again.keys:
            found.add(key, follows=again.readers)
        for key in again.chosen:
            found.choose_again(key)
        for key in again.alone:
            found.add(key, follows=False)
        for key in again.outputs:
            found.add(key)
        affected = self._write(found, None)
        for key in again.chosen:
            if key not in found.reread:
                self._choose_items(key, affected)
        for key, given in again.outputs.items():
            self._settle(key, given)
        return affected

    def _choose_items(self, key: Key, affected: Affected) -> None:
        """Choose the items of a fan-out in this frame, so that those which it keeps never leave the
        tree. Where that cannot be done now, they are asked for as always.
        """
        asking = self._asking
        definition = asking.view.mounts.by_id.get(key.id)
        if definition is None or (key, "items") not in affected.choices:
            return
        fan_out = cast("Definition[ForEach[Any]]", definition)
        reading = Reading(asking.view, key, definition.loops, asking.frame.number)
        try:
            items = called(partial(asking.renderer.ask_items, fan_out), reading)
        except Exception:  # whoever asks again fails the fan-out by it
            return
        if reading.missed or affected.again & reading.used.keys():
            return
        asking.frame.read(reading)
        asking.renderer.remember(key, items)
        row, children = items.row(asking.renderer.source), children_digest(definition)
        asking.frame.do(ChoiceMade(key=key, kind="items", value=row, children=children))

    def _settle(self, key: Key, given: Given) -> None:
        """A person gives the output of a task."""
        frame = self._asking.frame
        frame.do(CameUp(key=key))
        frame.settle(
            key,
            "finished",
            output=given.text,
            model=given.model,
            type=given.type,
            set_by=given.by,
        )

    def find(self, keys: Iterable[Key], chosen: Iterable[Key] = ()) -> frozenset[Key]:
        """What would be done again with these nodes, or with those of which something is chosen
        again: they, and all that read them.
        """
        found = self._finder((), Relations(self._state))
        for key in keys:
            found.add(key)
        for key in chosen:
            found.choose_again(key)
        return found.result().again

    def reset_left(
        self, ids: Iterable[str], cause: SentBack | None, attempts: Iterable[Running]
    ) -> Affected:
        """Nodes have left the tree because its structure read what is done again: so did they."""
        found = self._finder(attempts, self._kept())
        for key in found.keys_of(set(ids)):
            if self._state.reset.get(key) != self._asking.frame.number:
                found.add(key)
        return self._write(found, cause)

    def _kept(self) -> Relations:
        watchers = self._asking.frame.watchers
        if (known := self._relations) is not None and known.is_stale:
            watchers.remove(known.note)
            known = None
        if known is None:
            known = self._relations = Relations(self._state)
            watchers.append(known.note)
        return known

    def _finder(self, attempts: Iterable[Running], relations: Relations) -> _Finder:
        mounts = self._asking.view.mounts
        return _Finder(self._state, mounts, relations, _reading(attempts))

    def _write(self, found: _Finder, cause: SentBack | None) -> Affected:
        affected, places = found.result(), found.relations.places
        frame, anew = self._asking.frame, cause is None  # nobody goes on from what it did

        def in_order(keys: Iterable[Key]) -> list[Key]:
            return sorted(keys, key=lambda key: (places.get(key.id, -1), key))

        resets = [
            *(Reset(key=key, cause=cause, anew=anew) for key in in_order(affected.again)),
            *(Reset(key=key) for key in in_order(affected.open)),
        ]
        for reset in resets:
            if self._state.reset.get(reset.key) != frame.number:
                frame.do(reset)
        for key, kind in sorted(affected.choices):
            if (choice := self._state.choices.get((key, kind))) is not None:
                frame.do(ChoiceGone(key=key, kind=kind, made=choice.frame))
        self._asking.renderer.forget(key for key, _ in affected.choices)
        return replace(affected, cause=cause)


def _reading(attempts: Iterable[Running]) -> Iterator[tuple[Key, Key]]:
    """Who reads what at the moment."""
    for one in attempts:
        reading = one.attempt.reads()
        for source in list(reading.used) if reading is not None else ():
            yield one.key, source


@dataclass(frozen=True, slots=True)
class Affected:
    """What is done again: `again` are nodes, `open` nodes that never ran and may run now. `cause`
    is who sent it back, if somebody did.
    """

    again: frozenset[Key]
    open: frozenset[Key]
    choices: frozenset[tuple[Key, ChoiceKind]]
    cause: SentBack | None = None


def _is_beside(row: NodeMounted | None) -> bool:
    """Whether a part of a container is what handles its failure, or cleans up after it."""
    shape = None if row is None else shape_of(row.kind)
    return shape is None or shape.handles or shape.cleans_up == "parent"


class _Finder:
    """Follows reads from node to node. `reading` are those that are not rows yet, as pairs of
    reader and source.
    """

    def __init__(
        self,
        state: RunState,
        mounts: Mounts,
        relations: Relations,
        reading: Iterable[tuple[Key, Key]],
    ) -> None:
        self._state = state
        self._mounts = mounts
        self.relations = relations
        self._row, self._around = relations.row, relations.around
        self._tasks: set[Key] = set()
        self._open: set[Key] = set()
        self._choices: set[tuple[Key, ChoiceKind]] = set()
        self._changed: set[Key] = set()
        self._queue: deque[Key] = deque()
        self.reread: set[Key] = set()
        """The containers that have read what is done again."""
        self._later: dict[Key, int] = {}
        """By loop, the iteration after which all were added."""
        self._reading: dict[Key, set[Key]] = {}
        for reader, source in reading:
            self._reading.setdefault(source, set()).add(reader)

    def _is_known(self, key: Key) -> bool:
        """Whether anything has happened to it."""
        state = self._state
        happened = key in state.came_up or key in state.ended or key in state.tries
        return happened or state.has_wait(key, waits.KINDS)

    def _readers(self, source: Key) -> set[Key]:
        reads = self._state.reads
        known = self.relations.readers.get(source, ())
        found = {reader for reader in known if source in reads.get(reader, ())}
        return found | self._reading.get(source, set())

    def _kinds(self, key: Key) -> list[ChoiceKind]:
        """What was chosen at it and may come out differently."""
        return [kind for kind in _REREAD if (key, kind) in self._state.choices]

    def _inside(self, top: Key) -> Iterable[Key]:
        """All that something has happened to in a container or an iteration."""
        return self.relations.inside.get(top, ())

    def result(self) -> Affected:
        """All that was added, with what read it."""
        while self._queue:
            self._follow(self._queue.popleft())
        return Affected(
            again=frozenset(self._tasks),
            open=frozenset(self._open - self._tasks),
            choices=frozenset(self._choices),
        )

    def add(self, key: Key, *, follows: bool = True) -> None:
        """It is done again; of a container, all that is below it. Unless it `follows`, what read it
        stays as it is, but for the questions whose texts did.
        """
        row = self._row(key.id)
        if row is not None and is_container(row.kind):
            self._add_below(key, follows=follows)
        elif key not in self._tasks:
            self._tasks.add(key)
        else:
            return
        if follows:
            self._change(key)
        else:
            self._ask_again(key)

    def choose_again(self, key: Key) -> None:
        """What was chosen at a node comes out differently. The items that a fan-out keeps stay as
        they are.
        """
        row = self._row(key.id)
        self._choices.update((key, kind) for kind in self._kinds(key))
        if row is None or not is_container(row.kind):
            self.add(key)
        elif not (shape_of(row.kind).expands or shape_of(row.kind).is_lazy):
            self._reread(key)
            if not shape_of(row.kind).iterates:
                self._open_arms(key)
        else:
            if key in self._state.ended:
                self._tasks.add(key)
            self._change(key)

    def _ask_again(self, source: Key) -> None:
        """The questions that have read it, or a container that may give something else now: one
        around it, or one that has read it itself.
        """
        seen, queue = {source}, deque([source])
        while queue:
            one = queue.popleft()
            found = {
                Key(row.id, one.path[: len(self._loops(row.id))]) for row in self._around(one.id)
            }
            for reader in self._readers(one):
                row = self._row(reader.id)
                if row is not None and asks_person(row.kind):
                    self.add(reader)
                elif row is not None and is_container(row.kind):
                    found.add(Key(reader.id, reader.path[: len(self._loops(row.id))]))
            queue.extend(found - seen)
            seen |= found

    def named(self, id: str, by: Key) -> Key | None:
        """The node of this id that is meant at another node; None if the run did not come to it."""
        loops, common = self._loops(id), self._common(id, by.id)
        prefix = by.path[:common]
        if len(loops) == common:
            return Key(id, prefix)
        known = filter(self._is_known, self.relations.below.get(id, ()))
        below = [key.path for key in known if key.path[:common] == prefix]
        return Key(id, max(below)[: len(loops)]) if below else None

    def keys_of(self, ids: set[str]) -> list[Key]:
        """What the rows have of tasks with these ids."""
        return [
            key
            for id in ids
            for key in self.relations.below.get(id, ())
            if key.id == id and self._is_known(key)
        ]

    # -- from node to node

    def _change(self, key: Key) -> None:
        if key not in self._changed:
            self._changed.add(key)
            self._queue.append(key)

    def _follow(self, key: Key) -> None:
        """What read a node that changes, or a container around it, changes as well."""
        self._read(key)
        inner, failed = key, self._state.outcome(key) == "failed"
        for row in self._around(key.id):
            above = Key(row.id, key.path[: len(self._loops(row.id))])
            self._read(above)
            if above in self._state.ended:  # it failed by itself, and what is below it changes
                self._tasks.add(above)
            if shape_of(row.kind).is_code and (above, "result") in self._state.choices:
                self._choices.add((above, "result"))
            if self._handler(row.id) is not None and not _is_beside(self._row(inner.id)):
                self._open_handler(above, failed)
            definition = self._mounts.by_id.get(row.id)
            if failed and definition is not None and definition.kind.handles(definition.node):
                self._open_stopped(above)
                failed = False
            inner = above

    def _read(self, source: Key) -> None:
        for reader in self._readers(source):
            self._reread(reader)
        for id in self._mounts.needing(source.id):
            common = self._common(id, source.id)
            for key in self.keys_of({id}):
                if key.path[:common] == source.path[:common]:
                    self.add(key)

    def _reread(self, reader: Key) -> None:
        """A node has read what changes."""
        row = self._row(reader.id)
        if row is None:  # the result of the workflow
            return
        if not is_container(row.kind):
            self.add(reader)
            return
        depth, shape = len(self._loops(row.id)), shape_of(row.kind)
        self.reread.add(reader)
        self._choices.update((reader, kind) for kind in self._kinds(reader))
        if shape.expands or shape.is_lazy or shape.is_code or self._is_call(row):
            self._add_below(reader)
        elif shape.iterates and len(reader.path) > depth:
            self._add_later(reader)
        else:
            self._open_skipped(reader)
        self._change(Key(reader.id, reader.path[:depth]))

    def _is_call(self, row: NodeMounted) -> bool:
        """Whether a flow has made this container, from what it read."""
        above = None if row.parent is None else self._row(row.parent)
        return above is not None and shape_of(above.kind).is_code

    def _handler(self, id: str) -> str | None:
        """What handles the failures of a container."""
        found = self.relations.handlers.get(id)
        return found if found in self._state.nodes else None

    def _open_handler(self, key: Key, failed: bool) -> None:
        """The body of a try is done again: a failure that was caught no longer counts, and one may
        be caught now.
        """
        handler = Key(cast("str", self._handler(key.id)), key.path)
        self._open_skipped(handler)
        choice = self._state.choices.get((key, "caught"))
        if failed and choice is not None and choice.value != "null":
            self._choices.add((key, "caught"))
            self._add_below(handler)
            self._open_stopped(key)

    def _open_skipped(self, top: Key) -> None:
        """What a choice has skipped."""
        for key in self._below(top, "skipped"):
            if (key, "skip_if") not in self._state.choices and not self._state.ended[key].error:
                self._open.add(key)

    def _open_arms(self, branch: Key) -> None:
        """The arm that a branch has taken is skipped now."""
        for key in self._inside(branch):
            if key in self._state.ended:
                self._open.add(key)
                self._change(key)

    def _open_stopped(self, top: Key) -> None:
        """What was cancelled because of a failure that no longer counts."""
        for key in self._below(top, "cancelled"):
            self.add(key)

    def _below(self, top: Key, outcome: Outcome) -> list[Key]:
        ended = self._state.ended
        return [
            key
            for key in self._inside(top)
            if (end := ended.get(key)) is not None and end.outcome == outcome
        ]

    def _add_below(self, top: Key, *, follows: bool = True) -> None:
        for key in self._inside(top):
            if not self._is_known(key):
                continue
            row = self._row(key.id)
            if row is None or not is_container(row.kind):
                self.add(key, follows=follows)
            elif key in self._state.ended:  # it failed by itself
                self._tasks.add(key)
                if follows:
                    self._change(key)
        self._drop_choices(self._inside(top))

    def _add_later(self, iteration: Key) -> None:
        """All in the iterations of a loop after this one."""
        before, number = iteration.path[:-1], iteration.path[-1]
        loop = Key(iteration.id, before)
        if self._later.get(loop, number + 1) <= number:
            return
        self._later[loop] = number

        place = len(before)
        later = [
            key for key in self._inside(loop) if len(key.path) > place and key.path[place] > number
        ]
        for key in later:
            if self._is_known(key):
                self.add(key)
        self._drop_choices(later)
        if (loop, "exhausted") in self._state.choices:
            self._choices.add((loop, "exhausted"))

    def _drop_choices(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._choices.update((key, kind) for kind in self._kinds(key))

    # -- the tree, by its rows

    def _common(self, id: str, other: str) -> int:
        """How many loops two nodes have in common."""
        count = 0
        for mine, its in zip(self._loops(id), self._loops(other), strict=False):
            if mine != its:
                break
            count += 1
        return count

    def _loops(self, id: str) -> list[str]:
        """The ids of the loops around a node, outermost first."""
        return [row.id for row in reversed(self._around(id)) if shape_of(row.kind).iterates]
