"""Views as text for a person: the list of runs, one run, its tree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from smithers.cli._places import complete
from smithers.cli._streams import MARKS, shown, table
from smithers.naming import event_name, first_names, key_name, waited_for
from smithers.store.answers import who_answered
from smithers.texts import from_json, title_of
from smithers.views import (
    Usage,
    cached_words,
    clock,
    due_words,
    exhausted_words,
    stopped_words,
    with_place,
)
from smithers.waits import ASKING, DATA, EVENT, POOL, TIMER, traits, words_of

if TYPE_CHECKING:
    from smithers.changes import Failure
    from smithers.views import (
        AttemptView,
        Inspection,
        RunLine,
        RunView,
        SignalView,
        TaskView,
        WaitView,
    )

__all__ = ["ago", "inspected", "runs_table", "used_words"]

_TITLE = 60
"""So much of a question's title stands in the list of runs."""
_IN_MEMORY = "made in memory (see why)"
_COLOURS = {state: colour for state, (_, colour) in MARKS.items()}


def runs_table(runs: Sequence[RunLine]) -> list[str]:
    """A line a run, with a header."""
    rows = [["RUN", "WORKFLOW", "STATUS", "TASKS", "COST", "LAST ACTIVITY", "WAITS FOR"]]
    for run in runs:
        cost = run.usage.cost
        rows.append(
            [
                run.run_id,
                shown(run.workflow),
                run.status,
                _done(run),
                "" if cost is None else f"${cost:.4f}",
                ago(run.last_activity),
                _held_by(run),
            ]
        )
    return table(rows, _COLOURS)


def _done(run: RunLine) -> str:
    """How many tasks need nothing more, of how many; how many failures are tolerated, and how many
    tasks have their answer from another run.
    """
    counts = run.counts
    told = {"tolerated": counts.tolerated, "cached": counts.cached}
    more = ", ".join(f"{number} {what}" for what, number in told.items() if number)
    done = f"{counts.done}/{sum(counts.tasks.values())}"
    return f"{done} ({more})" if more else done


def _held_by(run: RunLine) -> str:
    """What the run waits for, or why nothing resumes it unattended."""
    if run.gave_up:
        return "given up (see why)"
    waits = _all_awaited(run)
    if run.is_made_in_memory and run.status in ("waiting", "stale", "failed"):
        return f"{waits}; {_IN_MEMORY}" if waits else _IN_MEMORY
    return waits


def _all_awaited(run: RunLine) -> str:
    waits = run.waiting_for
    if run.status == "waiting" and not waits:
        return "answered, to be resumed"
    if len(waits) == 1 and waits[0].kind in ASKING:
        return f"{_awaited(waits[0])}: {shown(title_of(waits[0].asked or '', _TITLE))}"
    return first_names([_awaited(wait) for wait in waits])


def _awaited(wait: WaitView) -> str:
    key = shown(key_name(wait.key))
    if wait.kind == TIMER and wait.due is not None:
        return f"{key} until {due_words(wait.due)}"
    short = words_of(
        traits(wait.kind).words.short,
        asked=shown(wait.asked or ""),
        on=shown(waited_for(wait.kind, wait.on)),
    )
    cools = ", ".join(f"{one.agent} is cooling down" for one in wait.cooling)
    due = f" until {clock(wait.due)}" if cools and wait.due else ""
    short = f"{shown(cools)}{due}" if cools else short
    return f"{key} ({short})" if short else key


def _cached(run_id: str | None) -> str:
    return "" if run_id is None else f" ({cached_words(run_id)})"


def _state(state: str, *, tolerated: bool) -> str:
    """The state of a node, and whether its failure is tolerated."""
    return f"{state} (tolerated)" if tolerated and state == "failed" else state


