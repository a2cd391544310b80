"""The sessions that attempts go on in: that of another task which a task takes up, as the rows of
that one's attempts have it, and whether an attempt may go on in one itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from smithers.agent import Agent
from smithers.changes import Key
from smithers.context import READER
from smithers.engine.reading import Reading, View
from smithers.engine.sharing import check_source
from smithers.errors import SmithersError
from smithers.kinds import Instance, agent_work
from smithers.state import Attempted, RunState

__all__ = ["Cached", "Held", "NoSession", "Way", "held", "way_on"]

_FAR = 8
"""So many tasks back are told to an agent that does not know their session."""


class NoSession(SmithersError):
    """A task takes up the session of another one that has none to give."""


@dataclass(frozen=True, slots=True)
class Cached:
    """What a task gave whose answer is from an earlier run, as JSON text: nothing else is known."""

    key: Key
    output: str


@dataclass(frozen=True, slots=True)
class Held:
    """A session to begin with, itself or as a copy: that of the attempt `last`, which is None for a
    task whose answer is from an earlier run. `told` is what was done in it, oldest first, for an
    agent that does not know it.
    """

    last: Attempted | None
    copied: bool
    told: tuple[Attempted | Cached, ...]

    @property
    def agent(self) -> str | None:
        """The agent that holds the session."""
        return None if self.last is None else self.last.agent


@dataclass(frozen=True, slots=True)
class Way:
    """How an agent goes on from an attempt: in its session, in a copy of that, as it is or was at
    the turn `at`, or else in a new one. `lost` is why the latter, if there was a session.
    """

    session: str | None = None
    forks: str | None = None
    at: str | None = None
    lost: str = ""


def way_on(
    attempt: Attempted, agent: Agent, discarded: Mapping[str, int], *, copied: bool = False
) -> Way:
    """How the agent goes on from an attempt that it made; `copied` if in a copy in any case.

    In the session itself only if that ends with work which still counts, and is of this run alone:
    the run from which a fork has the attempt goes on in it as well. Else in a copy as it was after
    the attempt, and in a new session if there can be none. `discarded` are those of the state.
    """
    session = attempt.session
    if session is None:
        return Way()
    if attempt.origin is None and discarded.get(session, 0) <= attempt.serial:
        return Way(forks=session) if copied else Way(session=session)
    if attempt.turn is not None and agent.can.forks_at:
        return Way(forks=session, at=attempt.turn)
    whose = "has work that no longer counts"
    if attempt.origin is not None:
        whose = f"belongs to run {attempt.origin}"
    why = "where it ended for this task is not known"
    if not agent.can.forks_at:
        why = f"{attempt.agent} cannot copy it as it was"
    return Way(lost=f"the session {session} {whose}, and {why}")


def held(instance: Instance) -> Held | None:
    """What the task of this instance takes up, if anything; asked as its callables are.

    Raises `NotYet` while the other task is not settled, `NoSession` where it has given none, and
    `AuthorError` where no agent of this task could go on with it.
    """
    reading, work = cast("Reading", READER.get()), agent_work(instance.node)
    if work is None or work.source is None:
        return None
    said = f"{instance.key.id} {work.verb} {work.source}"
    found = reading.find(work.source)
    if found is None or found.status != "finished":
        how = {"failed": "failed", "cancelled": "was cancelled"}
        ended = "skipped" if found is None else found.status
        raise NoSession(f"{said}, which {how.get(ended, 'was skipped')}")
    check_source(instance.definition, found.definition)
    made = _made(reading.view.state, found.key)
    last = made[-1] if made else None
    if last is None and reading.view.state.cached_from(found.key) is not None:
        return Held(None, work.forks is not None, _told(reading, found))
    if last is None or last.session is None:
        agent = "" if last is None else f" with {last.agent}"
        raise NoSession(f"{said}, which has no known session{agent}")
    if last.agent not in [agent.name for agent in work.agents]:
        raise NoSession(
            f"{said}, whose session belongs to {last.agent}",
            hint=f"add that agent to {instance.key.id}",
        )
    return Held(last, work.forks is not None, _told(reading, found))


def _made(state: RunState, key: Key) -> Sequence[Attempted]:
    """The attempts of a finished task in the session in which it was done."""
    tries = [one for one in state.tries.get(key, ()) if one.counts]
    last = next((one for one in reversed(tries) if one.state == "succeeded"), None)
    if last is None:
        return ()
    return [one for one in tries if one.agent == last.agent and one.session == last.session]


def _cached(view: View, key: Key) -> Iterator[Cached]:
    """What the task gave, if its answer is from an earlier run."""
    ended = view.state.ended.get(key)
    if ended is not None and view.state.cached_from(key) is not None:
        yield Cached(key, view.outputs.output(key, ended))


def _told(reading: Reading, found: Instance | None) -> tuple[Attempted | Cached, ...]:
    """The attempts in which the work was done that the session of this task knows of, and what is
    known of a task that made none.
    """
    told: list[Attempted | Cached] = []
    for _ in range(_FAR):
        if found is None:
            break
        told = [*_made(reading.view.state, found.key), *_cached(reading.view, found.key), *told]
        if (work := agent_work(found.node)) is None or work.source is None:
            break
        loops = found.definition.loops
        there = replace(reading, key=found.key, loops=loops, used={}, watched=set[str]())
        found = there.find(work.source)
    return tuple(told)
