"""Why a run is in its state: a sentence for each thing that holds it, and what to type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING, assert_never

from smithers import inbox, waits
from smithers.changes import Key
from smithers.naming import event_name, key_name, resume_in_program, waited_for
from smithers.signals import signal_of
from smithers.store import Owner
from smithers.store.answers import answer_word, who_answered
from smithers.texts import object_from, title_of
from smithers.values import dataclass
from smithers.views._budgets import budgets, raise_command
from smithers.views._exhausted import exhausted_loops, exhausted_words
from smithers.views._failing import Reason, describe_failure, failure_reasons
from smithers.views._signals import SignalView, view_signals
from smithers.views._tasks import failures, open_waits, unpaid
from smithers.views._words import (
    answer_command,
    clock,
    decide_command,
    due_words,
    resume_command,
    send_command,
    shorten,
    stopped_words,
)

if TYPE_CHECKING:
    from smithers.state import Attempted, RunState
    from smithers.store import Cooldown, InboxRow
    from smithers.views._snapshot import Snapshot, Status
    from smithers.views._tasks import TaskLine, WaitView

__all__ = ["WhyView", "explain"]


@dataclass(frozen=True, kw_only=True, slots=True)
class WhyView:
    """The whole in one sentence, and a reason for each thing that holds the run."""

    run_id: str
    status: Status
    sentence: str
    reasons: tuple[Reason, ...]
    exhausted: tuple[Key, ...]


def explain(snapshot: Snapshot) -> WhyView:
    """One honest sentence for whatever holds the run, with the command that helps, if any does."""
    reasons = [*_Reasons(snapshot).all(), *_in_memory(snapshot), *_signals(snapshot)]
    exhausted = exhausted_loops(snapshot.state)
    return WhyView(
        run_id=snapshot.run_id,
        status=snapshot.status,
        sentence=_sentence(snapshot, reasons) + exhausted_words(exhausted),
        reasons=tuple(reasons),
        exhausted=exhausted,
    )


_ENDING = {
    inbox.CANCEL: "is being cancelled",
    "parent": "is being stopped by its parent",
}
_TO_END = {inbox.CANCEL: "is to be cancelled", "parent": "was stopped by its parent"}


class _Reasons:
    """Gathers the reasons of one run."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.alive = snapshot, snapshot.alive
        self.waits = open_waits(snapshot)
        self.resume = resume_command(snapshot.run)
        self.resume_if_left = None if self.alive else self.resume
        self.budgets = {budget.key: budget for budget in budgets(snapshot)}
        sent = [signal_of(row.body) for row in snapshot.sent]
        self.sent = {signal.on: signal for signal in reversed(sent)}

    def all(self) -> list[Reason]:
        snapshot = self.snapshot
        match snapshot.state.run_status:
            case "failed":
                return self._failures()
            case "finished":
                tolerated = [_tolerated(one) for one in failures(snapshot) if one.tolerated]
                return [*tolerated, *map(_unpaid, unpaid(snapshot))]
            case "cancelled":
                return []
            case "continued":
                next_run = snapshot.state.status.next_run or ""
                last = snapshot.last_run or next_run
                said = f"it continued as {next_run}"
                if last != next_run:
                    said += f", and then others did: the last is {last}"
                return [Reason(key=Key(""), sentence=said, command=f"smithers why {quote(last)}")]
            case "running" | "waiting":
                return self._held()

    def _held(self) -> list[Reason]:
        if not self.alive and (ending := self.snapshot.state.ending) is not None:
            how = _TO_END.get(ending, "is past its deadline")
            now = f"`smithers cancel {quote(self.snapshot.run_id)} --now` ends it without that"
            said = f"the run {how}, and cleans up when it is resumed; {now}"
            return [Reason(key=Key(""), sentence=said, command=self.resume)]
        found = [
            replace(self._wait(wait), kind=wait.kind) for wait in self.waits if _is_outside(wait)
        ]
        found = [*self._given_up(), *self._attempts(), *found]
        found = found or [self._wait(wait) for wait in self.waits if not _is_outside(wait)]
        if self.snapshot.run.is_made_in_memory:
            return found  # which says so
        if self.snapshot.status == "stale" and not any(one.command for one in found):
            said = "nothing runs until the run is resumed"
            found.append(Reason(key=Key(""), sentence=said, command=self.resume))
        return found

    def _failures(self) -> list[Reason]:
        raised = {note.key for note in self.snapshot.notes if note.kind == inbox.BUDGET}
        spent = [one for key, one in self.budgets.items() if one.is_spent and key not in raised]
        return failure_reasons(self.snapshot, spent)

    def _note(self, kind: inbox.InboxKind, key: Key, opened: int | None = None) -> InboxRow | None:
        """The last note of a kind about a node that no frame has taken."""
        for note in reversed(self.snapshot.notes):
            if note.kind == kind and note.key == key and opened in (None, note.opened):
                return note
        return None

    def _given_up(self) -> list[Reason]:
        """That nothing starts the run any more, and where its processes have said why."""
        if self.snapshot.gave_up is None:
            return []
        said = f"`smithers supervise` gave up on the run: {self.snapshot.gave_up}"
        log = self.snapshot.owner_log
        hint = None if log is None else f"the output of its processes is in {log}"
        return [Reason(key=Key(""), sentence=said, command=self.resume, hint=hint)]

    def _attempts(self) -> list[Reason]:
        running = sorted(self.snapshot.state.running(), key=lambda one: one.serial)
        return [self._attempt(one) for one in running]

    def _attempt(self, one: Attempted) -> Reason:
        tried = f"attempt {one.number}, {one.agent}"
        if not self.alive:
            said = f"{key_name(one.key)} was running ({tried}) when {self._owner()} ended"
            return Reason(key=one.key, sentence=said, command=self.resume, kind="interrupted")
        heard = self._clock(self.snapshot.last_activity([one.serial]))
        said = (
            f"{key_name(one.key)} has been running since {self._clock(one.started_at)} ({tried}),"
            f" last activity at {heard}"
        )
        if instead := self._cooling(self.snapshot.cooling(one.skipped)):
            said += f"; skipped: {instead}"
        return Reason(key=one.key, sentence=said, kind="running")

    def _owner(self) -> str:
        owner = self.snapshot.owner
        return "its process" if owner is None else f"process {owner.pid}"

    def _wait(self, wait: WaitView) -> Reason:  # noqa: C901  # one case a kind
        key, until = wait.key, "" if wait.due is None else f" at {self._clock(wait.due)}"
        match wait.kind:
            case waits.APPROVAL | waits.REPEAT | waits.HUMAN:
                return self._question(wait)
            case waits.BUDGET:
                return self._budget(wait)
            case waits.AGENTS:
                return self._agents(wait)
            case waits.ATTACHED:
                return self._attached(wait)
            case waits.DATA:
                return self._data(wait)
            case waits.CHILD:
                return self._child(wait)
            case waits.EVENT:
                return self._event(wait)
            case waits.POOL:
                (pool,) = wait.on
                said = (
                    f"{key_name(key)} is waiting for a slot of the pool {pool} (limit {wait.asked}"
                    " on this machine)"
                )
            case waits.RETRY:
                said = f"{key_name(key)} failed and will be retried{until}"
            case waits.TIMER:
                return self._timer(wait)
            case waits.COOLDOWN:
                said = f"{key_name(key)} is waiting for an agent that is over its limit{until}"
                if cools := self._cooling(wait.cooling):
                    said += f": {cools}"
            case _:
                assert_never(wait.kind)
        return Reason(key=key, sentence=said, command=self.resume_if_left)

    def _timer(self, wait: WaitView) -> Reason:
        """Resuming the run before the time comes is of no use, and `supervise` does it then."""
        assert wait.due is not None, "a timer is due at some time"
        said = f"{key_name(wait.key)} waits until {due_words(wait.due, self.snapshot.now)}"
        is_over = wait.due <= self.snapshot.now
        command = self.resume if is_over else "smithers supervise"
        return Reason(key=wait.key, sentence=said, command=None if self.alive else command)

    def _agents(self, wait: WaitView) -> Reason:
        name, missing = key_name(wait.key), "; ".join(str(wait.asked).splitlines())
        said = f"{name} is waiting for an agent to be installed or signed in: {missing}"
        hint = "install it or sign in, then resume the run"
        return Reason(key=wait.key, sentence=said, command=self.resume_if_left, hint=hint)

    def _attached(self, wait: WaitView) -> Reason:
        by, (id, host, pid, started) = wait.asked or "someone", wait.on
        said = (
            f"{by} has been attached to the session of {key_name(wait.key)} since"
            f" {self._clock(wait.since)}"
        )
        if not self.snapshot.is_gone(Owner(id=id, host=host, pid=int(pid), started=started)):
            left = "until they exit the program there"
            return Reason(key=wait.key, sentence=f"{said}, in process {pid}, {left}")
        said = f"{said}, in process {pid}, which is no longer running"
        return Reason(key=wait.key, sentence=said, command=self.resume_if_left)

    def _cooling(self, limits: Iterable[Cooldown]) -> str:
        """Who cools down until when, and why."""
        return ", ".join(
            f"{one.agent} is cooling down until {self._clock(one.until)}"
            f" ({'as reported' if one.told else 'no time was reported'}: {shorten(one.reason)})"
            for one in limits
        )

    def _question(self, wait: WaitView) -> Reason:
        key, is_decided = wait.key, wait.kind in waits.DECIDED
        if (note := self._note(inbox.ANSWER, key, wait.opened)) is not None:
            return self._decided(key, note)
        asked = wait.asked or ""
        title = title_of(asked)
        question = f': "{title}"' if title else ""
        due = "" if wait.due is None else f" until {self._clock(wait.due)}"
        names = wait.allowed_by
        whom = f"{' or '.join(names)} to decide" if names else "a person's decision"
        if not is_decided:
            whom = f"an answer of {' or '.join(names)}" if names else "a person's answer"
        said = (
            f"{key_name(key)} has been waiting for {whom} since"
            f" {self._clock(wait.since)}{due}{question}"
        )
        over = wait.due is not None and wait.due <= self.snapshot.now
        if over and not self.alive:  # a living owner goes by its own clock
            said = f"the time to answer {key_name(key)} is over"
            return Reason(key=key, sentence=said, command=self.resume)
        asked_by = (self.snapshot.run_id, key, wait.digest)
        if is_decided:
            command = decide_command("approve", *asked_by)
        else:
            command = answer_command(*asked_by, wait.form)
        if wait.form is not None and wait.form.refused is not None:
            said += f"; the last answer was refused: {shorten(wait.form.refused)}"
        return Reason(key=key, sentence=said, command=command, asked=asked, digest=wait.digest)

    def _decided(self, key: Key, note: InboxRow) -> Reason:
        answer = object_from(note.body) or {}
        said = f"{key_name(key)} was {answer_word(answer)} by {who_answered(answer)}"
        return self._taken_up(key, said)

    def _budget(self, wait: WaitView) -> Reason:
        key = wait.key
        if (note := self._note(inbox.BUDGET, key)) is not None:
            by = (object_from(note.body) or {}).get("by") or "someone"
            return self._taken_up(key, f"the budget of {key_name(key)} was raised by {by}")
        budget = self.budgets.get(key)
        said = f"{wait.asked}; no agent starts until a person raises it"
        if budget is None and (parent := self.snapshot.run.parent) is not None:
            above = quote(parent.run_id)
            return Reason(
                key=key,
                sentence=said,
                hint=f"the budget is that of a run above: `smithers cost {above}` shows it",
            )
        command = None if budget is None else raise_command(self.snapshot.run_id, budget)
        return Reason(key=key, sentence=said, command=command)

    def _child(self, wait: WaitView) -> Reason:
        """What holds the child run holds its node: the command is that of the child."""
        (run_id,) = wait.on
        said = f"{key_name(wait.key)} is waiting for its child run"
        if (child := self.snapshot.children.get(run_id)) is None:
            look = f"smithers why {quote(run_id)}"
            return Reason(key=wait.key, sentence=f"{said} {run_id}", command=look)
        said, view = f"{said} {child.run_id}", explain(child)
        held = next((one for one in view.reasons if one.command), None)
        if held is None:
            held = next(iter(view.reasons), None)
        if held is None or child.has_ended:
            return Reason(
                key=wait.key, sentence=f"{said}: {view.sentence}", command=self.resume_if_left
            )
        more = f" ({len(view.reasons)} reasons: `smithers why {quote(child.run_id)}`)"
        said = f"{said}: {held.sentence}{more if len(view.reasons) > 1 else ''}"
        command, hint = held.command, held.hint
        if command is None and _lacks_budget(child):  # it may be a budget of this run
            spent = next((one for one in self.budgets.values() if one.is_spent), None)
            if spent is not None:
                command, hint = raise_command(self.snapshot.run_id, spent), None
            elif self.budgets:  # what the child run has used counts once this run is driven
                command, hint = self.resume_if_left, None
        return Reason(key=wait.key, sentence=said, command=command, hint=hint)

    def _event(self, wait: WaitView) -> Reason:
        key, due = wait.key, "" if wait.due is None else f" until {self._clock(wait.due)}"
        if (sent := self.sent.get(wait.on)) is not None:
            said = f"{key_name(key)} waits for the event {event_name(wait.on)}"
            return self._taken_up(key, f"{said}, which {sent.by} has sent")
        said = (
            f"{key_name(key)} has been waiting for the event {event_name(wait.on)} since"
            f" {self._clock(wait.since)}{due}"
        )
        if wait.due is not None and wait.due <= self.snapshot.now and not self.alive:
            said = f"the time of {key_name(key)} to wait for the event {event_name(wait.on)}"
            return Reason(key=key, sentence=f"{said} is over", command=self.resume)
        command = send_command(self.snapshot.run_id, wait.on, wait.form)
        return Reason(key=key, sentence=said, command=command)

    def _taken_up(self, key: Key, said: str) -> Reason:
        """An answer that the run's process is to take."""
        if self.alive:
            return Reason(key=key, sentence=f"{said}; the running process is picking it up")
        said = f"{said}; the run continues when it is resumed"
        return Reason(key=key, sentence=said, command=self.resume)

    def _data(self, wait: WaitView) -> Reason:
        names = waited_for(wait.kind, wait.on)
        said = f"{key_name(wait.key)} is waiting for the output of {names}"
        return Reason(key=wait.key, sentence=said, command=self.resume_if_left, kind=waits.DATA)

    def _clock(self, at: datetime) -> str:
        return clock(at, self.snapshot.now)