def ago(at: datetime) -> str:
    """How long ago a time is."""
    seconds = max(0, int((datetime.now(UTC) - at).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def inspected(found: Inspection) -> Iterator[str]:
    """A run, its tasks with their attempts, and its waits."""
    yield from _run_lines(found.run)
    for task in found.tasks:
        yield from _task_lines(task)
    for wait in found.waits:
        yield from _wait(wait)
    for signal in found.signals:
        if signal.state != "taken":  # else it is the output of its task
            yield _signal(signal)


def _run_lines(run: RunView) -> Iterator[str]:
    by = f", {stopped_words(run.stopped_by)}" if run.stopped_by else ""
    yield f"{run.run_id}  {run.workflow}  {run.status}{by}"
    if run.forked_from is not None:
        yield "  forked   from {} at frame {}".format(*run.forked_from)
    yield f"  file     {run.file}"
    if run.parent is not None:
        yield f"  parent   {run.parent.run_id}, its task {key_name(run.parent.key)}"
    yield f"  input    {_short(from_json(run.input))}"
    yield f"  created  {clock(run.created_at)}, last activity {clock(run.last_activity)}"
    if run.owner is not None and run.status in ("running", "stale"):
        lives = "" if run.owner.alive else " (no longer running)"
        yield f"  process  {run.owner.pid}{lives}"
    if run.next_run is not None:
        yield f"  next     {run.next_run}, as which it continued"
    if run.error is not None:
        yield f"  error    {_error(run.error)}"
        yield from _hint(run.error, "  hint     ")
    if run.exhausted:
        yield f"  loops    {exhausted_words(run.exhausted).removeprefix('; ')}"
    if (output := from_json(run.output)) is not None:
        yield f"  output   {_short(output)}"
    yield f"  usage    {used_words(run.usage)}"
    if run.inherited != Usage():
        yield f"  before   {used_words(run.inherited)}, inherited"
    for one in run.started:
        yield f"  started  {one.run_id}  {one.workflow}  {one.status}, by {key_name(one.key)}"


def _task_lines(task: TaskView) -> Iterator[str]:
    line = task.line
    state = _state(line.state, tolerated=line.tolerated)
    yield f"{MARKS[line.state][0]} {key_name(line.key)}  {state}{_cached(line.cached)}"
    if line.error is not None:
        yield f"    {_error(line.error)}"
        yield from _hint(line.error, "    hint: ")
    if task.child is not None:
        yield f"    child run {task.child}"
    output = None if task.output is None else from_json(task.output.text())
    if output is not None:
        whose = "" if task.set_by is None else f", set by {task.set_by}"
        yield f"    output{whose} {_short(output)}"
    if task.answered is not None:
        note = f": {task.answered['note']}" if task.answered["note"] else ""
        yield f"    answered by {who_answered(task.answered)} at {task.answered['at']}{note}"
    for attempt in task.attempts:
        yield f"    {_attempt(attempt)}"
        if attempt.error != line.error:
            yield from _hint(attempt.error, "      hint: ")


def _wait(wait: WaitView) -> Iterator[str]:
    said = due_words if wait.kind == TIMER else clock
    due = "" if wait.due is None else f", until {said(wait.due)}"
    is_named = wait.kind in (DATA, EVENT)  # else it is for keys of the engine
    before = "" if wait.kind == EVENT else "for "
    for_what = f" {before}{shown(waited_for(wait.kind, wait.on))}" if is_named else ""
    if wait.kind == POOL:
        for_what = f" {shown(', '.join(wait.on))}, limit {wait.asked} on this machine"
    yield (f"◷ {key_name(wait.key)} waiting ({wait.kind}{for_what}) since {clock(wait.since)}{due}")
    for one in wait.cooling:
        yield f"    {one.agent} is cooling down until {clock(one.until)}: {_short(one.reason)}"


def _signal(signal: SignalView) -> str:
    whose = "" if signal.key is None else f" by {key_name(signal.key)}"
    misfit = "" if signal.misfit is None else f": {_short(signal.misfit)}"
    data = "" if signal.data is None else f", {_short(from_json(signal.data))}"
    name = f"signal {signal.id} ({event_name(signal.on)}{data})"
    return f"{name} {signal.state}{whose}, sent by {signal.by} at {clock(signal.at)}{misfit}"


def _attempt(attempt: AttemptView) -> str:
    ended = "" if attempt.ended_at is None else f" to {clock(attempt.ended_at)}"
    error = "" if attempt.error is None else f": {_error(attempt.error)}"
    skipped = " (others are cooling down)" if attempt.skipped else ""
    whose = f", in {attempt.origin}" if attempt.origin else ""
    return (
        f"attempt {attempt.number} {attempt.state}, {attempt.agent}{skipped},"
        f" {clock(attempt.started_at)}{ended}{whose}{error}"
    )


def _error(error: Failure) -> str:
    kind, said = error.kind, error.message
    named = said if said.startswith(kind) else f"{kind}: {said}"
    return with_place(named, error.place)


def _hint(error: Failure | None, head: str) -> Iterator[str]:
    if error is not None and error.hint:
        yield f"{head}{complete(error.hint)}"


def used_words(usage: Usage) -> str:
    """Tokens and money in words."""
    cost = "" if usage.cost is None else f", ${usage.cost:.4f}"
    unit = "token" if usage.tokens_in == 1 else "tokens"
    return f"{usage.tokens_in} {unit} in, {usage.tokens_out} out{cost}"


def _short(value: object, limit: int = 200) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text[: 4 * limit].split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
