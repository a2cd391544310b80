"""Reports as text for a person: the list of runs, one run, its tree."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from smithers.changes import Key
from smithers.cli._places import complete
from smithers.cli._streams import MARKS, paint, shown, table
from smithers.naming import first_names, key_name, node_name
from smithers.reports import Inspected, clock, exhausted_words, with_place
from smithers.store.rows import time_of
from smithers.texts import title_of

__all__ = ["ago", "inspected", "mermaid", "runs_table", "tree_lines"]

_Json = dict[str, Any]
_TITLE = 60
"""So much of a question's title stands in the list of runs."""
_COLOURS = {state: colour for state, (_, colour) in MARKS.items()}


def runs_table(runs: list[_Json]) -> list[str]:
    """A line a run, with a header."""
    rows = [["RUN", "WORKFLOW", "STATUS", "TASKS", "COST", "LAST ACTIVITY", "WAITS FOR"]]
    for run in runs:
        cost = run["usage"]["cost_usd"]
        rows.append(
            [
                run["run_id"],
                shown(run["workflow"]),
                run["status"],
                _done(run),
                "" if cost is None else f"${cost:.4f}",
                ago(run["last_activity"]),
                "given up (see why)" if run["gave_up"] else _all_awaited(run),
            ]
        )
    return table(rows, _COLOURS)


def _done(run: _Json) -> str:
    """How many tasks need nothing more, of how many, and how many failures are tolerated."""
    more = f" ({run['tolerated']} tolerated)" if run["tolerated"] else ""
    return f"{run['done']}/{sum(run['tasks'].values())}{more}"


def _all_awaited(run: _Json) -> str:
    waits = run["waiting_for"]
    if run["status"] == "waiting" and not waits:
        return "answered, to be resumed"
    if len(waits) == 1 and waits[0]["kind"] == "approval":
        return f"{_awaited(waits[0])}: {shown(title_of(waits[0]['asked'] or '', _TITLE))}"
    return first_names([_awaited(wait) for wait in waits])


def _awaited(wait: _Json) -> str:
    key = shown(_key(wait["task"], wait["iteration"]))
    if wait["kind"] == "approval":
        return key
    if wait["kind"] == "agents":
        return f"{key} (an agent must be set up)"
    if wait["kind"] == "attached":
        return f"{key} ({shown(wait['asked'] or 'someone')} is attached)"
    cools = ", ".join(f"{one['agent']} is cooling down" for one in wait["cooling"])
    due = f" until {clock(wait['due'])}" if cools and wait["due"] else ""
    return f"{key} ({shown(cools)}{due})" if cools else f"{key} ({wait['kind']})"


def _key(task: str | None, iteration: list[int]) -> str:
    return key_name(Key(task or "", tuple(iteration)))


def _state(node: _Json) -> str:
    """The state of a node, and whether its failure is tolerated."""
    allowed = node["tolerated"] and node["state"] == "failed"
    return f"{node['state']} (tolerated)" if allowed else str(node["state"])