def _lacks_budget(snapshot: Snapshot) -> bool:
    """Whether a run, or one that it waits for, waits for a larger budget."""
    is_spent = any(kind == waits.BUDGET for _, kind in snapshot.state.waits)
    return is_spent or any(map(_lacks_budget, snapshot.children.values()))


def _in_memory(snapshot: Snapshot) -> list[Reason]:
    """That no command resumes the run, if it is to be resumed and no file has its workflow."""
    run, final = snapshot.run, ("finished", "continued", "cancelled")
    if snapshot.state.run_status in final or snapshot.alive or not run.is_made_in_memory:
        return []
    said = f"the workflow {run.workflow} was made in the memory of a program"
    return [Reason(key=Key(""), sentence=said, hint=resume_in_program(run.run_id))]


def _is_outside(wait: WaitView) -> bool:
    return waits.traits(wait.kind).is_outside


_FEW_SIGNALS = 5


def _signals(snapshot: Snapshot) -> list[Reason]:
    """The signals that were set aside, and those that nothing takes any more."""
    lost = [one for one in view_signals(snapshot) if one.state in ("set aside", "not taken")]
    found = [_lost(one) for one in lost[:_FEW_SIGNALS]]
    if more := len(lost) - len(found):
        look = f"`smithers inspect {quote(snapshot.run_id)}`"
        many = "1 more signal was" if more == 1 else f"{more} more signals were"
        said = f"{many} not taken; {look} lists all of them"
        found.append(Reason(key=Key(""), sentence=said, kind=inbox.SIGNAL))
    return found


