"""What an edit has changed of the work that a run has done.

Each task that has finished is asked again on what it had read, and compared with its fingerprint
part by part. What cannot be told is not changed. Nothing is written, and nothing executes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from smithers.changes import (
    AttemptStarted,
    ChoiceKind,
    Frame,
    Key,
    WaitKind,
    WaitOpened,
)
from smithers.context import NotYet
from smithers.engine.asking import Asking, text_now
from smithers.engine.attempts import visited
from smithers.engine.decisions import ended_waits
from smithers.engine.fingerprints import (
    Fingerprint,
    differences,
    fingerprint_of,
    of_program,
    of_prompt,
    of_step,
)
from smithers.engine.items import Items
from smithers.engine.recorded import Ends, Recorded, recorded_reading, stand_in
from smithers.engine.render import Renderer, called
from smithers.engine.syntax import digest_of
from smithers.engine.transition import failure_of
from smithers.errors import StoreError
from smithers.forms import Form
from smithers.kinds import (
    Definition,
    Instance,
    asked_again,
    child_workflow,
    human_form,
    start_digest,
)
from smithers.naming import first_names
from smithers.shapes import asks_person
from smithers.state import Attempted, Ended
from smithers.texts import object_from
from smithers.tree import (
    AgentWork,
    ChildWork,
    CommandWork,
    Computed,
    EventWork,
    HumanTask,
    HumanWork,
    NotExact,
    PersonWork,
    StepWork,
    Task,
    TimerWork,
    named_choices,
    problem,
    program_of,
)
from smithers.values import dataclass
from smithers.waits import APPROVAL, HUMAN

__all__ = ["Changed", "Comparing"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A finished task that an edit has changed: in which `parts`, and what else there is to say in
    `words`. `misfit` is why what it gave no longer fits its output, if it does not. With `choice`
    it is a node whose choice comes out differently, as a fan-out that has other items.
    """

    key: Key
    parts: tuple[str, ...]
    words: str = ""
    misfit: str | None = None
    is_approval: bool = False
    choice: ChoiceKind | None = None

    @property
    def why(self) -> str:
        """What has changed, in a few words."""
        return self.words or ", ".join(self.parts)


class _Differs(Exception):
    """That a task is not what it was, told by asking it. `parts` as in `Changed`."""

    def __init__(self, parts: tuple[str, ...], words: str) -> None:
        super().__init__(words)
        self.parts = parts


class _Unknown(Exception):
    """It cannot be told what a task would do."""


_Both = tuple[Fingerprint, Fingerprint]
"""What a task was made from, and what it would be made from now."""


