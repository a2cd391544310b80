"""Which agent of a task's array is next: decided by the classes of the errors so far.

next agent    this one is out for the task
set up        out as well; where that is why all are out, a person is waited for
repair        the answer stayed wrong after its repairs: out as well, unless `Retry(only=)` names it
retry         again after a wait, until its tries are spent, then out
cool down     others first; no try is spent; when all cool down, wait for the first

A cooldown is of all runs of a store, and of all agents that share its key (`limit_of`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from smithers.agent import Agent, limit_of
from smithers.changes import Failure
from smithers.clock import Deadline, Moment
from smithers.engine.sessions import Held, Way, way_on
from smithers.state import Attempted
from smithers.tree import AgentWork, Retry
from smithers.values import dataclass

__all__ = ["MAX_COOLDOWNS", "Cooling", "Missing", "Use", "after_failure", "next_agent"]

MAX_COOLDOWNS = 24
"""So often one task may be refused for a limit before it fails; with the backoff that is about five
hours where the provider tells no time. Only the workflow's deadline bounds the time itself.
"""


_NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Use:
    """Start this agent, in `session` if it has one to go on in, else in a copy of `forks` if given,
    as that is or was at the turn `at`. `lost` is why it begins a new session though there was one.

    `begun` is whether the task was begun in that session before, and broken off; `attended`, that a
    person has worked in it since. `skipped` are the limits of those that stand before it and cool
    down.
    """

    agent: Agent
    session: str | None
    forks: str | None = None
    at: str | None = None
    begun: bool = False
    attended: bool = False
    skipped: tuple[str, ...] = ()
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Cooling:
    """All agents that are left cool down, by these limits; the first is back at `until`."""

    until: Deadline
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """All agents are out, each since a person has to set it up first; their failures by name."""

    failures: Mapping[str, Failure]


def next_agent(
    work: AgentWork,
    tries: Sequence[Attempted],
    cooling: Mapping[str, Deadline],
    now: Moment,
    held: Held | None = None,
    earlier: Attempted | None = None,
    discarded: Mapping[str, int] = _NOTHING,
) -> Use | Cooling | Missing | None:
    """The agent to start now, or what to wait for, or None when all are out. The first is the one
    in whose session a person was last, or that did the work which was sent back (`earlier`), or
    else that holds the session which the task takes up. `discarded` says of sessions, as the state
    has it, whether they have gone on with what no longer counts.
    """
    attended = tries[-1].agent if tries and tries[-1].attended else None
    done = None if earlier is None else earlier.agent
    first = attended or done or (None if held is None else held.agent)
    agents = sorted(work.agents, key=lambda one: first is not None and one.name != first)
    left = [agent for agent in agents if not _is_out(agent, work.retry, tries)]
    if _cooldowns(tries) > MAX_COOLDOWNS:
        return None
    if not left:
        return _missing(work, tries)
    limits: dict[str, Deadline] = {}
    for agent in left:
        known = cooling.get(limit := limit_of(agent))
        if known is None or known.passed(now):
            way = _way(agent, tries, held, earlier, discarded)
            return replace(way, skipped=tuple(limits)) if limits else way
        limits[limit] = known
    return Cooling(min(limits.values(), key=lambda one: one.left(now)), tuple(limits))


def after_failure(work: AgentWork, tries: Sequence[Attempted], random: float) -> float:
    """Seconds to wait before the next attempt, after the last one of `tries` has failed."""
    last = tries[-1]
    if last.error is None or last.error.then not in _counted(work.retry):
        return 0.0
    if _is_out(_named(work, last.agent), work.retry, tries):
        return 0.0
    return work.retry.wait_s(_failed(last.agent, work.retry, tries), random)


def _counted(retry: Retry) -> tuple[str, ...]:
    """After which errors the same agent tries again until its tries are spent."""
    return ("retry", "repair") if retry.retries_bad_output else ("retry",)


def _missing(work: AgentWork, tries: Sequence[Attempted]) -> Missing | None:
    failures = {one.agent: one.error for one in tries if one.state == "failed"}  # the last of each
    found = {agent.name: failures.get(agent.name) for agent in work.agents}
    wanted = {name: one for name, one in found.items() if one is not None and one.then == "set up"}
    return Missing(wanted) if len(wanted) == len(found) else None


def _is_out(agent: Agent | None, retry: Retry, tries: Sequence[Attempted]) -> bool:
    if agent is None:
        return True
    failed = [one.error for one in tries if one.agent == agent.name and one.state == "failed"]
    if not failed:
        return False
    passing = (*_counted(retry), "cool down")
    final = any(error is None or error.then not in passing for error in failed)
    return final or _failed(agent.name, retry, tries) >= retry.tries


def _named(work: AgentWork, name: str) -> Agent | None:
    return next((agent for agent in work.agents if agent.name == name), None)


def _failed(agent: str, retry: Retry, tries: Sequence[Attempted]) -> int:
    """How many tries of an agent are spent."""
    counted = _counted(retry)
    return sum(
        one.agent == agent and one.state == "failed" and _then(one.error) in counted
        for one in tries
    )


def _then(error: Failure | None) -> str | None:
    return None if error is None else error.then


def _cooldowns(tries: Sequence[Attempted]) -> int:
    return sum(one.state == "failed" and _then(one.error) == "cool down" for one in tries)


def _way(
    agent: Agent,
    tries: Sequence[Attempted],
    held: Held | None,
    earlier: Attempted | None,
    discarded: Mapping[str, int],
) -> Use:
    """Its own session goes before the one that the task takes up: what it did is not lost."""
    own = _last(agent, tries)
    if own is None and earlier is not None and earlier.agent == agent.name and agent.can.resumes:
        way = way_on(earlier, agent, discarded)
        return Use(agent, way.session, way.forks, way.at, lost=way.lost)
    taken = Way(lost="" if held is None else held.lost)
    if held is not None and held.last is not None and held.agent == agent.name:
        taken = way_on(held.last, agent, discarded, copied=held.copied)
    mine = Way() if own is None else way_on(own, agent, discarded)
    if own is not None and mine.session is not None:
        attended = own.attended
        return Use(agent, mine.session, taken.forks, taken.at, begun=True, attended=attended)
    way = mine if mine.forks is not None else taken
    is_new = way.session is None and way.forks is None
    lost = mine.lost or taken.lost if is_new else ""
    return Use(agent, way.session, way.forks, way.at, lost=lost)


def _last(agent: Agent, tries: Sequence[Attempted]) -> Attempted | None:
    """The attempt in whose session the agent was last at work on this task, if that may go on."""
    if not agent.can.resumes:
        return None
    for one in reversed(tries):
        if one.agent == agent.name and one.session is not None:
            broken_off = one.state == "interrupted" or _then(one.error) in ("retry", "cool down")
            return one if broken_off or one.attended else None
    return None
