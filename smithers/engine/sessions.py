"""The sessions that attempts go on in: that of another task which a task takes up, as the rows of
that one's attempts have it, and whether an attempt may go on in one itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import cast

from smithers.agent import Agent
from smithers.changes import Key
from smithers.context import READER, NotYet
from smithers.engine.reading import Reading, View
from smithers.engine.sharing import check_source
from smithers.errors import SmithersError
from smithers.kinds import Instance, agent_work
from smithers.state import Attempted, RunState
from smithers.values import dataclass

__all__ = ["Given", "Held", "NoSession", "Way", "held", "way_on"]

_FAR = 8
"""So many tasks back are told to an agent that does not know their session."""


class NoSession(SmithersError):
    """A task takes up the session of another one that has none to give."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a task gave without an attempt that counts, as JSON text, and how: from an earlier run,
    by a person, or by work that was discarded. Nothing else is known.
    """

    key: Key
    output: str
    how: str


@dataclass(frozen=True, slots=True)
class Held:
    """A session to begin with, itself or as a copy: that of the attempt `last`, which is None for
    a task that gave something without an attempt that counts; `lost` says so, but for an answer
    from an earlier run. `tell` gives what was done in it, oldest first, for an agent that does not
    know it: few ask, and it takes a walk back over several tasks.
    """

    last: Attempted | None
    copied: bool
    tell: Callable[[], tuple[Attempted | Given, ...]]
    lost: str = ""

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
    if _stands(attempt, discarded):
        return Way(forks=session) if copied else Way(session=session)
    if attempt.turn is not None and agent.can.forks_at:
        return Way(forks=session, at=attempt.turn)
    whose = "has work that no longer counts"
    if attempt.origin:
        whose = f"belongs to run {attempt.origin}"
    why = "where it ended for this task is not known"
    if not agent.can.forks_at:
        why = f"{attempt.agent} cannot copy it as it was"
    return Way(lost=f"the session {session} {whose}, and {why}")


def _stands(attempt: Attempted, discarded: Mapping[str, int]) -> bool:
    """Whether its session is this run's alone, and ends with what counts."""
    later = discarded.get(attempt.session or "", 0)
    return not attempt.origin and later <= attempt.serial


def held(instance: Instance) -> Held | None:
    """What the task of this instance takes up, if anything; asked as its callables are.

    Raises `NotYet` while the other task is not settled, `NoSession` where it has given none, and
    `AuthorError` where no agent of this task could go on with it.
    """
    reading, work = cast("Reading", READER.get()), agent_work(instance.node)
    if work is None or (source := work.source) is None:
        return None
    found = reading.find(source)
    said = f"{instance.key.id} {work.verb} {source}"
    if found is None or found.status != "finished":
        how = {"failed": "failed", "cancelled": "was cancelled"}
        ended = "skipped" if found is None else found.status
        raise NoSession(f"{said}, which {how.get(ended, 'was skipped')}")
    check_source(instance.definition, found.definition)
    made = _made(reading.view.state, found.key)
    last = made[-1] if made else None
    if last is None:
        is_cached = reading.view.state.cached_from(found.key) is not None
        lost = "" if is_cached else f"no attempt of {source} counts that has one"
        return Held(None, work.forks is not None, partial(_told, reading, found), lost)
    if last.session is None:
        raise NoSession(f"{said}, which has no known session with {last.agent}")
    if last.agent not in [agent.name for agent in work.agents]:
        raise NoSession(
            f"{said}, whose session belongs to {last.agent}",
            hint=f"add that agent to {instance.key.id}",
        )
    newest = _newest(reading.view, instance.key, found, last)
    after = () if newest is last else (newest,)
    return Held(newest, work.forks is not None, partial(_told, reading, found, after))


def _newest(view: View, key: Key, found: Instance, last: Attempted) -> Attempted:
    """The attempt that the task `key` goes on from; `last` did the work of what it takes up.

    Tasks that continue one session do so one after the other, as iterations do. Where each of them
    has taken a copy, that of the task before this one has it all.
    """
    state = view.state
    if _stands(last, state.discarded):
        return last
    newest, rank, mine = last, 0, _first(state, key)
    for id in _continuing(view, found.definition.id):
        common = _common(view.mounts.by_id[id].loops, found.definition.loops)
        for other, tries in state.tries.items():
            if other.id != id or other.path[:common] != found.key.path[:common]:
                continue
            first = _first(state, other)
            done = [one for one in tries if _is_done(one) and one.agent == last.agent]
            if done and rank < first < mine and done[-1].serial > last.serial:
                newest, rank = done[-1], first
    return newest


def _continuing(view: View, source: str) -> Iterator[str]:
    """The tasks that continue the session of this one."""
    for id, definition in view.mounts.by_id.items():
        work = agent_work(definition.node)
        if work is not None and work.continues == source:
            yield id


def _first(state: RunState, key: Key) -> int:
    """The number of the first attempt of a task, which may be the next one of the run."""
    tries = state.tries.get(key)
    return tries[0].serial if tries else state.last_serial + 1


def _is_done(one: Attempted) -> bool:
    return one.counts and one.state == "succeeded" and one.session is not None


def _common(loops: Sequence[str], others: Sequence[str]) -> int:
    """How many loops two nodes have in common."""
    pairs = zip(loops, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _made(state: RunState, key: Key) -> Sequence[Attempted]:
    """The attempts of a finished task in the session in which it was done."""
    tries = [one for one in state.tries.get(key, ()) if one.counts]
    for last in reversed(tries):
        if last.state == "succeeded":
            return [one for one in tries if one.agent == last.agent and one.session == last.session]
    return ()


def _given(view: View, key: Key) -> Iterator[Given]:
    """What the task gave, where no attempt that counts did: then nothing else is known."""
    ended = view.state.ended.get(key)
    if ended is None or ended.outcome != "finished":
        return
    how = "before the run was taken back"
    if view.state.cached_from(key) is not None:
        how = "in an earlier run"
    elif ended.set_by is not None:
        how = f"given by {ended.set_by}" if ended.set_by else "given in its place"
    yield Given(key, view.outputs.output(key, ended), how)


def _told(
    reading: Reading, found: Instance | None, after: tuple[Attempted, ...] = ()
) -> tuple[Attempted | Given, ...]:
    """The attempts in which the work was done that the session of this task knows of, and what is
    known of a task that made none; `after` are those that follow.
    """
    told: list[Attempted | Given] = []
    # It stands at each of them in turn, and reads as a render does: nobody waits for what is told.
    there = replace(reading, mode="render", used={}, watched=set[str]())
    for _ in range(_FAR):
        if found is None:
            break
        made = _made(reading.view.state, found.key)
        told[:0] = made or _given(reading.view, found.key)
        if (work := agent_work(found.node)) is None or (source := work.source) is None:
            break
        there.key, there.loops = found.key, found.definition.loops
        try:
            found = there.find(source)
        except NotYet:  # an edit has put it there since
            break
    return (*told, *after)
