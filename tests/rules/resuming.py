"""A crash at every frame boundary: the first k frames of a run, under a new owner, for every k."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

from smithers import waits
from smithers.changes import AttemptStarted, Frame, Key, Large
from smithers.state import RunState
from smithers.store import InboxRow, Note
from smithers.store.memory import MemoryStore
from smithers.workflows import Workflow
from tests.rules.runs import Run

__all__ = ["Answers", "approves_all", "check_every_crash", "crashed", "finish", "same", "started"]

Answers = Callable[[Run], bool]
"""Gives the answers that the run waits for; whether there were any."""


def approves_all(run: Run) -> bool:
    asked = [key for key, kind in run.state.waits if kind in waits.ASKING]
    for key in asked:
        run.answer(key.id, path=key.path)
    return bool(asked)


def finish(run: Run, answers: Answers = approves_all) -> str:
    """Drive the run to its end, answering what it asks on the way."""
    status = run.go().status
    while status == "waiting" and answers(run):
        status = run.go().status
    return status


def crashed(run: Run, after: int, workflow: Workflow[Any, Any] | None = None) -> Run:
    """The run as it was after its first frames, its owner dead; `workflow` is the edited one."""
    frames = run.watch.frames[:after]
    made = Run(workflow or run.workflow, run.input, clock=run.clock, linger_s=run.settings.linger_s)
    made.started_at = run.started_at

    async def rebuild() -> None:
        notes = _notes(run.store)
        store = made.store
        claim = await store.create(made.new, made.owner, frames[0])
        given = 0
        for frame in frames[1:]:
            for row in notes[given : frame.inbox]:
                await store.offer(_note(row))
            given = max(given, frame.inbox)
            await store.commit(claim, frame)
        await store.release(claim)

    asyncio.run(rebuild())
    made.watch.frames.extend(frames)
    return made


def _notes(store: MemoryStore) -> Sequence[InboxRow]:
    return store._inbox  # pyright: ignore[reportPrivateUsage]  # a store has no list of its notes


def _note(row: InboxRow) -> Note:
    return Note(
        run_id=row.run_id,
        kind=row.kind,
        key=row.key,
        opened=row.opened,
        signal=row.signal,
        body=row.body,
        at=row.at,
    )


def _timeless(output: str | Large | None) -> str | Large | None:
    return re.sub(r'"at":"[^"]*"', "", output) if isinstance(output, str) else output


def same(state: RunState) -> dict[str, object]:
    """What must not depend on crashes: how all ended, what was chosen, how the run stands."""
    return {
        "ended": {
            str(key): (end.outcome, _timeless(end.output), end.error)
            for key, end in state.ended.items()
        },
        "choices": {f"{key} {kind}": one.value for (key, kind), one in state.choices.items()},
        "nodes": set(state.nodes),
        "waits": {f"{key} {kind}" for key, kind in state.waits},
        "status": state.status,
    }


def started(frames: Sequence[Frame]) -> set[Key]:
    return {
        change.key
        for frame in frames
        for change in frame.changes
        if isinstance(change, AttemptStarted)
    }


def check_every_crash(
    make: Callable[[], Workflow[Any, Any]],
    *,
    input: str = "{}",
    answers: Answers = approves_all,
    now: Any = None,
) -> RunState:
    """Resume from every frame boundary: the end is the same, and nothing finished runs again.

    `make` makes the workflow anew, with agents of its own. Gives the state of the unbroken run.
    """
    whole = Run(make(), input) if now is None else Run(make(), input, now=now)
    finish(whole, answers)
    expected = same(whole.state)
    for k in range(1, len(whole.watch.frames) + 1):
        before = RunState.of(whole.watch.frames[:k])
        run = crashed(whole, k, make())
        if before.run_status in ("running", "waiting"):
            finish(run, answers)
        after = run.state
        assert same(after) == expected, f"after a crash behind frame {k - 1}"
        again = started(run.watch.frames[k:]) & set(before.ended)
        assert not again, f"after a crash behind frame {k - 1}, {again} ran again"
        for chosen, what in before.choices.items():
            assert after.choices[chosen] == what
    return whole.state