def ago(text: str) -> str:
    """How long a stored time is past."""
    seconds = max(0, int((datetime.now(UTC) - time_of(text)).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def inspected(found: Inspected) -> Iterator[str]:
    """A run, its tasks with their attempts, and its waits."""
    yield from _run_lines(found.run)
    for task in found.tasks:
        yield from _task_lines(task)
    for wait in found.waits:
        yield from _wait(wait)


def _run_lines(run: _Json) -> Iterator[str]:
    by = f", stopped by {run['stopped_by']}" if run["stopped_by"] else ""
    yield f"{run['run_id']}  {run['workflow']}  {run['status']}{by}"
    yield f"  file     {run['file']}"
    yield f"  input    {_short(run['input'])}"
    yield f"  created  {clock(run['created_at'])}, last activity {clock(run['last_activity'])}"
    if run["owner"] is not None and run["status"] in ("running", "stale"):
        lives = "" if run["owner"]["alive"] else " (no longer running)"
        yield f"  process  {run['owner']['pid']}{lives}"
    if run["error"] is not None:
        yield f"  error    {_error(run['error'])}"
        yield from _hint(run["error"], "  hint     ")
    if run["exhausted"]:
        yield f"  loops    {exhausted_words(run['exhausted']).removeprefix('; ')}"
    if run["output"] is not None:
        yield f"  output   {_short(run['output'])}"
    yield f"  usage    {_usage(run['usage'])}"


def _task_lines(task: _Json) -> Iterator[str]:
    yield f"{MARKS[task['state']][0]} {_key(task['id'], task['iteration'])}  {_state(task)}"
    if task["error"] is not None:
        yield f"    {_error(task['error'])}"
        yield from _hint(task["error"], "    hint: ")
    if task["output"] is not None:
        yield f"    output {_short(task['output'])}"
    for attempt in task["attempts"]:
        yield f"    {_attempt(attempt)}"
        if attempt["error"] != task["error"]:
            yield from _hint(attempt["error"], "      hint: ")


def _wait(wait: _Json) -> Iterator[str]:
    due = "" if wait["due"] is None else f", until {clock(wait['due'])}"
    is_data = wait["kind"] == "data"  # else it is for keys of the engine
    for_what = f" for {', '.join(map(node_name, wait['on']))}" if is_data else ""
    key = _key(wait["task"], wait["iteration"])
    yield f"◷ {key} waiting ({wait['kind']}{for_what}) since {clock(wait['since'])}{due}"
    for one in wait["cooling"]:
        until, reason = clock(one["until"]), _short(one["reason"])
        yield f"    {one['agent']} is cooling down until {until}: {reason}"


def _attempt(attempt: _Json) -> str:
    ended = "" if attempt["ended_at"] is None else f" to {clock(attempt['ended_at'])}"
    error = "" if attempt["error"] is None else f": {_error(attempt['error'])}"
    skipped = " (others are cooling down)" if attempt["skipped"] else ""
    return (
        f"attempt {attempt['attempt']} {attempt['state']}, {attempt['agent']}{skipped},"
        f" {clock(attempt['started_at'])}{ended}{error}"
    )


def _error(error: _Json) -> str:
    kind, said = error["kind"], str(error["message"])
    named = said if said.startswith(kind) else f"{kind}: {said}"
    return with_place(named, error["place"])


def _hint(error: _Json | None, head: str) -> Iterator[str]:
    if error is not None and error["hint"]:
        yield f"{head}{complete(error['hint'])}"


def _usage(usage: _Json) -> str:
    cost = "" if usage["cost_usd"] is None else f", ${usage['cost_usd']:.4f}"
    unit = "token" if usage["tokens_in"] == 1 else "tokens"
    return f"{usage['tokens_in']} {unit} in, {usage['tokens_out']} out{cost}"


def _short(value: object, limit: int = 200) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text[: 4 * limit].split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def tree_lines(found: _Json) -> Iterator[str]:
    """The tree as lines."""
    title = f"{found['workflow']}  {found['run_id']}  {found['status']}"
    yield paint(shown(title), "bold", sys.stdout)
    if found["root"] is not None:
        yield from _branch(found["root"], "", "")


def _branch(node: _Json, first: str, below: str, parent: _Json | None = None) -> Iterator[str]:
    mark, colour = MARKS[node["state"]]
    state = paint(f"{mark} {_state(node)}", colour, sys.stdout)
    yield f"{first}{shown(_name(node, parent))}  {state}"
    inner = node["children"]
    for number, child in enumerate(inner):
        last = number == len(inner) - 1
        here, under = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _branch(child, below + here, below + under, node)


def _name(node: _Json, parent: _Json | None) -> str:
    """A node's kind and its author's id, or the key of the item that it is."""
    if node["kind"] == "iteration":
        return f"iteration {node['iteration'][-1]}"
    if node["kind"] in ("task", "step", "approval"):
        return str(node["id"])
    id, kind = str(node["id"]), str(node["kind"])
    if parent is None:
        return kind if id == kind else f"{kind} {id}"
    rest = id.removeprefix(f"{parent['id']}/")
    is_made = rest != id and parent["kind"] != "foreach"
    return kind if is_made else f"{kind} {rest}"


def mermaid(found: _Json) -> Iterator[str]:
    """The tree as a Mermaid flowchart."""
    yield "flowchart TD"
    if found["root"] is not None:
        yield from _flow(found["root"], None, [0])


def _flow(
    node: _Json, parent: str | None, count: list[int], around: _Json | None = None
) -> Iterator[str]:
    count[0] += 1
    id = f"n{count[0]}"
    label = shown(_name(node, around)).replace('"', "#quot;").replace("\n", " ")
    yield f'  {id}["{label}<br/>{_state(node)}"]'
    if parent is not None:
        yield f"  {parent} --> {id}"
    for child in node["children"]:
        yield from _flow(child, id, count, node)