def _lost(signal: SignalView) -> Reason:
    name = f"signal {signal.id} of the event {event_name(signal.on)}"
    if signal.key is None:
        said = f"{name}, which {signal.by} has sent, was not taken before the run ended"
        return Reason(key=Key(""), sentence=said, kind=inbox.SIGNAL)
    said = f"{key_name(signal.key)} set aside {name}: {shorten(signal.misfit or '')}"
    hint = "send one that fits, with another id"
    return Reason(key=signal.key, sentence=said, kind=inbox.SIGNAL, hint=hint)


def _tolerated(line: TaskLine) -> Reason:
    """A failure that its author allows."""
    hint = "" if line.error is None else line.error.hint
    return Reason(
        key=line.key,
        sentence=describe_failure(line, tolerated=True),
        hint=hint or None,
        kind="tolerated",
    )


def _unpaid(line: TaskLine) -> Reason:
    why = "a budget was spent" if line.error is None else line.error.message
    said = f"{key_name(line.key)} was skipped: {why}"
    return Reason(key=line.key, sentence=said, kind="unpaid")


def _partly(reasons: Sequence[Reason]) -> str:
    """What a run that finished has not done."""
    kinds = Counter(reason.kind for reason in reasons)
    failed, skipped = kinds["tolerated"], kinds["unpaid"]
    said = f", with {failed} tolerated failure{'s'[: failed != 1]}" if failed else ""
    without = f", without {skipped} task{'s'[: skipped != 1]} that its budget did not pay for"
    return said + (without if skipped else "")


