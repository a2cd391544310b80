"""The plan, told a second time: slowly, from nothing, by plain recursion over tree and state.

It knows no instances, queues or counters. `stop` tells a subtree that something around it has
failed: the outcome of what never started, and whether running attempts are stopped as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import count, takewhile
from typing import Any, NamedTuple, assert_never, cast

from smithers.changes import Key, Outcome
from smithers.engine.plan import Expand
from smithers.flows import Flow
from smithers.kinds import AnyNode, Compensated, Definition, Saga, Try
from smithers.kinds.try_ import Catch, Finally, Handler
from smithers.state import RunState
from smithers.tree import (
    Branch,
    Computed,
    EventWork,
    ForEach,
    Giving,
    HumanWork,
    Loop,
    Node,
    Parallel,
    Part,
    PersonWork,
    Task,
    TimerWork,
)
from smithers.tree import Sequence as InOrder

__all__ = ["Reference", "continues", "grown", "part_of"]

_OPEN = ("idle", "up")


_WAITS = (PersonWork, HumanWork, TimerWork, EventWork)
"""What only waits, and is never attempted."""


class Stop(NamedTuple):
    outcome: Outcome
    cancel: bool


class Reference:
    """What a plan must say of this tree in this state.

    `settled` is how each node has ended; `asks` are the tasks that may be attempted, and the
    containers whose callable is to be asked;
    `drops` the tasks that will not go on, with their outcome or "stop" for an attempt that runs;
    `blocked` names, for each of the tasks that no slot is free for, the group that lacks it.
    """

    def __init__(self, root: Definition, state: RunState, expand: Expand) -> None:
        self.state = state
        self.expand = expand
        self._status: dict[Key, str] = {}
        self.drops: dict[Key, str] = {}
        self.parent: dict[Key, Key] = {}
        self._asks: dict[Key, bool] = {}
        self.limited: dict[Key, int] = {}
        self._started: set[Key] = set()
        self._pools: dict[Key, str] = {}
        self._closed = False
        """Whether what is looked at stands in an iteration that another one follows."""
        ends = None if state.ending is None else Stop("cancelled", cancel=True)
        self.root = self._eval(root, Key(root.id), ends, idle=False)
        self.settled = {key: how for key, how in self._status.items() if how not in _OPEN}
        self.asks = {key for key, wanted in self._asks.items() if wanted}
        self.begun = {key for one in self._started for key in (one, *self._above(one))}
        self.blocked = {key: group for key in self.asks if (group := self._blocker(key))}

    def open_slots(self, group: Key) -> int:
        """How many children of a group have begun and are not settled."""
        mine = [key for key, parent in self.parent.items() if parent == group]
        return sum(key in self.begun and key not in self.settled for key in mine)

    def taken(self, pool: str) -> int:
        """How many tasks of a pool have begun and are not settled."""
        mine = (key for key, name in self._pools.items() if name == pool)
        return sum(key in self._started and key not in self.settled for key in mine)

    def _above(self, key: Key) -> list[Key]:
        found: list[Key] = []
        while (above := self.parent.get(key)) is not None:
            found.append(above)
            key = above
        return found

    def _blocker(self, key: Key) -> Key | None:
        for child, group in zip((key, *self._above(key)), self._above(key), strict=False):
            limit = self.limited.get(group)
            if limit is not None and child not in self.begun and self.open_slots(group) >= limit:
                return group
        return None

    # -- one node

    def _eval(self, one: Definition, key: Key, stop: Stop | None, *, idle: bool) -> str:
        if idle and stop is None:
            self._status[key] = "idle"
            return "idle"
        ended = self.state.ended.get(key)
        if idle and ended is not None and not isinstance(one.node, Task | Saga):
            self._status[key] = ended.outcome
        else:
            status = self._by_kind(one, key, stop, idle=idle)
            if status == "finished" and _computes(one.node):
                status = self._result(key, stop)
            self._status[key] = status
            if self._status[key] == "failed" and ended is None and continues(one.node):
                self._status[key] = "finished"  # what failed is below it
        return self._status[key]

    def _by_kind(  # noqa: C901  # one case a kind
        self, one: Definition, key: Key, stop: Stop | None, *, idle: bool
    ) -> str:
        node = cast("AnyNode", one.node)
        below: Sequence[Definition]
        match node:
            case Task():
                return self._task(node, key, stop, idle=idle)
            case Branch():
                return self._branch(one, node, key, stop, idle=idle)
            case Loop():
                return self._loop(one, node, key, stop, idle=idle)
            case ForEach():
                return self._foreach(one, key, stop, idle=idle)
            case Parallel():
                return self._group(one.children, node, key, stop, idle=idle)
            case InOrder():
                below = grown(one, key.path, self.state, self.expand)
                return self._in_order(below, key, stop, idle=idle)
            case Part():
                return self._part(one, key, stop, idle=idle)
            case Finally():
                return self._in_order(one.children, key, stop, idle=idle)
            case Handler():
                below = self._handling(one, key.path)
                return self._in_order(below, key, stop, idle=idle)
            case Catch():
                return self._in_order(one.children, key, stop, idle=idle)
            case Try():
                return self._try(one, node, key, stop, idle=idle)
            case Saga():
                return self._saga(one, key, stop, idle=idle)
            case Compensated():
                action = one.children[:1]
                found = [self._child(action[0], key, stop, idle=idle)]
                return self._of(action, found, stop)
            case Flow():
                raise AssertionError("flows have properties of their own")
            case _:
                assert_never(node)

    def _child(self, one: Definition, key: Key, stop: Stop | None, *, idle: bool) -> str:
        mine = Key(one.id, key.path)
        self.parent[mine] = key
        return self._eval(one, mine, stop, idle=idle)

    def _bad(self, one: Definition, status: str) -> bool:
        tolerated = continues(one.node)
        return status == "cancelled" or (status == "failed" and not tolerated)

    def _task(self, node: Task, key: Key, stop: Stop | None, *, idle: bool) -> str:
        state = self.state
        if node.pool is not None:
            self._pools[key] = node.pool
        tries = [one for one in state.tries.get(key, ()) if one.counts]
        ended = state.ended.get(key)
        answered = ended is not None and ended.outcome in ("finished", "failed")
        is_asked = state.has_wait(key, ("approval", "human", "timer", "event"))
        asked = isinstance(node.work, _WAITS) and (answered or is_asked)
        has_child = (key, "child") in state.waits
        asked = asked or (key in state.children and state.children[key].counts)
        spent = [one for one in tries if one.state not in ("deferred", "interrupted")]
        asked = asked or (key, "repeat") in state.waits
        if asked or spent or (tries and tries[-1].state == "interrupted"):
            self._started.add(key)
        if ended is not None:
            return ended.outcome
        attempted = any(one.state == "running" for one in tries)
        running = has_child or attempted
        if (
            self._closed and not idle and key not in state.reset
        ):  # it comes up there first, whatever stops then
            stop = Stop("skipped", cancel=stop is not None and stop.cancel)
        self._asks[key] = stop is None and not attempted
        if stop is not None and not running:
            self.drops[key] = "failed" if tries and tries[-1].state == "failed" else stop.outcome
        elif stop is not None and stop.cancel:
            self.drops[key] = "stop"
        return "up"

    def _ask(self, asker: Key, owner: Key, stop: Stop | None, *, idle: bool = False) -> str:
        """A callable is missing: its node has failed by it, or was stopped before, or is asked."""
        if (ended := self.state.ended.get(owner)) is not None:
            return ended.outcome
        if self._closed and owner not in self.state.reopened and (stop is None or not idle):
            return "skipped"
        self._asks[asker] = stop is None
        return stop.outcome if stop else "up"

    def _result(self, key: Key, stop: Stop | None) -> str:
        """Of a container that would finish, and whose result is a callable."""
        return "finished" if (key, "result") in self.state.choices else self._ask(key, key, stop)

    # -- containers

    def _of(self, below: Sequence[Definition], found: Sequence[str], stop: Stop | None) -> str:
        """What a container is, by its children."""
        if any(status in _OPEN for status in found):
            return "up"
        bad = [status for one, status in zip(below, found, strict=True) if self._bad(one, status)]
        if bad:
            return "failed" if "failed" in bad else "cancelled"
        return "skipped" if stop is not None and stop.outcome == "skipped" else "finished"

    def _in_order(
        self, below: Sequence[Definition], key: Key, stop: Stop | None, *, idle: bool
    ) -> str:
        found: list[str] = []
        inner, waits = stop, idle
        for one in below:
            found.append(self._child(one, key, inner, idle=waits))
            if self._bad(one, found[-1]):
                inner, waits = inner or Stop("cancelled", cancel=False), True
            waits = waits or found[-1] in _OPEN
        return self._of(below, found, stop)

    def _group(
        self,
        below: Sequence[Definition],
        node: Parallel | ForEach[Any],
        key: Key,
        stop: Stop | None,
        *,
        idle: bool,
    ) -> str:
        if node.limit is not None:
            self.limited[key] = node.limit
        found = [self._child(one, key, stop, idle=idle) for one in below]
        bad = [status for one, status in zip(below, found, strict=True) if self._bad(one, status)]
        if node.on_failure == "continue":
            return self._of(below, ["finished" if one == "failed" else one for one in found], stop)
        if bad:
            cancel = node.on_failure == "cancel" or (stop is not None and stop.cancel)
            inner = Stop(stop.outcome if stop else "cancelled", cancel)
            found = [self._child(one, key, inner, idle=idle) for one in below]
        return self._of(below, found, stop)

    def _branch(
        self, one: Definition, node: Branch, key: Key, stop: Stop | None, *, idle: bool
    ) -> str:
        chosen = self.state.choices.get((key, "test"))
        if chosen is None:
            if self._closed and key not in self.state.ended:
                stop = stop if idle and stop is not None else Stop("skipped", cancel=False)
                idle = True
            status = self._ask(key, key, stop, idle=idle)
            if stop is None or key in self.state.ended:
                return status
            found = [self._child(child, key, stop, idle=True) for child in one.children]
            return self._of(one.children, found, stop) if found else stop.outcome
        yes = chosen.value == "true"
        found = [
            self._child(child, key, stop, idle=idle)
            if (child.place < len(node.arms[0])) == yes
            else self._child(child, key, stop if idle else Stop("skipped", cancel=False), idle=True)
            for child in one.children
        ]
        return self._of(one.children, found, stop)

    def _loop(self, one: Definition, node: Loop, key: Key, stop: Stop | None, *, idle: bool) -> str:
        exhausted = self.state.choices.get((key, "exhausted"))
        bound = node.max_iterations if exhausted is None else int(exhausted.value)
        found: list[str] = []
        while True:
            inside = Key(one.id, (*key.path, len(found)))
            self.parent[inside] = key
            chosen = self.state.choices.get((inside, "until"))
            more = chosen is not None and chosen.value == "false" and len(found) + 1 < bound
            more = more and not self._stands_still(node, inside)
            is_closed = self._closed and key not in self.state.reopened
            before, self._closed = self._closed, is_closed or more
            status = self._in_order(one.children, inside, stop, idle=idle)
            self._closed = before
            self._status[inside] = status
            good = status in ("finished", "skipped")
            if more and (good or stop is not None):
                found.append(status)
            elif good and chosen is None:
                result = self._ask(inside, key, stop)
                self._status[inside] = "up" if key in self.state.ended else result
                return _worst([*found, result])
            elif not good or chosen is None or chosen.value == "true":
                return _worst([*found, status])
            elif exhausted is not None:
                return _worst([*found, self._of((), (), stop)])
            else:
                return _worst([*found, self._ask(key, key, stop)])

    def _try(  # one part after the other
        self, one: Definition, node: Try[Any], key: Key, stop: Stop | None, *, idle: bool
    ) -> str:
        """What was caught fails nothing. What cleans up runs if the body began, whatever stops."""
        first, *rest = one.children
        body = self._child(first, key, stop, idle=idle)
        if idle and not self._has_begun(one.children, key):
            found = [body, *(self._child(part, key, stop, idle=True) for part in rest)]
            return self._of(one.children, found, stop)
        if body in _OPEN:
            return "up"
        never = Stop("cancelled" if self._bad(first, body) else "skipped", cancel=False)
        status = body if self._bad(first, body) or body == "skipped" else "finished"
        if node.catch is not None:
            caught = self.state.choices.get((key, "caught"))
            if (
                caught is not None
                and caught.value == "null"
                and self._ended_after(first, key, caught.frame)
            ):
                caught = None
            if body == "failed" and self._bad(first, body) and caught is None:
                self._asks[key] = True
                return "up"
            # An edit may have removed what failed: then there is nothing to catch.
            has_failed = body == "failed" and self._bad(first, body)
            has_caught = caught is not None and caught.value != "null"
            runs = has_failed and has_caught
            how = self._child(rest[0], key, stop if runs else never, idle=not has_caught)
            status = how if runs else _worst_of(status, how)
        if node.finally_ is not None and status not in _OPEN:
            runs = body in ("finished", "failed") or (key, "began") in self.state.choices
            if not runs and body == "cancelled" and self._has_begun(one.children, key):
                self._asks[key] = True
                return "up"
            how = self._child(rest[-1], key, None if runs else never, idle=not runs)
            status = _worst_of(status, how)
        if status == "skipped" and (stop is None or stop.outcome != "skipped"):
            return "finished"
        return status

    def _handling(self, one: Definition, path: tuple[int, ...]) -> tuple[Definition, ...]:
        """What a handler made of what was caught, also where an edit has put something before."""
        above = Key(cast("Definition", one.parent).id, path)
        caught = self.state.choices.get((above, "caught"))
        has_caught = caught is not None and caught.value != "null"
        return tuple(self.expand(one, path)) if has_caught else ()

    # -- sagas

    def _saga(self, one: Definition, key: Key, stop: Stop | None, *, idle: bool) -> str:
        """Once the body did not finish, what the choice lists is undone, one after the other."""
        body = one.children[0]
        how = self._child(body, key, stop, idle=idle)
        if how in _OPEN:
            return "up"
        choice = self.state.choices.get((key, "undoing"))
        listed = None if choice is None else json.loads(choice.value)
        bad = self._bad(body, how)
        if listed is None:
            if bad and choice is None and self.to_undo(body, key.path):
                self._asks[key] = True
                return "up"
            return self._of([body], [how], stop)
        statuses = [how, *self._undone(body, key, listed)]
        if any(status in _OPEN for status in statuses):
            return "up"
        if (ended := self.state.ended.get(key)) is not None:
            return ended.outcome
        if "failed" in [how if bad else "", *self._failing]:
            self._asks[key] = True
            return "up"
        return "cancelled"

    def _undone(self, body: Definition, saga: Key, listed: list[Any]) -> list[str]:
        found: list[str] = []
        self._failing: list[str] = []
        places = {key: one for one, key in self._walk(body, saga.path)}
        for id, path, asks in listed:
            key = Key(id, tuple(path))
            undo = places[key].children[1]
            mine = Key(undo.id, key.path)
            self.parent[mine] = saga
            stop, idle = None, bool(found) and found[-1] in _OPEN
            if self._failing:
                stop, idle = Stop("cancelled", cancel=False), True
            elif asks and not idle:
                answer = self.state.answers.get(key)
                if answer is None:
                    idle = True
                    self._asks[saga] = (key, "repeat") not in self.state.waits
                elif not json.loads(answer)["approved"]:
                    stop, idle = Stop("skipped", cancel=False), True
            found.append(self._eval(undo, mine, stop, idle=idle))
            if self._bad(undo, found[-1]):
                self._failing.append("failed" if found[-1] == "failed" else "")
        return found

    def to_undo(self, body: Definition, path: tuple[int, ...]) -> dict[Key, bool]:
        """The actions that are undone if their saga does not finish, and which a person is asked
        about.
        """
        found: dict[Key, bool] = {}
        for one, key in self._walk(body, path):
            if isinstance(one.node, Compensated):
                action = Key(one.children[0].id, key.path)
                finished = self._status[action] == "finished"
                below = self._walk(one.children[0], key.path)
                done = [self._effect(*each, approvals=finished) for each in below]
                if any(done):
                    found[key] = "asks" in done and not finished
            ended = self.state.ended.get(key) if isinstance(one.node, Saga) else None
            if ended is not None and ended.error is not None and ended.error.kind == "UndoFailed":
                return {}
        return found

    def _effect(self, one: Definition, key: Key, *, approvals: bool) -> str:
        """What a leaf may have left behind, if anything: "done", or "asks" if nobody can tell."""
        if not isinstance(one.node, Task):
            return ""
        if isinstance(one.node.work, _WAITS) and not approvals:
            return ""
        if self._status[key] == "finished":
            return "done"
        if key in self.state.children:
            return "done" if self._status[key] == "cancelled" else ""
        tries = self.state.tries.get(key, ())
        if not tries or tries[-1].state not in ("interrupted", "cancelled"):
            return ""
        return "asks" if getattr(one.node.work, "effect", False) else "done"

    def _walk(  # noqa: C901  # one case a kind
        self, one: Definition, path: tuple[int, ...]
    ) -> Iterator[tuple[Definition, Key]]:
        """What has been looked at of a tree, in document order, without what was undone there."""
        key = Key(one.id, path)
        if key not in self._status:
            return
        yield one, key
        paths, below = [path], one.children
        match one.node:
            case Loop():
                numbers = takewhile(
                    lambda number: Key(one.id, (*path, number)) in self._status, count()
                )
                paths = [(*path, number) for number in numbers]
            case ForEach():
                chosen = (key, "items") in self.state.choices
                below = tuple(self.expand(one, path)) if chosen else ()
            case InOrder():
                below = tuple(grown(one, path, self.state, self.expand))
            case Part():
                below = tuple(part_of(one, path, self.state, self.expand)[:1])
            case Handler():
                below = self._handling(one, path)
            case Saga():
                choice = self.state.choices.get((key, "undoing"))
                if choice is not None and choice.value != "null":
                    return
            case Compensated():
                below = one.children[:1]
            case _:
                pass
        for inner in paths:
            for child in below:
                yield from self._walk(child, inner)

    def _ended_after(self, one: Definition, key: Key, frame: int) -> bool:
        """Whether anything below a node has ended later than in this frame."""
        mine = Key(one.id, key.path)
        late = [each for each, ended in self.state.ended.items() if ended.frame > frame]
        return any(each == mine or mine in self._above(each) for each in late)

    def _has_begun(self, parts: Sequence[Definition], key: Key) -> bool:
        """Whether anything below these has begun, in this iteration of its loops, also where it was
        not looked at yet.
        """
        trial = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | set):
                setattr(trial, name, copy(cast("object", value)))
        for part in parts:
            trial._child(part, key, Stop("skipped", cancel=False), idle=True)
        mine = {Key(part.id, key.path) for part in parts}
        return any(mine.intersection((each, *trial._above(each))) for each in trial._started)

    def _stands_still(self, node: Loop, turn: Key) -> bool:
        """Whether an iteration has the value of the one before, and that ends the loop."""
        before = Key(turn.id, (*turn.path[:-1], turn.path[-1] - 1))
        said = [self.state.choices.get((one, "same")) for one in (turn, before)]
        if node.stop_if_same is None or said[0] is None or said[1] is None:
            return False
        return said[0].value == said[1].value

    def _foreach(self, one: Definition, key: Key, stop: Stop | None, *, idle: bool) -> str:
        node = cast("ForEach[Any]", one.node)
        if (key, "items") in self.state.choices and key not in self.state.ended:
            return self._group(self.expand(one, key.path), node, key, stop, idle=idle)
        return stop.outcome if idle and stop is not None else self._ask(key, key, stop)

    def _part(self, one: Definition, key: Key, stop: Stop | None, *, idle: bool) -> str:
        if (key, "items") in self.state.choices and key not in self.state.ended:
            below = part_of(one, key.path, self.state, self.expand)[:1]
            return self._in_order(below, key, stop, idle=idle)
        return stop.outcome if idle and stop is not None else self._ask(key, key, stop)


def part_of(
    one: Definition, path: tuple[int, ...], state: RunState, expand: Expand
) -> Sequence[Definition]:
    """The child of a part and the part that follows, as far as they are chosen."""
    return expand(one, path) if (Key(one.id, path), "items") in state.choices else ()


def grown(
    one: Definition, path: tuple[int, ...], state: RunState, expand: Expand
) -> list[Definition]:
    """The children of a sequence, with the parts that were added to it."""
    found = list(one.children)
    while found and isinstance(found[-1].node, Part):
        following = part_of(found[-1], path, state, expand)[1:]
        if not following:
            break
        found += following
    return found


def continues(node: Node[Any]) -> bool:
    """Whether its failure fails nothing around it."""
    known = cast("AnyNode", node)
    match known:
        case Task() | InOrder() | Branch() | Loop() | Parallel() | ForEach() | Try() | Saga():
            return known.on_failure == "continue"
        case Catch() | Finally() | Compensated() | Part():
            return False
        case Flow():
            raise AssertionError("flows have properties of their own")
        case _:
            assert_never(known)


def _worst_of(one: str, other: str) -> str:
    """What something comes to of which one part has come to this, and the other to that."""
    for status in (*_OPEN, "failed", "cancelled"):
        if status in (one, other):
            return "up" if status in _OPEN else status
    return one


def _computes(node: Node[Any]) -> bool:
    return isinstance(node, Giving) and isinstance(node.result, Computed)


def _worst(found: Sequence[str]) -> str:
    """What a loop comes to whose iterations have come to these."""
    if any(status in _OPEN for status in found):
        return "up"
    bad = [status for status in ("failed", "cancelled") if status in found]
    return bad[0] if bad else found[-1]