class Comparing:
    """Compares what a run has done with what its workflow says now."""

    def __init__(self, asking: Asking, frames: Sequence[Frame]) -> None:
        self._asking = asking
        self._state = asking.state
        self._ends = Ends(frames)
        self._answered = _answered(frames)
        self._prompts = _prompts(frames)

    def compared(self) -> Iterator[tuple[Key, Changed | None]]:
        """The finished tasks that are in the tree, each with what has changed of it; None if
        nothing has, as far as that can be told.
        """
        for key, ended in sorted(self._state.ended.items()):
            if ended.outcome != "finished" or not self._state.has_place(key):
                continue
            one = self._instance(key, ended)
            if one is not None and one.kind.is_task:
                yield key, None if ended.set_by else self._changed(one, ended)

    def choices(self) -> Iterator[Changed]:
        """The nodes in the tree whose items, test, `until` or `skip_if` come out differently."""
        for (key, kind), choice in sorted(self._state.choices.items()):
            one = self._asking.view.mounts.by_id.get(key.id)
            if one is None or (ask := _choice_of(self._asking.renderer, one, kind)) is None:
                continue
            inside = len(key.path) > len(one.loops)
            reading = recorded_reading(
                self._asking.view,
                self._asking.plan.instances.get(key) or stand_in(one, key, None),
                self._state.reads.get(key, {}),
                self._ends,
                choice.frame,
                loops=(*one.loops, one.id) if inside else one.loops,
            )
            try:
                words = _choice_words(kind, choice.value, self._ask(reading, kind, ask))
            except _Unknown:
                continue
            except _Differs as error:
                words = str(error)
            if words:
                yield Changed(key=key, parts=(kind,), words=words, choice=kind)

    def _instance(self, key: Key, ended: Ended) -> Instance[Any] | None:
        """As it stands in the tree; None for an item of a fan-out that is not mounted yet."""
        plan, view = self._asking.plan, self._asking.view
        if (found := plan.instances.get(key)) is not None:
            return found if found.kind.is_task else None
        definition = view.mounts.by_id.get(key.id)
        if definition is None or not definition.kind.is_task:
            return None
        return stand_in(definition, key, ended)

    def _changed(self, one: Instance[Task[Any]], ended: Ended) -> Changed | None:
        reading = recorded_reading(
            self._asking.view, one, self._state.reads.get(one.key, {}), self._ends, ended.frame
        )
        words = ""
        try:
            before, now = self._parts(one, reading)
            parts = tuple(differences(before, now))
        except _Unknown:
            return None
        except _Differs as error:
            parts, words = error.parts, str(error)
        if not parts:
            return None
        return Changed(
            key=one.key,
            parts=parts,
            words=words,
            misfit=self._misfit(one, ended),
            is_approval=asks_person(one.node.kind),
        )

    def _misfit(self, one: Instance[Task[Any]], ended: Ended) -> str | None:
        """Why what the task gave does not fit its output any more; None if it does."""
        text = self._asking.view.outputs.output(one.key, ended)
        try:
            one.node.output.parse_as(text, ended.type)
        except ValidationError as error:
            return problem(error)
        except (NotExact, ValueError) as error:
            return str(error)
        return None

    # -- what it was made from, and what it would be made from now

    def _parts(
        self, one: Instance[Task[Any]], reading: Recorded
    ) -> tuple[Fingerprint, Fingerprint]:
        return visited(one.node.work, _Parts(self, one, reading))

    def of_step(self, one: Instance[Task[Any]], work: StepWork) -> _Both:
        return self._kept(one), of_step(work, one.node.output, self._asking.input_digests)

    def of_command(self, one: Instance[Task[Any]], work: CommandWork, reading: Recorded) -> _Both:
        before = self._kept(one)
        program = self._ask(reading, "argv", lambda: program_of(one.node, work))
        return before, of_program(program, one.node.output)

    def of_person(self, one: Instance[Task[Any]], work: PersonWork, reading: Recorded) -> _Both:
        opened = self._question(one, APPROVAL)
        text = self._ask(reading, "question", lambda: text_now(work.ask, "ask", one))
        now = asked_again(self._state, one, text)
        return {"question": digest_of(opened.asked or "")}, {"question": digest_of(now)}

    def of_agent(
        self, one: Instance[Task[Any]], work: AgentWork, reading: Recorded
    ) -> tuple[Fingerprint, Fingerprint]:
        kept = self._kept_or_none(one)
        tried = self._tried(one.key)
        if kept is None and tried is None:
            raise _Unknown
        prompt = self._ask(reading, "prompt", lambda: text_now(work.prompt, "prompt", one))
        now = of_prompt(prompt, one.node.output, work.agents)
        if kept is None and tried is not None:  # of a version that kept no fingerprints
            kept = self._by_prompt(tried, prompt, now)
        assert kept is not None
        return kept, now

    def _by_prompt(self, tried: Attempted, prompt: str, now: Fingerprint) -> Fingerprint:
        """By the text that was sent, which may say more than the author's prompt."""
        sent = self._prompts.get(tried.serial)
        if sent is None or (prompt not in sent and tried.number > 1):
            raise _Unknown
        return now if prompt in sent else {**now, "prompt": digest_of(sent)}

    def of_human(
        self, one: Instance[Task[Any]], work: HumanWork, reading: Recorded
    ) -> tuple[Fingerprint, Fingerprint]:
        opened = self._question(one, HUMAN)
        text = self._ask(reading, "question", lambda: text_now(work.ask, "ask", one))
        choices = work.choices
        if callable(choices):
            given, who = choices, f"task {one.node.id!r}"
            choices = self._ask(
                reading, "choices", lambda: named_choices(who, given(), one.node.mark)
            )
        form = human_form(cast("HumanTask[Any]", one.node), choices or ())
        before = replace(
            Form.from_row(opened.form),
            refused=None,
            given=None,
            sends_back=form.sends_back,  # this and `does` are only for those who read it
            does=form.does,
        )
        return (
            {"question": digest_of(opened.asked or ""), "form": digest_of(before.row())},
            {
                "question": digest_of(asked_again(self._state, one, text)),
                "form": digest_of(form.row()),
            },
        )

    def of_child(
        self, one: Instance[Task[Any]], work: ChildWork, reading: Recorded
    ) -> tuple[Fingerprint, Fingerprint]:
        child, workflow = self._state.children.get(one.key), child_workflow(one.node)
        if child is None or child.digest is None or workflow is None:
            raise _Unknown
        given = work.input
        row = self._ask(reading, "input", lambda: given.row(given.call()))
        now = start_digest(workflow, Computed.text(row))
        return {"input": child.digest}, {"input": now}

    def of_event(
        self, one: Instance[Task[Any]], work: EventWork, reading: Recorded
    ) -> tuple[Fingerprint, Fingerprint]:
        signals = self._state.signals.values()
        taken = [each for each in signals if each.taken == one.key and each.misfit is None]
        if not taken:
            raise _Unknown
        now = {"event": work.event}
        if (given := work.correlation) is not None:
            now["correlation"] = self._ask(
                reading, "correlation", lambda: text_now(given, "correlation", one)
            )
        before = {"event": taken[-1].event, "correlation": taken[-1].correlation or ""}
        return before, now

    # -- what is known of it

    def _tried(self, key: Key) -> Attempted | None:
        """The attempt that gave its output."""
        tries = reversed(self._state.tries.get(key, ()))
        return next((one for one in tries if one.counts and one.state == "succeeded"), None)

    def _kept_or_none(self, one: Instance[Task[Any]]) -> Fingerprint | None:
        cached = self._state.choices.get((one.key, "cached"))
        if cached is not None:
            row = object_from(cached.value) or {}
            return fingerprint_of(row.get("fingerprint"))
        tried = self._tried(one.key)
        return None if tried is None else fingerprint_of(tried.fingerprint)

    def _kept(self, one: Instance[Task[Any]]) -> Fingerprint:
        if (kept := self._kept_or_none(one)) is None:
            raise _Unknown
        return kept

    def _question(self, one: Instance[Task[Any]], kind: WaitKind) -> WaitOpened:
        """The question that was answered."""
        if (opened := self._answered.get((one.key, kind))) is None:
            raise _Unknown
        return opened

    def _ask(self, reading: Recorded, part: str, call: Callable[[], T]) -> T:
        """What the author's callable gives on the recorded reads."""
        missed: tuple[Key, ...] = ()
        try:
            value = called(call, reading)
        except NotYet as error:
            missed = reading.missed or error.on
        except StoreError:
            raise
        except Exception as error:
            if not reading.missed:
                if reading.is_blind:
                    raise _Unknown from error
                raise _Differs((part,), self._raised(part, error)) from error
            missed = reading.missed
        else:
            missed = reading.missed
            if not missed and not reading.is_blind:
                return value
        if reading.is_blind or not missed:
            raise _Unknown
        raise _Differs((part,), f"it now also reads {', '.join(map(str, missed))}")

    def _raised(self, part: str, error: Exception) -> str:
        failure = failure_of(error, self._asking.scrub, self._asking.renderer.folder)
        said = failure.message.splitlines()[0]
        return f"its {part} now fails: {said if len(said) <= 200 else said[:197] + '...'}"


