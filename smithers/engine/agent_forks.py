"""What an agent may have of a fork, beside what a person may: nothing that a person has decided.

Its fork ends before the first decision, made in the run or in a child run of it. It replaces only
outputs of what has run, since others may be behind a question. And what its fork inherits counts
for the budgets, so that no fork goes on where a person has to raise one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from smithers.changes import Frame
from smithers.engine.decisions import decisions, ended_children
from smithers.engine.requesting import find_key
from smithers.errors import Refused, RunExists, UnknownRun
from smithers.naming import key_name
from smithers.state import RunState
from smithers.store import INHERITED, NewRun, RunRow, Store
from smithers.values import dataclass

__all__ = [
    "agent_fork_id",
    "check_above",
    "check_replaced",
    "check_same",
    "first_decision",
    "options_of",
    "request_digest",
]

_REQUEST = "fork_request"


@dataclass(frozen=True)
class First:
    """The first decision of a person: its frame, and what it is."""

    frame: int
    words: str


async def first_decision(store: Store, frames: Sequence[Frame]) -> First | None:
    """The first one in these frames, or in a child run that ended in them."""
    own = next(decisions(frames), None)
    seen = set[str]()
    for number, key, run_id in ended_children(frames):
        if own is not None and own.frame <= number:
            break
        if await _is_decided(store, run_id, seen):
            said = f"the end of {key_name(key)}, which has what was answered in child run {run_id}"
            return First(number, said)
    return None if own is None else First(own.frame, f"the answer to {key_name(own.key)}")


async def _is_decided(store: Store, run_id: str, seen: set[str]) -> bool:
    """Whether a person has decided anything in a child run, in those that it has continued as, or
    in child runs of them. One that is gone may have had anything.
    """
    if run_id in seen:
        return False
    seen.add(run_id)
    try:
        frames = (await store.load(run_id)).frames
    except UnknownRun:
        return True
    below = [one for _, _, one in ended_children(frames)]
    if (following := RunState.of(frames).status.next_run) is not None:
        below.append(following)
    if next(decisions(frames), None) is not None:
        return True
    for one in below:
        if await _is_decided(store, one, seen):
            return True
    return False


async def check_above(store: Store, run: NewRun) -> None:
    """Raises `Refused` for a run that was started below one in which a person has decided: as a run
    of its own it would be behind no question.
    """
    above = run.parent
    while above is not None:
        history = await store.load(above.run_id)
        if next(decisions(history.frames), None) is not None:
            raise Refused(
                f"run {run.run_id} was started below run {above.run_id}, in which a person has"
                " answered a question: an agent may not fork it",
                hint="fork the run above it instead",
            )
        above = history.run.parent


def check_replaced(state: RunState, run_id: str, names: Iterable[str]) -> None:
    """Raises `Refused` unless the outputs that an agent replaces are those of what has run."""
    for name in names:
        key = find_key(state, run_id, name)
        ended = state.ended.get(key)
        if ended is not None and ended.outcome == "finished":
            continue
        if ended is not None and ended.outcome == "failed" and state.tries.get(key):
            continue
        raise Refused(
            f"{name} of run {run_id} has not run at that frame, so an agent may not set its output",
            hint="set the output of a task that has finished, or leave it out",
        )


def options_of(source: NewRun, *, is_agents: bool, request: str | None) -> str:
    """The options of a fork. Those of a fork that an agent has made are not inherited."""
    options: dict[str, Any] = json.loads(source.options)
    options.pop(INHERITED, None)
    options.pop(_REQUEST, None)
    if is_agents:
        options[INHERITED] = True
    if request is not None:
        options[_REQUEST] = request
    return json.dumps(options)


def agent_fork_id(request_id: str) -> str:
    """The id of the fork that an agent asks for by a text of its own."""
    return f"fork-{hashlib.sha256(request_id.encode()).hexdigest()[:12]}"


def request_digest(request: object) -> str:
    """What tells one request from another."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:16]


def check_same(made: RunRow, digest: str) -> None:
    """Raises `RunExists` unless the run is the fork that this very request has made."""
    if json.loads(made.options).get(_REQUEST) != digest:
        source = "" if made.forked_from is None else f" of run {made.forked_from}"
        raise RunExists(
            f"this request_id was used for another fork: run {made.run_id}{source}",
            hint="use a new request_id for each fork",
        )
