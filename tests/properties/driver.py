"""Drives a plan as the engine would, one event at a time, with nothing behind it.

An event is what the world may do next: start an attempt, end one, answer a question or a callable.
Its changes go into the state, then the plan is told; `drain` does what follows by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, assert_never, cast

from smithers import inbox, waits
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    AttemptState,
    Change,
    ChoiceKind,
    ChoiceMade,
    Failure,
    Key,
    Outcome,
    Settled,
    WaitClosed,
    WaitKind,
    WaitOpened,
)
from smithers.engine.container_ends import ContainerEnds
from smithers.engine.mount import mount, split_part
from smithers.engine.outputs import Outputs
from smithers.engine.plan import Plan
from smithers.engine.transition import Transition
from smithers.kinds import Caught, Definition, Instance, Saga, Subflow, Try
from smithers.kinds._waiting import WaitingKind
from smithers.kinds.try_ import Handler
from smithers.state import RunState
from smithers.tree import Decision, ForEach, Loop, Node, Part, StepWork

__all__ = ["CAUGHT", "Driver", "Event", "part_made"]

_RESULT: list[tuple[ChoiceKind, str]] = [("result", '{"type":null,"value":1}')]
_WAITS: tuple[WaitKind, ...] = (
    waits.APPROVAL,
    waits.HUMAN,
    waits.TIMER,
    waits.EVENT,
)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


_MOST_FILLED = 4


def part_made(one: Definition, path: tuple[int, ...], state: RunState) -> list[Definition]:
    """The child of a part that is chosen, and the part that follows."""
    assert isinstance(one.node, Part)
    chosen = json.loads(state.choices[Key(one.id, path), "items"].value)
    made = one.node.make() if chosen["keys"] else None
    if made is None:
        return []
    child, following = split_part(made, one)
    return [mount(child, parent=one), *following]


def _turn(one: Instance) -> tuple[int, tuple[int, ...]]:
    """When it gets a slot of a pool, among those who wait for one."""
    places: list[int] = []
    above: Instance | None = one
    while above is not None:
        places.append(above.place)
        above = above.parent
    return -one.node.priority, tuple(reversed(places))


@dataclass(frozen=True)
class Event:
    """Something that may happen now to a node, and the doing of it."""

    name: str
    key: Key
    do: Callable[[], None]

    def __repr__(self) -> str:
        return f"{self.name} {self.key}"


CAUGHT = Caught(key="a", error_class="Error", error=Failure(kind="Error", message="boom"))


@dataclass
class _Deciding:
    """The engine, for a kind that decides without code of the author's."""

    driver: Driver

    @property
    def state(self) -> RunState:
        return self.driver.state

    def compute(self, one: Instance, given: object) -> None:
        self.driver.hand[one.key] = one

    def prepare(self, one: Instance, value: object) -> None:
        assert isinstance(value, Caught)

    def choose(self, one: Instance, kind: ChoiceKind, value: str) -> None:
        self.driver.choose(one.key, kind, value)

    def settle(
        self, one: Instance, outcome: Outcome, *, error: Failure | None = None, **given: Any
    ) -> None:
        self.driver.settle(one, outcome, error)

    def count_child(self, one: Instance, run_id: str, used: object, time_s: float, /) -> None: ...

    def open_wait(self, one: Instance, wait: WaitOpened) -> None:
        self.driver.open_wait(wait)
        self.driver.plan.begin(one)

    def close_wait(self, one: Instance, kind: WaitKind, answer: str) -> None:
        self.driver.close_wait(one.key, kind, answer)

    def proceed(self, one: Instance) -> None:
        self.driver.plan.choose(one.key)


