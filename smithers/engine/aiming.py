"""The task at whose agent a person aims: to say something to it, or to go on in its session."""

from __future__ import annotations

from smithers.changes import Key
from smithers.errors import Refused
from smithers.state import RunState
from smithers.store import Store

__all__ = ["aimed_at"]


async def aimed_at(store: Store, state: RunState, run_id: str, task: str) -> Key:
    """The task that is named, with or without its iteration, once an agent has begun it; one that
    runs goes before one that waits to be tried again. `state` is right about what is open. Raises
    `Refused` that names those at work.
    """
    open_ = {
        key: tries[-1]
        for key, tries in state.tries.items()
        if key not in state.ended and any(one.is_call for one in tries)
    }
    meant = {key: last for key, last in open_.items() if task in (key.id, str(key))}
    running = [key for key, last in meant.items() if last.state == "running"]
    if len(found := running or list(meant)) == 1:
        return found[0]
    listed = ", ".join(map(str, sorted(open_)))
    hint = f"running tasks: {listed}" if open_ else "no agent of the run is running"
    if found:
        raise Refused(f"{task} of run {run_id} is running in several iterations", hint=hint)
    about = RunState.of((await store.about(run_id, task)).frames)
    raise Refused(f"{task} of run {run_id} {_why_not(about, task)}", hint=hint)


def _why_not(state: RunState, task: str) -> str:
    ended = [one.outcome for key, one in state.ended.items() if task in (key.id, str(key))]
    if ended:
        return f"has ended: it is {ended[-1]}"
    if any(task in (key.id, str(key)) for key in state.tries):
        return "is not a task of an agent"
    return "has not started" if task in state.nodes else "is not a task of this run"
