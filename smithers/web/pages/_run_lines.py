"""A run as a row of the list: its state, what it does now, and its cost of its budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from smithers import waits
from smithers.changes import ENDED
from smithers.naming import waited_for
from smithers.texts import title_of
from smithers.values import dataclass
from smithers.views import SILENT, RunCost
from smithers.web.pages._words import (
    NEARLY_SPENT,
    Mark,
    Parts,
    mark_of_run,
    money,
    name_of,
    parts_of,
)

if TYPE_CHECKING:
    from smithers.views import Activity, RunLine, WaitView

__all__ = ["Line", "Now", "line_of"]

_FULL = 100.0
_UNTIL = "\0"
_PLACE = re.compile(r"\(at [^()\s]*/([^/()\s]+:\d+)\)")


class Now(NamedTuple):
    """What a run does or waits for, in one sentence, which may have a time in it."""

    text: str = ""
    at: datetime | None = None
    rest: str = ""


@dataclass(frozen=True, kw_only=True)
class Meter:
    """How much of a budget is used, in per cent, and the same in words."""

    share: float
    tone: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A run as a row."""

    run: RunLine
    mark: Mark
    done: int
    total: int
    parts: list[Parts]
    now: Now
    cost: RunCost

    @property
    def needs_look(self) -> bool:
        return self.mark.glyph in ("ask", "bad", "gone", "stall")

    @property
    def tokens(self) -> int:
        usage = self.run.usage
        return usage.tokens_in + usage.tokens_out

    @property
    def elapsed_s(self) -> float | None:
        """How long it took, once it has ended."""
        if self.run.status not in ENDED:
            return None
        return (self.run.last_activity - self.run.created_at).total_seconds()

    @property
    def meter(self) -> Meter | None:
        """What is used of its budget in US dollars; None if it has none."""
        cap, charged = self.cost.cap, self.cost.charged
        if not cap or charged is None:
            return None
        share = float(100 * charged / cap)
        tone = "bad" if share >= _FULL else "ask" if share >= NEARLY_SPENT else "spent"
        words = f"{money(charged)} of {money(cap)}"
        return Meter(share=round(min(share, _FULL), 2), tone=tone, words=words)


def line_of(
    run: RunLine,
    now: datetime,
    *,
    cost: RunCost | None = None,
    doing: Sequence[Activity] = (),
    failed: str = "",
) -> Line:
    """A run as a row at a time. `doing` is what its agents do, and `failed` why it failed."""
    silent_s = max((_silent_s(one, now) for one in doing), default=0.0)
    is_silent = silent_s > SILENT.total_seconds()
    mark = mark_of_run(run.status, run.waiting_for, is_silent=is_silent)
    tasks = dict(run.counts.tasks)
    asked = _asked(run.waiting_for)
    running = min(run.running, tasks.get("pending", 0))
    tasks |= {"running": running, "pending": tasks.get("pending", 0) - running}
    return Line(
        run=run,
        mark=mark,
        done=run.counts.done,
        total=sum(tasks.values()),
        parts=parts_of(tasks, asked=sum(bool(one.key.id) for one in asked)),
        now=_now(run, doing, asked, failed, silent_s if mark.glyph == "stall" else 0.0),
        cost=cost or RunCost(),
    )


def _silent_s(activity: Activity, now: datetime) -> float:
    """For how long an agent has written nothing; what has no stream is not silent."""
    heard_at = activity.heard_at
    return 0.0 if heard_at is None else (now - heard_at).total_seconds()


def _asked(found: Sequence[WaitView]) -> list[WaitView]:
    return [one for one in found if not one.answered and one.kind in waits.DECISIONS]


def _now(
    run: RunLine,
    doing: Sequence[Activity],
    asked: Sequence[WaitView],
    failed: str,
    silent_s: float,
) -> Now:
    if run.status == "stale":
        return Now(run.gave_up or f"no process drives it: smithers resume {run.run_id}")
    if run.status == "failed":
        return Now(_PLACE.sub(r"(\1)", failed))
    if run.status in ENDED:
        return Now(_allowed(run))
    if run.status == "running" and doing:
        return Now(_doing(doing, silent_s) + _more_asked(asked))
    if asked:
        first, more = asked[0], len(run.waiting_for) - 1
        name = f"{name_of(first.key)}: " if first.key.id else ""
        text = f"{name}{title_of(first.asked or '')}"
        return Now(text + (f"; {more} more" if more > 0 else ""))
    if run.status == "waiting" and run.waiting_for:
        return _waiting(run.waiting_for)
    left = run.counts.tasks.get("pending", 0) - run.running
    counted = (("running", run.running), ("pending", max(0, left)))
    return Now(", ".join(f"{number:,} {state}" for state, number in counted if number))


def _allowed(run: RunLine) -> str:
    """What a run that has ended had to be allowed."""
    if run.status == "finished" and run.counts.tolerated:
        return f"{run.counts.tolerated:,} failed, allowed"
    if run.status == "finished" and run.exhausted:
        loops = "1 loop" if run.exhausted == 1 else f"{run.exhausted} loops"
        return f"{loops} ended before `until` was true"
    return ""


def _doing(activities: Sequence[Activity], silent_s: float) -> str:
    """What the agents of a run do, in one sentence."""
    if silent_s:
        quiet = min(activities, key=lambda one: one.heard_at or one.since)
        return f"{name_of(quiet.key)}: silent for {int(silent_s // 60)}m"
    first, more = activities[0], len(activities) - 1
    said = f"{name_of(first.key)}: {first.tool or first.words or f'attempt {first.attempt}'}"
    return f"{said}, and {more} more" if more else said


def _more_asked(asked: Sequence[WaitView]) -> str:
    if not asked:
        return ""
    return f"; {len(asked)} wait{'s' if len(asked) == 1 else ''} for you"


def _waiting(found: Sequence[WaitView]) -> Now:
    """What is waited for that is not a person: until when, and what waits as well."""
    first, more = min(found, key=lambda one: (one.due is None, one.due or one.since)), len(found)
    also = f"; {more} tasks wait" if more > 1 else ""
    if first.kind == waits.COOLDOWN and first.cooling:
        limit = min(first.cooling, key=lambda one: one.until)
        return Now(f"{limit.agent} is over its limit until", first.due or limit.until, also)
    words, until = waits.traits(first.kind).words, _UNTIL if first.due else ""
    row = waits.words_of(
        words.row, until=until, asked=first.asked, on=waited_for(first.kind, first.on)
    )
    text, _, rest = f"{name_of(first.key)}: {row}".partition(_UNTIL)
    if first.due is None:
        return Now(text + also)
    return Now(f"{text} until", first.due, rest + also)