def _cached(state: RunState) -> str:
    """How many tasks have their answer from another run."""
    number = len(state.cached)
    return f", with {number} cached answer{'s'[: number != 1]}" if number else ""


def _sentence(  # noqa: C901  # one case a status
    snapshot: Snapshot, reasons: Sequence[Reason]
) -> str:
    """The whole in one sentence."""
    run, since = snapshot.run_id, clock(snapshot.since, snapshot.now)
    owner, stopped_by = snapshot.owner, snapshot.state.status.stopped_by
    match snapshot.status:
        case "stale":
            if stopped_by is not None:
                return f"{run} was {stopped_words(stopped_by)} at {since}"
            if owner is None:
                return f"{run} is stale: no process is running it"
            return f"{run} is stale: process {owner.pid}, which ran it, has ended"
        case "finished":
            return f"{run} finished at {since}{_partly(reasons)}{_cached(snapshot.state)}"
        case "continued":
            return f"{run} continued as {snapshot.state.status.next_run} at {since}"
        case "failed":
            return f"{run} failed at {since}"
        case "cancelled":
            return f"{run} was cancelled at {since}"
        case "running":
            pid = "" if owner is None else f" in process {owner.pid}"
            if (ending := snapshot.state.ending) is not None:
                how = _ENDING.get(ending, "is past its deadline")
                return f"{run} {how}{pid}; it cleans up before it ends"
            return f"{run} has been running{pid} since {since}"
        case "waiting":
            return f"{run} has been waiting since {since}; nothing is running"
