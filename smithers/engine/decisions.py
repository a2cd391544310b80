"""What persons have decided in a run and in its child runs, found from their frames."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from smithers import waits
from smithers.changes import Frame, Key, WaitClosed, WaitOpened
from smithers.engine.people import Person
from smithers.errors import UnknownRun
from smithers.naming import key_name
from smithers.state import RunState
from smithers.store import Store
from smithers.texts import object_from
from smithers.values import dataclass

__all__ = [
    "Decision",
    "decided_below",
    "decisions",
    "ended_children",
    "ended_waits",
    "not_theirs",
]


@dataclass(frozen=True)
class Decision:
    """A question that a person has answered: the frame of the answer."""

    key: Key
    frame: int
    opened: WaitOpened


def decisions(frames: Sequence[Frame]) -> Iterator[Decision]:
    """The questions that persons have answered, oldest answer first."""
    for number, opened, closed in ended_waits(frames):
        if opened.kind in waits.ASKING and _is_persons(closed):
            yield Decision(closed.key, number, opened)


def ended_children(frames: Sequence[Frame]) -> Iterator[tuple[int, Key, str]]:
    """The child runs of which a run has heard the end: the frame, the node and the run, oldest end
    first.
    """
    for number, opened, closed in ended_waits(frames):
        if opened.kind == waits.CHILD and closed.answer is not None:
            yield number, closed.key, opened.on[0]


def not_theirs(frames: Sequence[Frame], state: RunState, person: Person | None) -> dict[Key, str]:
    """The decisions that count and that a person (None: an agent) may not make, each with why."""
    found: dict[Key, str] = {}
    for one in decisions(frames):
        allowed = one.opened.allowed_by
        may = not allowed or (person is not None and person.may(allowed))
        if may or one.key not in state.answers:
            found.pop(one.key, None)
        else:
            who = "an agent" if person is None else person.name
            found[one.key] = f"{who} may not answer it ({', '.join(allowed)} may)"
    return found


async def decided_below(
    store: Store, frames: Sequence[Frame], state: RunState, person: Person
) -> dict[Key, str]:
    """The nodes whose output is that of a child run in which something was decided that the
    person may not decide, each with why. In a child run that is gone, anything may have been.
    """
    found: dict[Key, str] = {}
    seen: dict[str, str | None] = {}
    children = [(key, run_id) for _, key, run_id in ended_children(frames)]
    children += _of_renamed(state, {run_id for _, run_id in children})
    for key, run_id in children:
        ended = state.ended.get(key)
        if ended is None or ended.set_by is not None:
            continue
        if (why := await _not_theirs_below(store, run_id, person, seen)) is not None:
            found[key] = why
    return found


def _of_renamed(state: RunState, children: Collection[str]) -> Iterator[tuple[Key, str]]:
    """The nodes that have such a child run from another id: its attempt is named like the run."""
    for key, tries in state.tries.items():
        for one in tries:
            if one.origin is not None and one.agent in children:
                yield key, one.agent


async def _not_theirs_below(
    store: Store, run_id: str, person: Person, seen: dict[str, str | None]
) -> str | None:
    """Why the person may not have the end of a child run: what was decided in it, in one that it
    has continued as, or in a child run of them.
    """
    if run_id in seen:
        return seen[run_id]
    seen[run_id] = None
    try:
        frames = (await store.load(run_id)).frames
    except UnknownRun:
        seen[run_id] = f"its child run {run_id} is gone, and with it who decided what"
        return seen[run_id]
    state = RunState.of(frames)
    for key, why in not_theirs(frames, state, person).items():
        seen[run_id] = f"{key_name(key)} of child run {run_id} was answered, and {why}"
        return seen[run_id]
    below = [one for _, _, one in ended_children(frames)]
    if state.status.next_run is not None:
        below.append(state.status.next_run)
    for one in below:
        if (said := await _not_theirs_below(store, one, person, seen)) is not None:
            seen[run_id] = said
            return said
    return None


def ended_waits(frames: Sequence[Frame]) -> Iterator[tuple[int, WaitOpened, WaitClosed]]:
    """The waits that have ended, in order: the frame of the end, and both changes."""
    opened: dict[tuple[Key, str, int], WaitOpened] = {}
    for frame in frames:
        for change in frame.changes:
            if isinstance(change, WaitOpened):
                opened[change.key, change.kind, frame.number] = change
        for change in frame.changes:
            if isinstance(change, WaitClosed):
                yield frame.number, opened[change.key, change.kind, change.opened], change


def _is_persons(closed: WaitClosed) -> bool:
    """Whether a person has answered; else time was up, or the question is void."""
    answer = object_from(closed.answer or "null")
    return answer is not None and answer.get("by") is not None