class Driver:
    """A plan, its state, and what an engine would have in its hands.

    `began` is called before each attempt and each question. Of the pools, that have limits within
    the run, the machine may have no slot for a while.
    """

    def __init__(
        self,
        node: Node[Any],
        keys: Sequence[str] = ("a", "b", "c"),
        pools: Mapping[str, int] | None = None,
    ) -> None:
        self.state = RunState(frame=0)
        self.keys = keys
        self.pools = pools or {}
        self._filled = 0
        self._queued: dict[Key, str] = {}
        """What waits for a slot of a pool."""
        self.root = mount(node)
        self._subtrees: dict[tuple[int, tuple[int, ...]], list[Definition]] = {}
        self.plan = Plan(self.root, self.state, self.expand, self.pools)
        self.hand: dict[Key, Instance] = {}
        """What came up and is neither running nor settled."""
        self.waiting: set[Key] = set()
        self.blocked: set[Key] = set()
        self.stopping: set[Key] = set()
        self.settled_times: dict[Key, int] = {}
        self.log: list[str] = []
        self._container_ends = ContainerEnds(Transition(self.state, Outputs("r1")))
        self._waited: dict[Key, int] = {}
        self.cancels = False
        """Whether the run may be cancelled."""
        self.began: Callable[[Instance], None] = lambda one: None
        self.plan.start()

    def edit(self, node: Node[Any], *, resumed: bool) -> None:
        """Go on with another tree and the same state; `resumed` is by another owner."""
        self.log.append("edit, resumed" if resumed else "edit")
        self.root = mount(node)
        self._subtrees.clear()
        if resumed:
            for one in self.state.running():
                self._over(one.key, "interrupted")
        self.plan = Plan(self.root, self.state, self.expand, self.pools)
        self.plan.start()
        if self.state.ending is not None:
            self.plan.end()
        for held in (self.hand, self.settled_times):
            held.clear()
        for keys in (self.waiting, self.blocked, self.stopping, self._queued):
            keys.clear()
        self._let_go()
        self.state.frame += 1

    def cancel(self) -> None:
        """A person cancels the run: only what cleans up continues."""
        value = json.dumps({"why": inbox.CANCEL})
        self._change(ChoiceMade(key=Key(""), kind="ending", value=value))
        self.plan.end()

    def _let_go(self) -> None:
        """What has no place in the tree any more is cancelled, and nobody waits for it."""
        instances = self.plan.instances
        for one in self.state.running():
            if one.key not in instances:
                self._over(one.key, "cancelled")
                self._change(Settled(key=one.key, outcome="cancelled"))
        for (key, kind), wait in list(self.state.waits.items()):
            if key not in instances:
                self._change(WaitClosed(key=key, kind=kind, opened=wait.frame))

    def expand(self, definition: Definition, path: tuple[int, ...]) -> Sequence[Definition]:
        place = (id(definition), path)
        if place not in self._subtrees:
            if isinstance(definition.node, Handler):
                made = definition.kind.subtree(definition.node, CAUGHT)
                self._subtrees[place] = [mount(made, parent=definition)]
                return self._subtrees[place]
            if isinstance(definition.node, Part):
                self._subtrees[place] = part_made(definition, path, self.state)
                return self._subtrees[place]
            node = cast("ForEach[Any]", definition.node)
            chosen = self.state.choices[Key(definition.id, path), "items"]
            keys: list[str] = json.loads(chosen.value)["keys"]
            self._subtrees[place] = [
                mount(node.each(key), parent=definition, item=key, place=number)
                for number, key in enumerate(keys)
            ]
        return self._subtrees[place]

    # -- what follows by itself

    def drain(self) -> None:
        """What an engine does before it looks at the world again; without starting attempts."""
        plan = self.plan
        while True:
            if plan.settled:
                self._note_settled(plan.settled.popleft())
            elif plan.dropped:
                dropped = plan.dropped.popleft()
                if dropped.instance.settled:
                    continue
                if dropped.running:
                    self.stopping.add(dropped.instance.key)
                else:
                    self.settle(dropped.instance, dropped.outcome)
            elif plan.up:
                one = plan.up.popleft()
                self.blocked.discard(one.key)  # all are asked again when nobody is at work
                self._came_up(one)
            elif plan.released:
                one = plan.released.popleft()
                self.blocked.discard(one.key)
                self._check_turn(one)
                self._came_up(one)
            elif not self._has_ready() and plan.ask_held_back():
                continue
            else:
                self._container_ends.write(plan)
                return

    def _has_ready(self) -> bool:
        """Whether anybody is at work, or may begin, who will pass the turn on."""
        ready = self.live().keys() - self.blocked - self.waiting
        return any(self.plan.instances[key].kind.is_task for key in ready) or bool(
            self.state.running()
        )

    def _note_settled(self, one: Instance) -> None:
        self.settled_times[one.key] = self.settled_times.get(one.key, 0) + 1
        for held in (self.waiting, self.blocked, self.stopping):
            held.discard(one.key)

    def _check_turn(self, one: Instance) -> None:
        """Nobody of more priority, or earlier in the document, is left to wait for the pool."""
        pool = self._queued.pop(one.key, None)
        for key, name in self._queued.items():
            other = self.plan.instances[key]
            if pool == name and other.status == "up" and other.dropping is None:
                assert one.begun or _turn(one) <= _turn(other), self.log

    def _came_up(self, one: Instance) -> None:
        if isinstance(one.node, Try | Saga):  # what it decides follows from what has happened
            if one.status == "up":
                one.kind.resolve(cast("Any", _Deciding(self)), one)
        elif one.status == "up" and one.dropping is None:
            self.hand[one.key] = one

    def live(self) -> dict[Key, Instance]:
        """What is in the engine's hands and still counts."""
        return {
            key: one
            for key, one in self.hand.items()
            if one.status == "up" and one.dropping is None and not self.running(key)
        }

    def running(self, key: Key) -> bool:
        return any(one.state == "running" for one in self.state.tries.get(key, ()))

    def is_at_work(self, key: Key) -> bool:
        """Whether an attempt of it or its child run has not ended."""
        return self.running(key) or (key, waits.CHILD) in self.state.waits

    # -- what may happen

    def events(self) -> list[Event]:
        """Everything that may happen now, in document order, what leads to an end first."""
        self.hand = self.live()
        found = [
            event
            for key in sorted({one.key for one in self.state.running()}, key=str)
            for event in self._ends(self.plan.instances[key])
        ]
        for _, one in sorted(self.hand.items(), key=lambda pair: str(pair[0])):
            found.extend(self._task(one) if one.kind.is_task else self._asked(one))
        if self.cancels and self.state.ending is None and not self.plan.root.settled:
            found.append(Event("cancel", self.plan.root.key, self.cancel))
        for name, pool in self.plan.pools.items():
            if pool.is_full:
                free = partial(self.plan.unfill, name)
                found.append(Event("free", Key(name), free))
            elif self._filled < _MOST_FILLED:
                found.append(Event("full", Key(name), partial(self._fill, name)))
        for key, _ in self.state.waits:
            one = self.plan.instances[key]
            if not one.kind.is_task:
                found.extend(self._decisions(one))
            elif (key, waits.CHILD) in self.state.waits:
                found.extend(self._child_ends(one))
            elif key not in self.hand and not one.settled:
                found.extend(self._answers(one))
        return found

    def _fill(self, pool: str) -> None:
        """Others have taken all slots of the machine."""
        self._filled += 1
        self.plan.pools[pool].fill()

    def _event(self, name: str, one: Instance, do: Callable[[], None]) -> Event:
        return Event(name, one.key, do)

    def _ends(self, one: Instance) -> Iterator[Event]:
        yield self._event("finish", one, lambda: self.end(one, "succeeded", "finished"))
        yield self._event("fail", one, lambda: self.end(one, "failed", "failed"))
        if one.key in self.stopping:
            yield self._event("stopped", one, lambda: self.end(one, "cancelled", "cancelled"))
        if self._may_wait(one):
            yield self._event("retry", one, lambda: self._again(one, "failed"))
            yield self._event("defer", one, lambda: self._again(one, "deferred"))
            yield self._event("interrupt", one, lambda: self._interrupt(one))

    def _child_ends(self, one: Instance) -> Iterator[Event]:
        """A child run ends by itself, or since it was stopped."""
        names = {"finish": "finished", "fail": "failed"}
        if one.key in self.stopping:
            names["stopped"] = "cancelled"
        for name, status in names.items():
            error = {"kind": "Error", "message": "boom"} if status == "failed" else None
            body = json.dumps({"run": "child", "status": status, "error": error})
            end = partial(one.kind.answered, cast("Any", _Deciding(self)), one, waits.CHILD, body)
            yield self._event(name, one, end)

    def _task(self, one: Instance) -> Iterator[Event]:
        if (one.key, "repeat") in self.state.waits:
            yield from self._answers(one)
            return
        node, then = one.definition.node, self.attempt
        if one.kind.only_waits:
            if self.state.has_wait(one.key, _WAITS):
                yield from self._answers(one)
                return
            then = self._question
        elif isinstance(node, Subflow):
            then = self._start_child
        if (one.key, waits.CHILD) not in self.state.waits:
            yield from self._beginnings(one, then)

    def _beginnings(self, one: Instance, then: Callable[[Instance], None]) -> Iterator[Event]:
        if self._must_ask(one):
            if one.key not in self.blocked:
                yield self._event("ask", one, lambda: self.begin(one, self._ask_to_repeat))
        elif one.key in self.waiting:
            yield self._event("wake", one, lambda: self.waiting.discard(one.key))
        elif one.key not in self.blocked:
            yield self._event("begin", one, lambda: self.begin(one, then))
            if not one.kind.only_waits:
                yield self._event("raise", one, lambda: self.begin(one, self._raise))
                yield self._event("skip", one, lambda: self.settle(one, "skipped"))
            if self._may_wait(one):
                yield self._event("wait", one, lambda: self.begin(one, self._wait))

    def _answers(self, one: Instance) -> Iterator[Event]:
        if (one.key, "repeat") in self.state.waits:
            yield self._event("repeat", one, lambda: self._may_repeat(one))
        else:
            yield self._event("approve", one, lambda: self.settle(one, "finished"))
        if (one.key, waits.TIMER) not in self.state.waits:
            yield self._event("deny", one, lambda: self.settle(one, "failed"))

    def _decisions(self, one: Instance) -> Iterator[Event]:
        """Of a person, whether an action that was interrupted is undone."""
        for name, approved in (("approve", True), ("deny", False)):
            body = Decision(approved=approved, by="ann", at=_NOW).model_dump_json()
            answer = partial(one.kind.answered, cast("Any", _Deciding(self)), one, "repeat", body)
            yield self._event(name, one, answer)

    def _asked(self, one: Instance) -> Iterator[Event]:  # noqa: C901  # one case a kind
        answers: list[tuple[ChoiceKind, str]]
        match one.kind.name:
            case "branch":
                asked = (one.key, "test") in self.state.choices
                answers = _RESULT if asked else [("test", "true"), ("test", "false")]
            case "iteration":
                answers = [("until", "true")]
                if one.node.stop_if_same is None:
                    answers.append(("until", "false"))
                for value in ("1", "2") if one.node.stop_if_same is not None else ():
                    do = self._until_false(one, value)
                    yield self._event(f"until=false, same={value}", one, do)
            case "loop":
                last = self.state.choices[one.children[-1].key, "until"].value == "true"
                ended = last or (one.key, "exhausted") in self.state.choices
                answers = _RESULT if ended else [("exhausted", str(len(one.children)))]
            case "sequence" | "parallel" | "try" | "saga":
                answers = _RESULT
            case "part":
                made = one.node.make() is not None
                answers = [("items", '{"keys":[""]}')] if made else []
                answers.append(("items", '{"keys":[]}'))
            case "foreach":
                answers = [
                    ("items", json.dumps({"keys": self.keys[:count]}))
                    for count in range(len(self.keys), -1, -1)
                ]
            case (
                "task"
                | "command"
                | "chosen"
                | "approval"
                | "human"
                | "timer"
                | "subflow"
                | "continue_as_new"
                | "wait_for_event"
            ):
                raise AssertionError(f"{one} asks nothing")
            case "catch" | "finally" | "compensated" | "flow":
                raise AssertionError(f"{one} asks nothing")
            case _:
                assert_never(one.kind.name)
        for kind, value in answers:
            yield self._event(f"{kind}={value}", one, self._choice(one, kind, value))
        owner = one.parent if one.kind.name == "iteration" else one
        assert owner is not None
        assert isinstance(owner.definition.node, Loop) or owner is one
        yield self._event("raise", one, lambda: self._failed_asking(one, owner))

    def _may_wait(self, one: Instance) -> bool:
        return one.dropping is None and self._waited.get(one.key, 0) < 2

    # -- doing it

    def happen(self, event: Event) -> None:
        """Let it happen, in a frame of its own; `drain` is up to the caller."""
        self.join(event)
        self.state.frame += 1

    def join(self, event: Event) -> None:
        """Let it happen in the frame of what happens next, before anything follows from it."""
        self.log.append(repr(event))
        event.do()

    def _change(self, change: Change) -> None:
        self.state.apply(change, self.state.frame + 1)

    def open_wait(self, wait: WaitOpened) -> None:
        self._change(wait)

    def close_wait(self, key: Key, kind: WaitKind, answer: str | None = None) -> None:
        if (wait := self.state.waits.get((key, kind))) is not None:
            self._change(WaitClosed(key=key, kind=kind, opened=wait.frame, answer=answer))

    def settle(self, one: Instance, outcome: Outcome, error: Failure | None = None) -> None:
        for kind in (*waits.ASKING, waits.TIMER, waits.EVENT):
            self.close_wait(one.key, kind)
        if error is None and outcome == "failed":
            error = Failure(kind="Error", message="boom")
        self._change(Settled(key=one.key, outcome=outcome, error=error))
        self.plan.settle(one.key)

    def _choice(self, one: Instance, kind: ChoiceKind, value: str) -> Callable[[], None]:
        def choose() -> None:
            del self.hand[one.key]
            self.choose(one.key, kind, value)

        return choose

    def choose(self, key: Key, kind: ChoiceKind, value: str) -> None:
        """Make a choice."""
        self._change(ChoiceMade(key=key, kind=kind, value=value))
        self.plan.choose(key)

    def _until_false(self, one: Instance, value: str) -> Callable[[], None]:
        """An engine writes both in one frame, the value first."""

        def choose() -> None:
            del self.hand[one.key]
            self._change(ChoiceMade(key=one.key, kind="same", value=value))
            self.plan.choose(one.key)
            self._change(ChoiceMade(key=one.key, kind="until", value="false"))
            self.plan.choose(one.key)

        return choose

    def begin(self, one: Instance, then: Callable[[Instance], None]) -> None:
        """Let it do what needs a slot, or wait for one."""
        if (group := self.plan.blocker(one)) is not None:
            self.plan.block(one, group)
            self.blocked.add(one.key)
        elif not self.plan.has_place(one):
            self.blocked.add(one.key)
            self._queued[one.key] = one.node.pool
        else:
            then(one)

    def attempt(self, one: Instance) -> None:
        """Start an attempt."""
        self.began(one)
        tries = self.state.tries.get(one.key, ())
        started = AttemptStarted(
            serial=len(self.state.attempts) + 1,
            key=one.key,
            number=len(tries) + 1,
            agent="python",
            prompt=None,
            session=None,
            at=_NOW,
        )
        self._change(started)
        self.plan.begin(one)

    def _question(self, one: Instance) -> None:
        self.began(one)
        assert isinstance(one.kind, WaitingKind)
        self.open_wait(WaitOpened(key=one.key, kind=one.kind.wait))
        self.plan.begin(one)

    def _start_child(self, one: Instance) -> None:
        self.began(one)
        self.open_wait(WaitOpened(key=one.key, kind=waits.CHILD, on=("child",)))
        self.plan.begin(one)

    def _must_ask(self, one: Instance) -> bool:
        """Whether a person must say that it may run again: it has an effect, and the last attempt
        did not end by itself.
        """
        work, tries = one.definition.node.work, self.state.tries.get(one.key, ())
        if not isinstance(work, StepWork) or not work.effect or not tries:
            return False
        return tries[-1].state in ("interrupted", "cancelled") and not tries[-1].may_repeat

    def _ask_to_repeat(self, one: Instance) -> None:
        self.began(one)
        self._change(WaitOpened(key=one.key, kind="repeat"))
        self.plan.begin(one)

    def _may_repeat(self, one: Instance) -> None:
        opened = self.state.waits[one.key, "repeat"].frame
        yes = '{"approved": true}'
        self._change(WaitClosed(key=one.key, kind="repeat", opened=opened, answer=yes))

    def _failed_asking(self, one: Instance, owner: Instance) -> None:
        del self.hand[one.key]
        self.settle(owner, "failed")

    def _raise(self, one: Instance) -> None:
        self.settle(one, "failed")

    def _wait(self, one: Instance) -> None:
        self._waited[one.key] = self._waited.get(one.key, 0) + 1
        self.waiting.add(one.key)
        self.plan.offer_slots(one)

    def _over(self, key: Key, how: AttemptState) -> None:
        attempt = next(t for t in self.state.tries[key] if t.state == "running")
        self._change(AttemptEnded(serial=attempt.serial, state=how, error=None, at=_NOW))

    def end(self, one: Instance, how: AttemptState, outcome: Outcome) -> None:
        """End its attempt, and settle it."""
        self._over(one.key, how)
        self.settle(one, outcome)

    def _interrupt(self, one: Instance) -> None:
        self._waited[one.key] = self._waited.get(one.key, 0) + 1
        self._over(one.key, "interrupted")
        self.hand[one.key] = one

    def _again(self, one: Instance, how: AttemptState) -> None:
        self._over(one.key, how)
        if how == "deferred":
            self.plan.unbegin(one)
        if one.waits_for_order:
            return
        self.hand[one.key] = one
        self._wait(one)
