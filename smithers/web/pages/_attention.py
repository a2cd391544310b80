"""What in a run needs somebody: short lines, each with a link to where it is dealt with."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from smithers import inbox, waits
from smithers.changes import ENDED, Key
from smithers.naming import event_name
from smithers.values import dataclass
from smithers.web.pages._words import link_of, link_to_group, name_of, short

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from smithers.views import Inspection, Reason, WaitView, WhyView

__all__ = ["Attention", "Chip", "attention_of"]

_MOST_CHIPS = 8
_MOST_ERRORS = 5
_MOST_COMMANDS = 2
_RUNNING = "running"
"""The kind of a reason that has no line."""
_ORDER = ("ask", "bad", "stall", "gone", "wait", "off")
"""The tones of lines, what a person can end first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A line: who, what about it, and since or until when."""

    tone: str
    name: str
    words: str
    link: str
    since: datetime | None = None
    until: datetime | None = None


class Error(NamedTuple):
    """Why a run failed; `key` is empty if no task has the error. After a denial, only a retry asks
    again.
    """

    key: Key
    is_task: bool
    words: str
    hint: str
    is_denial: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """The lines of a run, the errors of one that failed, and what to type."""

    chips: tuple[Chip, ...] = ()
    errors: tuple[Error, ...] = ()
    commands: tuple[str, ...] = ()
    more_chips: int = 0
    more_errors: int = 0


def attention_of(
    found: Inspection,
    why: WhyView,
    silent: Mapping[Key, datetime],
    *,
    placed: Container[Key],
    offered: Container[str] = (),
) -> Attention:
    """What needs somebody in a run as it is now. `silent` are the agents that are, and since when;
    `placed` the tasks whose lines are shown, and `offered` the commands for which the page has a
    button. What a question is answered with is on its page.
    """
    has_failed = why.status == "failed"
    about = [one for one in why.reasons if not has_failed or one.kind == inbox.SIGNAL]
    failed = [one for one in why.reasons if has_failed and one.kind != inbox.SIGNAL]
    lines = _Lines(found)
    first, left_out = _first_of_each(about)
    chips = [chip for one in first if (chip := lines.of_reason(one)) is not None]
    chips += lines.silent(silent)
    chips += [] if found.run.status in ENDED else lines.tolerated()
    chips += lines.exhausted()
    chips.sort(key=lambda one: _ORDER.index(one.tone))
    typed = dict.fromkeys(
        one.command
        for one in why.reasons
        if one.command and one.asked is None and one.command not in offered
    )
    places = {
        one.line.key: one.line.error.place
        for one in found.tasks
        if one.line.error is not None and one.line.key in placed
    }
    denied = {one.line.key for one in found.tasks if one.line.error and one.line.error.is_denial}
    errors = [_error(one, places.get(one.key), one.key in denied) for one in failed[:_MOST_ERRORS]]
    return Attention(
        chips=tuple(chips[:_MOST_CHIPS]),
        errors=tuple(errors),
        commands=tuple(typed)[:_MOST_COMMANDS],
        more_chips=left_out + max(0, len(chips) - _MOST_CHIPS),
        more_errors=max(0, len(failed) - _MOST_ERRORS),
    )


def _first_of_each(reasons: Sequence[Reason]) -> tuple[list[Reason], int]:
    """As many of each kind as could be shown, and how many others have a line as well: thousands of
    tasks may wait for the same.
    """
    made = Counter[str]()
    first: list[Reason] = []
    for one in reasons:
        made[one.kind] += 1
        if made[one.kind] <= _MOST_CHIPS:
            first.append(one)
    del made[_RUNNING]
    return first, sum(max(0, number - _MOST_CHIPS) for number in made.values())


def _error(one: Reason, place: str | None, is_denial: bool) -> Error:
    """The error, without its place if its line is shown below it."""
    begins = f"{name_of(one.key)} failed: "
    is_task = bool(one.key.id) and one.sentence.startswith(begins)
    words = one.sentence if place is None else one.sentence.replace(f" (at {place})", "", 1)
    words = words.removeprefix(begins) if is_task else words
    return Error(one.key, is_task, words, one.hint or "", is_denial)


class _Lines:
    """Makes the lines of one run."""

    def __init__(self, found: Inspection) -> None:
        self.found, self.run_id = found, found.run.run_id
        self.waits: dict[tuple[Key, str], WaitView] = {
            (one.key, one.kind): one for one in found.waits
        }

    def of_reason(self, one: Reason) -> Chip | None:
        """The line of what holds the run; a task that runs is in the tree."""
        if one.kind == _RUNNING:
            return None
        wait = self.waits.get((one.key, one.kind))
        chip = None if wait is None else self._of_wait(one, wait)
        return self._sentence(one) if chip is None else chip

    def _sentence(self, one: Reason) -> Chip:
        """The line of something that is said in one sentence."""
        name, words = name_of(one.key) if one.key.id else "", one.sentence
        is_named = bool(name) and words.startswith(f"{name} ")
        tone = {"tolerated": "bad", "unpaid": "off", "interrupted": "gone", "run": "gone"}
        return Chip(
            tone="ask" if one.kind == waits.BUDGET else tone.get(one.kind, "wait"),
            name=name if is_named else "",
            words=short(words.removeprefix(f"{name} ") if is_named else words, 240),
            link=self._asked(one.key) if one.kind == waits.BUDGET else self._link(one.key),
        )

    def _asked(self, key: Key) -> str:
        return link_of(self.run_id, key, "ask")

    def _link(self, key: Key) -> str:
        return link_of(self.run_id, key) if key.id else f"{link_of(self.run_id)}#run-tree"

    def _of_wait(self, one: Reason, wait: WaitView) -> Chip | None:
        """The line of a wait whose sentence names a time; None for one that has no such line."""
        name, link, tone = name_of(wait.key), self._link(wait.key), "wait"
        words, since, until = "", None, None
        match wait.kind:
            case waits.APPROVAL | waits.REPEAT | waits.HUMAN if one.asked is not None:
                names = " or ".join(wait.allowed_by)
                tone, words, since = "ask", f"waits for {names or 'you'}", wait.since
                link = self._asked(wait.key)
            case waits.ATTACHED:
                words, since = f"has {wait.asked or 'someone'} in its session", wait.since
            case waits.EVENT if one.command and one.command.split()[1:2] == ["send"]:
                words, since = f"waits for the event {event_name(wait.on)}", wait.since
            case waits.CHILD:
                words, link = f"waits for its run {wait.on[0]}", link_of(wait.on[0])
            case waits.RETRY if wait.due is not None:
                words, until = "failed and is tried again at", wait.due
            case waits.TIMER if wait.due is not None:
                words, until = "waits until", wait.due
            case waits.COOLDOWN if wait.cooling:
                name, until = wait.cooling[0].agent, wait.cooling[0].until
                words = "is over its limit until"
            case waits.COOLDOWN if wait.due is not None:
                words, until = "waits for an agent that is over its limit until", wait.due
            case _:
                return None
        return Chip(tone=tone, name=name, words=words, link=link, since=since, until=until)

    def silent(self, silent: Mapping[Key, datetime]) -> Iterator[Chip]:
        """The agents that are running and have said nothing for a while."""
        for key, since in silent.items():
            name, link = name_of(key), self._link(key)
            yield Chip(tone="stall", name=name, words="is silent", link=link, since=since)

    def tolerated(self) -> Iterator[Chip]:
        """What has failed in a run that continues without it."""
        for task in self.found.tasks:
            line = task.line
            if line.state == "failed" and line.tolerated:
                yield Chip(
                    tone="bad",
                    name=name_of(line.key),
                    words="failed; the run continues",
                    link=self._link(line.key),
                )

    def exhausted(self) -> Iterator[Chip]:
        """The loops that have ended at their limit."""
        for key in self.found.run.exhausted:
            yield Chip(
                tone="wait",
                name=name_of(key),
                words="ended at its limit, before its condition was true",
                link=link_to_group(self.run_id, key),
            )