def _choice_of(
    renderer: Renderer, one: Definition[Any], kind: ChoiceKind
) -> Callable[[], object] | None:
    """What makes a choice of a node; None for a choice that is not compared."""
    if kind == "items":
        return partial(renderer.ask_items, one)
    return one.kind.chooser(one.node, kind)


def _choice_words(kind: ChoiceKind, before: str, now: object) -> str:
    """What is different in a choice; nothing if it is the same, as far as that can be told."""
    if isinstance(now, Items):
        was: dict[str, Any] = json.loads(before)
        return _part_words(was, now) if "" in (*was["keys"], *now.keys) else _item_words(was, now)
    if not isinstance(now, bool) or json.dumps(now) == before:
        return ""
    return f"its {kind} is now {now}"


def _part_words(before: Mapping[str, Any], now: Items) -> str:
    """Of the part of a sequence, whose one key is empty."""
    if list(now.keys) == before["keys"]:
        return ""
    return f"its then now returns {'a node' if now.keys else 'None'}"


def _item_words(before: Mapping[str, Any], now: Items) -> str:
    """Which items are gone, new, or in another order. What is another one under the same key is
    told by the tasks that are made from it.
    """
    was, is_now = list[str](before["keys"]), list(now.keys)
    gone, new = _without(was, is_now), _without(is_now, was)
    told = [f"gone: {first_names(gone)}"] if gone else []
    told += [f"new: {first_names(new)}"] if new else []
    if _without(was, gone) != _without(is_now, new):
        told.append("in another order")
    return f"items {'; '.join(told)}" if told else ""


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    left_out = set(others)
    return [name for name in names if name not in left_out]


def _answered(frames: Sequence[Frame]) -> dict[tuple[Key, WaitKind], WaitOpened]:
    """The last question of each node that was answered."""
    return {
        (opened.key, opened.kind): opened
        for _, opened, closed in ended_waits(frames)
        if opened.kind in (APPROVAL, HUMAN) and closed.answer is not None
    }


def _prompts(frames: Iterable[Frame]) -> dict[int, str]:
    """The prompts of the attempts that have no fingerprint."""
    return {
        change.serial: change.prompt
        for frame in frames
        for change in frame.changes
        if isinstance(change, AttemptStarted) and change.fingerprint is None
        if change.prompt is not None
    }


@dataclass(frozen=True)
class _Parts:
    """What a task was made from and would be made from, by the kind of its work."""

    comparing: Comparing
    one: Instance[Task[Any]]
    reading: Recorded

    def of_agent(self, work: AgentWork, /) -> _Both:
        return self.comparing.of_agent(self.one, work, self.reading)

    def of_step(self, work: StepWork, /) -> _Both:
        return self.comparing.of_step(self.one, work)

    def of_command(self, work: CommandWork, /) -> _Both:
        return self.comparing.of_command(self.one, work, self.reading)

    def of_person(self, work: PersonWork, /) -> _Both:
        return self.comparing.of_person(self.one, work, self.reading)

    def of_human(self, work: HumanWork, /) -> _Both:
        return self.comparing.of_human(self.one, work, self.reading)

    def of_child(self, work: ChildWork, /) -> _Both:
        return self.comparing.of_child(self.one, work, self.reading)

    def of_event(self, work: EventWork, /) -> _Both:
        return self.comparing.of_event(self.one, work, self.reading)

    def of_timer(self, work: TimerWork, /) -> _Both:
        raise _Unknown
