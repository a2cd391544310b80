"""The session of another task that a task takes up, as the rows of that one's attempts have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from smithers.changes import Key
from smithers.context import READER
from smithers.engine.reading import Reading, View
from smithers.engine.sharing import check_source
from smithers.errors import SmithersError
from smithers.kinds import Instance, agent_work
from smithers.state import Attempted, RunState

__all__ = ["Cached", "Held", "NoSession", "held"]

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
    """A session to begin with, itself or as a copy, and the agent that holds it; both are None for
    a task whose answer is from an earlier run. `told` is what was done in it, oldest first, for an
    agent that does not know it.
    """

    agent: str | None
    session: str | None
    copied: bool
    told: tuple[Attempted | Cached, ...]


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
        return Held(None, None, work.forks is not None, _told(reading, found))
    if last is None or last.session is None:
        agent = "" if last is None else f" with {last.agent}"
        raise NoSession(f"{said}, which has no known session{agent}")
    if last.agent not in [agent.name for agent in work.agents]:
        raise NoSession(
            f"{said}, whose session belongs to {last.agent}",
            hint=f"add that agent to {instance.key.id}",
        )
    told = _told(reading, found)
    return Held(last.agent, last.session, work.forks is not None, told)


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
