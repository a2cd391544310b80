"""Asking the author's callables: tests, items, untils, skips, prompts, questions to people.

An answer that shapes the run becomes a choice of the frame, with what was read for it. A read that
is not there yet makes the node wait for that task by name, and asks again in the frame in which it
settles. A callable that raises fails its node.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Sequence as ListLike
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar, cast

from pydantic import BaseModel
from pydantic_core import to_json

from smithers import waits
from smithers.changes import (
    CameUp,
    ChoiceKind,
    Failure,
    Key,
    Outcome,
    SignalTaken,
    WaitKind,
    WaitOpened,
)
from smithers.context import Context, NotYet
from smithers.engine.child_usage import count_child
from smithers.engine.items import Items
from smithers.engine.plan import Plan
from smithers.engine.readers import Readers, makers
from smithers.engine.reading import Reading, View
from smithers.engine.render import Renderer, called
from smithers.engine.settling import choose, settle
from smithers.engine.syntax import WHOLE, digest_of
from smithers.engine.transition import Transition, failure_of
from smithers.errors import AuthorError, SmithersError
from smithers.kinds import Definition, Instance, is_sent_back, kind_of, send_back
from smithers.state import Attempted, RunState, Total
from smithers.tree import (
    NODE_MARK,
    Computed,
    ForEach,
    Mark,
    Node,
    Part,
    Task,
    checked_time,
    named_choices,
    valid_text,
)

__all__ = ["Asking", "NeedFailed", "text_now"]

T = TypeVar("T")
_MISSED = object()
_CORRECT = "correct the workflow, then resume the run"
_ITERATION = r"(.*)\[(\d+)\]"


def _keys(shown: str) -> Iterator[Key]:
    """What a key that was shown as text may have been; an id may end in brackets as well."""
    id, path = shown, tuple[int, ...]()
    yield Key(id)
    while (match := re.fullmatch(_ITERATION, id, re.DOTALL)) is not None:
        id, path = match[1], (int(match[2]), *path)
        yield Key(id, path)


class NeedFailed(SmithersError):
    """A task that was needed did not end well."""


class Asking:
    """Answers for the instances that came up. `waiting` are those that wait for data, by what they
    wait for; `strict` raises the author's errors instead of failing nodes by them, so that a run
    that is wrong from the start is refused, and nothing of it is written.
    """

    def __init__(
        self,
        frame: Transition,
        view: View,
        renderer: Renderer,
        scrub: Callable[[str], str],
        now: Callable[[], datetime],
        draw: Callable[[Key], int],
    ) -> None:
        self.frame = frame
        self.draw = draw
        self.view = view
        self.renderer = renderer
        self.scrub = scrub
        self.now = now
        self.began = now()
        self.strict = True
        self.catches_up = False
        """Whether it is not known yet what is done again in the first frame of an owner."""
        self.waiting = Readers()
        self.sent_back: list[Key] = []
        """The nodes that have sent work back in this frame: it is reset in the next one."""
        self.answered: Callable[[Key], bool] = lambda _: False
        """Whether the inbox has an answer for a node that is not taken yet."""
        self.pays: Callable[[Instance, Iterable[str]], bool] = lambda _, __: True
        """Whether a budget pays for what is done again; see `Asking` of `kinds`."""
        self.children: list[Key] = []
        """The nodes that wait for a child run which is to be driven, once that is on disk."""

    @property
    def state(self) -> RunState:
        return self.frame.state

    @property
    def plan(self) -> Plan:
        assert self.view.plan is not None
        return self.view.plan

    @property
    def run_id(self) -> str:
        return self.renderer.context.run_id

    def input_digests(self) -> dict[str, str]:
        """Digests of the run's input, as callables see it: of its fields, and of the whole."""
        return self._input_digests

    @cached_property
    def _input_digests(self) -> dict[str, str]:
        given: BaseModel = self.renderer.context.input
        fields: dict[str, object] = {
            name: getattr(given, name) for name in self.input_model.model_fields
        }
        parts: dict[str, object] = {**fields, WHOLE: given}
        return {
            name: digest_of(to_json(one, fallback=repr).decode()) for name, one in parts.items()
        }

    def tries(self, key: Key) -> list[Attempted]:
        """The attempts of a task that count."""
        return [one for one in self.state.tries.get(key, ()) if one.counts]

    def reading(self, instance: Instance) -> Reading:
        """A reader that stands where the instance stands, and sees the frame in the making."""
        loops = instance.kind.loops_around(instance.definition)
        return Reading(self.view, instance.key, loops, self.frame.number)

    # -- what can happen when something is asked

    def ask(self, instance: Instance, call: Callable[[], T], owner: Instance | None = None) -> Any:
        """The answer, or `MISSED` when the node waits for data or has failed by the question."""
        reading = self.reading(instance)
        try:
            value = called(call, reading)
        except NotYet as missed:
            self.wait_for(instance, reading.missed or missed.on)
            return _MISSED
        except Exception as error:
            if reading.missed:
                self.wait_for(instance, reading.missed)
            else:
                self.fail(owner or instance, error)
            return _MISSED
        if reading.missed:
            self.wait_for(instance, reading.missed)
            return _MISSED
        self.frame.read(reading)
        self.frame.close_wait(instance.key, waits.DATA)
        return value

    @staticmethod
    def missed(value: object) -> bool:
        return value is _MISSED

    def wait_for(self, instance: Instance, on: tuple[Key, ...]) -> None:
        """The instance comes up again when one of these settles; at once if that has happened, or
        if a thread asked for an id before the tree knew it, and now it knows better.
        """
        if any(self._is_outdated(instance, key) for key in on):
            self.plan.up.append(instance)
            return
        if not instance.waits_for_order:  # else it is asked when it is activated
            for key in on:
                mounted, made = self.view.mounts.by_id.get(key.id), key in self.plan.instances
                self.waiting.add(instance, key, mounted, is_made=made)
                if mounted is not None:
                    self.plan.wait_inside(makers(mounted, key.path), instance)
        wait = WaitOpened(key=instance.key, kind=waits.DATA, on=tuple(map(str, on)))
        self.frame.open_wait(wait)
        self.plan.offer_slots(instance)

    def ask_again(self, ones: Iterable[Instance]) -> None:
        """Ask those of them again that wait for data: they may read something else now."""
        for one in self.waiting.release(ones):
            tried = self.state.tries.get(one.key)
            if tried and tried[-1].state == "deferred":
                self.frame.close_wait(one.key, waits.DATA)
            self.plan.up.append(one)

    def _is_outdated(self, instance: Instance, key: Key) -> bool:
        """Whether asking for this again gives another answer now: what is around it may have ended
        in this frame, before it was known that the instance waits.
        """
        if (found := self.plan.instances.get(key)) is not None:
            return found.settled
        if (mounted := self.view.mounts.by_id.get(key.id)) is None:
            return not self.view.could_add(key.id)
        if len(key.path) != len(mounted.loops):
            return True
        return self._is_over(self.reading(instance), mounted, key)

    def fail(self, instance: Instance, error: Exception) -> None:
        if self.strict and isinstance(error, AuthorError):
            raise error
        failure = failure_of(error, self.scrub, self.renderer.folder)
        if isinstance(error, AuthorError) or not isinstance(error, SmithersError):
            place = failure.place or str(instance.definition.node.mark.place)
            failure = replace(failure, place=place)
            if not failure.hint:
                failure = replace(failure, hint=_CORRECT, for_resume=True)
        settle(self.frame, self.plan, instance.key, "failed", error=failure)

    def choose(self, instance: Instance, kind: ChoiceKind, value: str) -> None:
        choose(self.frame, self.plan, instance, kind, value)
        if kind == "rework":
            self.sent_back.append(instance.key)

    def give_up(self, instance: Instance[Task], error: Failure | None) -> None:
        """Nothing is left to try: work is sent back with the error as its note, or it fails."""
        note = None if error is None else error.message
        if not send_back(self, instance, by=None, note=note, asked=None):
            self.settle(instance, "failed", error=error)

    def close_wait(self, instance: Instance, kind: WaitKind, answer: str) -> None:
        """Its wait is over, by this answer."""
        self.frame.close_wait(instance.key, kind, answer)

    def settle(
        self,
        instance: Instance,
        outcome: Outcome,
        *,
        error: Failure | None = None,
        output: str | None = None,
        model: str | None = None,
        type: str | None = None,
    ) -> None:
        settle(
            self.frame,
            self.plan,
            instance.key,
            outcome,
            error=error,
            output=output,
            model=model,
            type=type,
        )

    # -- what comes up

    def resolve_later(self, instance: Instance) -> None:
        self.plan.resolve_later(instance)

    def proceed(self, instance: Instance) -> None:
        """The state has what an instance waits for; see `Asking` of `kinds`."""
        self.plan.choose(instance.key)

    def answer(self, instance: Instance) -> bool:
        """Do what an instance that came up needs; True for a task that is ready to be attempted."""
        if instance.status != "up" or instance.dropping is not None:
            return False
        return instance.kind.resolve(self, instance)

    def write_entered(self) -> None:
        """Write who came up and is asked later, since others have the slots."""
        entered, came_up = self.plan.entered, self.state.came_up
        for one in entered:
            if one.status == "up" and one.dropping is None and one.key not in came_up:
                self.frame.do(CameUp(key=one.key))
        entered.clear()

    def test(
        self,
        one: Instance,
        test: Callable[[], object],
        what: str,
        mark: Mark,
        owner: Instance | None = None,
    ) -> bool | None:
        """Call a test; see `Asking` of `kinds`."""
        value = self.ask(one, lambda: self._boolean(test(), what, mark), owner)
        return None if self.missed(value) else bool(value)

    def _boolean(self, value: object, what: str, mark: Mark) -> bool:
        if isinstance(value, bool):
            return value
        raise AuthorError(
            f"{what} returned {value!r}, which is neither True nor False",
            place=mark.place,
            hint="write ctx[task] for its output"
            if isinstance(value, Node)
            else "return a comparison, or wrap the value in bool(...)",
        )

    def prepare(self, instance: Instance, value: object) -> None:
        """Render what is below an instance; see `Asking` of `kinds`."""
        self.renderer.remember(instance.key, Items.of(value))
        try:
            self.renderer.expand(instance.definition, instance.path)
        except Exception as error:
            self.fail(instance, error)

    def compute(
        self, one: Instance, given: Computed[Any], owner: Instance | None = None
    ) -> str | None:
        """Call what becomes a choice; see `Asking` of `kinds`."""
        value = self.ask(one, lambda: given.row(given.call()), owner)
        return None if self.missed(value) else cast("str", value)

    # -- flows; see `Asking` of `kinds`

    def seed(self, instance: Instance) -> int:
        return self.draw(instance.key)

    @property
    def context(self) -> Context[Any]:
        return self.renderer.context

    def step_later(self, instance: Instance) -> None:
        self.plan.step_later(instance)

    def is_known(self, instance: Instance, node: Node[Any]) -> bool:
        assert node.id is not None
        key, state = Key(node.id, instance.path), self.state
        if any(key in known for known in (state.came_up, state.ended, state.tries, state.reset)):
            return True
        return not kind_of(node).is_task and node.id in state.nodes

    def is_over(self, instance: Instance) -> bool:
        key, state = instance.key, self.state
        return (key, "result") in state.choices or key in state.ended or instance.closed

    def add_call(self, instance: Instance, node: Node[Any], after: ListLike[Instance]) -> Instance:
        place = len(instance.children)
        mounted = self.renderer.mount_call(instance.definition, instance.path, node, place)
        key, plan = Key(mounted.id, instance.path), self.plan
        if after and key not in self.state.ended:
            known = self.state.reads.get(key, {})
            reading = Reading(self.view, key, mounted.loops, self.frame.number)
            reading.used = {
                one.key: one.settled_at for one in after if known.get(one.key) != one.settled_at
            }
            self.frame.read(reading)
        child = plan.add_child(instance, mounted, key, mounted.kind)
        plan.start_call(child)
        return child

    def drop_call(self, instance: Instance, child: Instance) -> None:
        self.plan.drop_call(instance, child)

    def value_of(self, instance: Instance, child: Instance) -> object:
        return self.reading(instance).result(child)

    def absorb(self, child: Instance) -> None:
        child.failing = False
        self.plan.absorb(child)

    @property
    def input_model(self) -> type[BaseModel]:
        """What the workflow takes; see `Asking` of `kinds`."""
        model: type[BaseModel] = self.renderer.workflow.input
        return model

    def check_input(self, text: str) -> None:
        """Raise `Refused` if this is not an input of the workflow; see `Asking` of `kinds`."""
        self.renderer.workflow.parse_input(text)

    def make_items(self, instance: Instance[ForEach[Any] | Part]) -> None:
        """Call the items of a fan-out, or a `then`; see `Asking` of `kinds`."""
        if (instance.key, "items") in self.frame.state.choices:
            again = self.ask(
                instance, lambda: self.renderer.expand(instance.definition, instance.path)
            )
            if not self.missed(again):
                self.plan.choose(instance.key)
            return
        items = self.ask(instance, lambda: self.renderer.ask_items(instance.definition))
        if self.missed(items):
            return
        row = items.row(self.renderer.source)
        self.renderer.remember(instance.key, items)
        try:
            self.renderer.expand(instance.definition, instance.path)
        except Exception as error:
            self.fail(instance, error)
            return
        self.choose(instance, "items", row)

    # -- tasks

    def make_ready(self, instance: Instance[Task]) -> bool:
        """Whether a leaf may do what it does; see `Asking` of `kinds`."""
        state, key, node = self.frame.state, instance.key, instance.node
        if key not in state.came_up:
            self.frame.do(CameUp(key=key))
        if is_sent_back(state, key):
            if key not in self.sent_back:  # an edit, or a fan-out, keeps a node away at first
                self.sent_back.append(key)
            return False
        tries = state.tries.get(key)
        if state.has_wait(key, waits.SETTLING) or (tries and tries[-1].state == "running"):
            return False
        if node.needs and self.missed(self.ask(instance, lambda: self._needs(instance))):
            return False
        if node.skip_if is not None and self._skipped(instance, node.skip_if):
            return False
        deferred = tries and tries[-1].state == "deferred"
        if deferred and (missing := self._still_missing(instance)):
            self.wait_for(instance, missing)
            return False
        return not state.has_wait(key, waits.HOLDING)

    def _still_missing(self, instance: Instance) -> tuple[Key, ...]:
        """What a deferred step waits for, known from its row: after a crash or another render it
        is not called before that is there.
        """
        wait = self.frame.state.waits.get((instance.key, waits.DATA))
        if wait is None:
            return ()
        known, reading = self.view.mounts.by_id, self.reading(instance)
        return tuple(
            one
            for shown in wait.opened.on
            for one in _keys(shown)
            if one.id in known
            and len(known[one.id].loops) == len(one.path)
            and not self._is_over(reading, known[one.id], one)
        )

    def _is_over(self, reading: Reading, definition: Definition, key: Key) -> bool:
        """Whether a node has settled, or will not come, since a container around it has."""
        if (found := self.plan.instances.get(key)) is not None:
            return found.settled
        return reading.ended_above(self.plan, definition, key.path) is not None

    def _needs(self, instance: Instance[Task]) -> None:
        reading = self.reading(instance)
        for need in instance.node.needs:
            found = reading.find(need)
            if found is not None and found.status in ("failed", "cancelled"):
                how = "failed" if found.status == "failed" else "was cancelled"
                raise NeedFailed(f"{instance.key.id} needs {need}, which {how}")

    def _skipped(self, instance: Instance[Task], skip_if: Callable[[], bool]) -> bool:
        chosen = self.frame.state.choices.get((instance.key, "skip_if"))
        if chosen is None:
            what = f"the skip_if of {instance.key.id}"
            skips = self.test(instance, skip_if, what, instance.node.mark)
            if skips is None:
                return True
            self.choose(instance, "skip_if", json.dumps(skips))
            skipped = skips
        else:
            skipped = chosen.value == "true"
        if skipped:
            settle(self.frame, self.plan, instance.key, "skipped")
        return skipped

    def has_slot(self, instance: Instance) -> bool:
        plan = self.plan
        if (group := plan.blocker(instance)) is None:
            return plan.has_place(instance)
        plan.block(instance, group)
        return False

    def count_child(
        self, one: Instance, run_id: str, used: Mapping[str | None, Total], time_s: float
    ) -> None:
        """Count what a child run has used; see `Asking` of `kinds`."""
        count_child(self.frame, one.key, run_id, used, self.now(), time_s=time_s)

    def open_wait(self, instance: Instance, wait: WaitOpened) -> None:
        self.frame.open_wait(wait)
        self.plan.begin(instance)
        if wait.kind == waits.CHILD:
            self.children.append(wait.key)

    def has_answer(self, one: Instance) -> bool:
        """Whether an answer to it is to be taken; see `Asking` of `kinds`."""
        return self.answered(one.key)

    def take_signal(self, one: Instance, number: int, misfit: str | None = None) -> None:
        """It takes a signal, or sets it aside; see `Asking` of `kinds`."""
        self.frame.do(SignalTaken(number=number, key=one.key, misfit=misfit))

    def text(
        self, instance: Instance[Task], given: str | Callable[[], str], what: str
    ) -> str | None:
        """A text of the author's; see `Asking` of `kinds`."""
        if isinstance(given, str) and NODE_MARK not in given:  # nothing is read
            self.frame.close_wait(instance.key, waits.DATA)
            return valid_text(given)
        value = self.ask(instance, lambda: text_now(given, what, instance))
        return None if self.missed(value) else cast("str", value)

    def time(
        self, instance: Instance[Task], given: datetime | Callable[[], datetime]
    ) -> datetime | None:
        """A time of the author's; see `Asking` of `kinds`."""
        who, mark = f"timer {instance.node.id!r}", instance.node.mark
        value = self.ask(
            instance, lambda: checked_time(who, given() if callable(given) else given, mark)
        )
        return None if self.missed(value) else cast("datetime", value)

    def names(
        self, instance: Instance[Task], given: Callable[[], Iterable[str]]
    ) -> tuple[str, ...] | None:
        """Texts of the author's; see `Asking` of `kinds`."""
        node = instance.node
        who = f"task {node.id!r}"
        value = self.ask(instance, lambda: named_choices(who, given(), node.mark))
        return None if self.missed(value) else cast("tuple[str, ...]", value)


def text_now(given: str | Callable[[], str], what: str, instance: Instance[Task]) -> str:
    """A text that the author wrote, or the one that their callable gives; a lone surrogate, which
    UTF-8 cannot hold, is U+FFFD.
    """
    value = cast("object", given if isinstance(given, str) else given())
    if isinstance(value, str) and NODE_MARK not in value:
        return valid_text(value)
    gave = "the repr of a node" if isinstance(value, str) else f"a {type(value).__name__}"
    hint = "write ctx[task] for the output of a task"
    if not isinstance(value, str | Node):
        hint = f'return a string, for example {what}=lambda: f"..."'
    raise AuthorError(
        f"the {what} of {instance.key.id} must be a string, not {gave}",
        place=instance.node.mark.place,
        hint=hint,
    )
