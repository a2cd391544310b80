"""Agents that are over their limits, as this run met them and as other runs of the store did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from smithers import waits
from smithers.agent import Agent, limit_of
from smithers.changes import Failure, WaitOpened
from smithers.clock import Deadline, Moment
from smithers.engine.hearing import known_time
from smithers.errors import Busy
from smithers.state import RunState
from smithers.store import Cooldown
from smithers.tree import AgentWork

if TYPE_CHECKING:
    from smithers.engine.attempts.next_agent import Missing

__all__ = ["BACKOFF_FIRST_S", "BACKOFF_MAX_S", "MAX_TOLD_S", "Limits", "cooled"]

BACKOFF_FIRST_S = 30.0
BACKOFF_MAX_S = 900.0
"""The cooldown where the provider tells no time: the first, doubled with each refusal in a row."""
MAX_TOLD_S = 8 * 86400.0
"""A time further off is not believed as it was told: a wrong one would shut an agent out for good.
Limits by the week fit; one by the month costs a refused request now and then."""
_A_MINUTE = timedelta(minutes=1)
_REASON = 500
"""So many characters of what a provider said are kept."""


class Limits:
    """The cooldowns of the store as this run's owner knows them, by what they are shared by.

    Other runs may meet a limit at any time, so no agent starts before `see` was called in the frame
    in the making: `must_look` says when it has to be. `new` are to be kept with that frame.
    """

    def __init__(self, run_id: str, now: Callable[[], Moment]) -> None:
        self._run_id = run_id
        self._now = now
        self._seen = False
        self._unready: dict[int, tuple[Agent, Failure, timedelta]] = {}
        self._known: dict[str, Cooldown] = {}
        self._ends: dict[str, Deadline] = {}
        self.new: list[Cooldown] = []
        self.must_look = False

    def see(self, cooldowns: Sequence[Cooldown]) -> None:
        """Take what the store says as of now."""
        before, ends, now = self._known, self._ends, self._now()
        self._known, self._ends = {}, {}
        for one in cooldowns:
            same = before.get(one.key) == one
            self._known[one.key] = one
            self._ends[one.key] = ends[one.key] if same else _end_of(one, now)
        for one in self.new:
            self._add(one)
        self._seen, self.must_look = True, False

    def forget(self) -> None:
        """Time has passed: what was seen may no longer hold."""
        self._seen = False

    @property
    def cooling(self) -> Mapping[str, Deadline]:
        """When the last cooldown of each limit ends; it may be over."""
        return self._ends

    def is_named(self, wait: WaitOpened) -> bool:
        """Whether a wait ends at a time that a provider named."""
        known = [self._known[key] for key in wait.on if key in self._known]
        return wait.kind == waits.COOLDOWN and any(
            one.told and one.until == wait.due for one in known
        )

    def know(self) -> bool:
        """Whether all is known that starting an agent takes; else somebody must look."""
        if not self._seen:
            self.must_look = True
        return self._seen

    def refused(self, agent: Agent, error: Busy, *, began: datetime, reason: str) -> None:
        """An attempt that began then has met a limit: whoever shares it cools down from now on."""
        cooldown = cooled(
            agent,
            getattr(error, "resumes_at", None),
            self._known.get(limit_of(agent)),
            began=began,
            now=self._now().wall,
            reason=reason[:_REASON],
            run_id=self._run_id,
        )
        self.new.append(cooldown)
        self._add(cooldown)

    def ended(self, state: RunState) -> list[WaitOpened]:
        """The waits for agents that a new owner ends: a person ended a cooldown, or may have set
        up what was missing.
        """
        return [
            wait.opened
            for wait in state.waits.values()
            if waits.traits(wait.opened.kind).ended_by == "owner"
            or (
                wait.opened.kind == waits.COOLDOWN
                and any(one not in self._known for one in wait.opened.on)
            )
        ]

    def unready(self, agent: Agent, failure: Failure) -> None:
        """Remember for a moment that a person has to set up this agent first."""
        self._unready[id(agent)] = (agent, failure, self._now().monotonic)

    def missing(self, work: AgentWork) -> Missing | None:
        """What is known to be missing, if that is all agents: nobody asks each of them again for
        every task of a fan-out.
        """
        if not self._unready:
            return None
        known = [self._unready.get(id(agent)) for agent in work.agents]
        since = self._now().monotonic - _A_MINUTE
        found = [one for one in known if one is not None and one[2] > since]
        if len(found) < len(known):
            return None
        from smithers.engine.attempts.next_agent import Missing

        return Missing({agent.name: failure for agent, failure, _ in found})

    def _add(self, cooldown: Cooldown) -> None:
        now = self._now()
        known, end = self._ends.get(cooldown.key), _end_of(cooldown, now)
        if known is None or end.left(now) > known.left(now):
            self._known[cooldown.key], self._ends[cooldown.key] = cooldown, end


def _end_of(cooldown: Cooldown, now: Moment) -> Deadline:
    """When a cooldown that is made or read now ends. One whose end nobody named lasts no longer
    than it was made for, wherever the wall clock was set since.
    """
    if cooldown.told:
        return now.deadline(cooldown.until, "wall")
    longest = now.wall + (cooldown.until - cooldown.at)
    return now.deadline(min(cooldown.until, longest), "boottime")


def cooled(
    agent: Agent,
    told: datetime | None,
    known: Cooldown | None,
    *,
    began: datetime,
    now: datetime,
    reason: str,
    run_id: str,
) -> Cooldown:
    """How long an agent that was refused now cools down: as told (a time that has passed tells
    nothing), else by a backoff that grows with each refusal in a row.

    `known` is the last cooldown of its limit, and `began` when the refused attempt did. One that
    began before that refusal adds nothing to the row: many attempts may run into a limit at once.
    One that began long after it begins a row anew. A refusal that is ahead of `now` was before the
    clock was set back.
    """
    refused = 1
    if known is not None and began <= known.until + max(known.until - known.at, _A_MINUTE):
        refused = known.refused + (began > known.at or known.at > now)
    told = known_time(told)
    if told is not None and told > now:
        until = min(told, now + timedelta(seconds=MAX_TOLD_S))
    else:
        backoff_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(refused - 1, 10))
        told, until = None, now + timedelta(seconds=backoff_s)
    return Cooldown(
        key=limit_of(agent),
        agent=agent.name,
        until=until,
        told=told is not None,
        refused=refused,
        reason=reason,
        run_id=run_id,
        at=now,
    )
