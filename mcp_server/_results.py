"""How runs are described to a model: bounded, since it reads all of it. What was cut says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcp_server._fitting import Parts, Rows, Text, fit, shorten, size_of
from mcp_server._hints import for_tools, tool_of, typed
from smithers.hub import Form, Hub, Overview, RunsQuery
from smithers.views import TaskLine
from smithers.wire import (
    activity_json,
    diff_json,
    question_json,
    run_line_json,
    summary_json,
    task_json,
    timeline_parts,
    why_json,
)

__all__ = [
    "asks_of",
    "diff_of",
    "explained",
    "listed",
    "next_step",
    "run_of",
    "task_of",
    "timeline_of",
    "workflow_of",
    "workflows_of",
]

_ENTRY = 1_200
"""How many characters an entry of a list has at most."""

_SENTENCE = 500
_ASKED = 1_000
_WHY = 200
_MOST_WAITS = 5
_URGENT = ("failed", "running", "waiting", "ready", "pending", "cancelled", "skipped", "finished")


def run_of(
    hub: Hub, found: Overview, after: str | None, characters: int, **more: Any
) -> dict[str, Any]:
    """The fields of `Run`."""
    told, why = summary_json(found.summary), why_json(found.why)
    reasons = {(one["task"], tuple(one["iteration"])): one for one in why["reasons"]}
    head = {name: told[name] for name in ("run_id", "status", "stopped_by", "tasks", "usage")}
    head |= {"workflow": found.workflow, "sentence": shorten(why["sentence"], _SENTENCE)}
    head |= {"error": _error(hub, told["error"]), "cursor": found.cursor, **more}
    waits = [
        _wait(hub, one, reasons.get((one["task"], tuple(one["iteration"])), {}))
        for one in told["waiting_for"]
    ]
    parts: Parts = {
        "waiting_for": Rows(waits),
        "running": Rows([shorten(activity_json(one), _ENTRY) for one in found.running]),
        "output": Text(told["output"]),
        "states": Rows(_states(found.tasks)),
        "tolerated": Rows(told["tolerated"]),
        "unpaid": Rows(told["unpaid"]),
        "exhausted": Rows(told["exhausted"]),
    }
    return fit(hub.secrets, head, parts, after=after, characters=characters)


def _states(tasks: Sequence[TaskLine]) -> list[str]:
    """The tasks in short, those first that somebody may have to look at."""
    return [
        f"{one.key} {one.state}{', tolerated' if one.tolerated else ''}"
        f"{'' if one.cached is None else ', cached'}"
        for one in sorted(tasks, key=lambda one: _URGENT.index(one.state))
    ]


def _wait(hub: Hub, wait: Mapping[str, Any], reason: Mapping[str, Any]) -> dict[str, Any]:
    command = reason.get("command")
    told = {name: wait[name] for name in ("task", "iteration", "kind", "since", "due")}
    return {
        **shorten({**told, "asked": wait["asked"], "sentence": reason.get("sentence")}, _ENTRY),
        "command": None if command is None else typed(command, hub.database),
    }


def _error(hub: Hub, error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if error is None:
        return None
    hint = for_tools(error["hint"] or "", hub.database) or None
    found: dict[str, Any] = shorten({**error, "hint": hint}, _ENTRY)
    return found


def next_step(hub: Hub, command: str | None) -> dict[str, str | None]:
    """What helps: a tool of the caller's, or else what a person types."""
    tool = tool_of(command)
    by_hand = command is not None and tool is None
    return {"tool": tool, "command": typed(command, hub.database) if command and by_hand else None}


def explained(hub: Hub, run_id: str, after: str | None, characters: int) -> dict[str, Any]:
    """The fields of `Explained`."""
    why = why_json(hub.why(run_id))
    reasons = [
        {
            "task": one["task"],
            "iteration": one["iteration"],
            "sentence": shorten(one["sentence"], _SENTENCE),
            **next_step(hub, one.get("command")),
            "hint": shorten(for_tools(one.get("hint") or "", hub.database), _SENTENCE) or None,
        }
        for one in why["reasons"]
    ]
    head = {name: why[name] for name in ("run_id", "status")}
    head |= {"sentence": shorten(why["sentence"], _SENTENCE)}
    parts = {"reasons": Rows(reasons), "exhausted": Rows(why["exhausted"])}
    return fit(hub.secrets, head, parts, after=after, characters=characters)


def listed(hub: Hub, query: RunsQuery, characters: int) -> dict[str, Any]:
    """The fields of `Listed`: as many runs of the query as fit."""
    page = hub.list_runs(query)
    rows = [_listed(run_line_json(one)) for one in reversed(page.runs)]
    found = fit(hub.secrets, {}, {"runs": Rows(rows)}, after=None, characters=characters)
    shown = len(found["runs"])
    if shown < len(rows):
        page = hub.list_runs(replace(query, limit=shown))
    return {**found, "more": page.more, "children": page.children, "rest": page.cursor}


def _listed(run: Mapping[str, Any]) -> dict[str, Any]:
    kept = (
        *("run_id", "workflow", "status", "stopped_by", "created_at", "last_activity"),
        *("tasks", "done", "tolerated"),
    )
    waits = [f"{wait['kind']} {wait['task'] or ''}".strip() for wait in run["waiting_for"]]
    row = {**{name: run[name] for name in kept}, "waiting_for": waits[:_MOST_WAITS]}
    if "parent" in run:
        row["parent"] = run["parent"]["run_id"]
    found: dict[str, Any] = shorten(row, _ENTRY)
    return found


def task_of(
    hub: Hub, run_id: str, task: str, after: str | None, characters: int
) -> dict[str, Any] | None:
    """The fields of `TaskFound`; None if there is no such task."""
    if (found := hub.task(run_id, task)) is None:
        return None
    told = task_json(found)
    head = {name: told[name] for name in ("id", "iteration", "iterations", "state", "tolerated")}
    head |= {"run_id": run_id, "cached": found.line.cached, "error": _error(hub, told["error"])}
    attempts = [
        shorten({**one, "error": _error(hub, one["error"])}, _ENTRY)
        for one in reversed(told["attempts"])
    ]
    parts: Parts = {"attempts": Rows(attempts), "output": Text(told["output"])}
    return fit(hub.secrets, head, parts, after=after, characters=characters)


def timeline_of(hub: Hub, run_id: str, after: str | None, characters: int) -> dict[str, Any]:
    """The fields of `Timeline`."""
    with hub.frame_by_frame(run_id, outputs=False) as frames:
        lines = (replace(one, changes=()) for one in frames)
        told = timeline_parts(run_id, lines, hub.lineage(run_id))
        rows = [
            {**{name: one[name] for name in ("frame", "at", "usage")}, "why": _why(one["why"])}
            for one in told["frames"]
        ]
    head = {"run_id": run_id, "forked_from": told.get("forked_from")}
    parts: Parts = {"frames": Rows(rows), "forks": Rows([*_forks(run_id, told["forks"])])}
    return fit(hub.secrets, head, parts, after=after, characters=characters)


def _why(words: str) -> str:
    return words if len(words) <= _WHY else f"{words[: _WHY - 1]}…"


def _forks(source: str, forks: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The forks of a run, each followed by its own."""
    for one in forks:
        told = {name: one[name] for name in ("run_id", "frame", "status")}
        yield {**told, "source": source}
        yield from _forks(one["run_id"], one["forks"])


def diff_of(
    hub: Hub,
    old: tuple[str, int | None],
    new: tuple[str, int | None],
    after: str | None,
    characters: int,
    *,
    everything: bool,
) -> dict[str, Any]:
    """The fields of `Diff`."""
    told = diff_json(hub.compare(old, new, everything=everything))
    rows = [
        {"task": _name(one), "part": one["part"], "diff": "\n".join(one["diff"])}
        for one in told["differences"]
    ]
    head = {name: told[name] for name in ("old", "new", "equal")}
    parts = {"differences": Rows(rows)}
    return fit(hub.secrets, head, parts, after=after, characters=characters)


def asks_of(
    hub: Hub, run_id: str | None, task: str | None, after: str | None, characters: int
) -> dict[str, Any]:
    """The fields of `Asks`."""
    found = hub.list_asks(run_id, task)
    questions = [question_json(one) for one in found]
    rows = [
        {
            **{name: one[name] for name in ("run_id", "workflow", "kind", "digest", "since")},
            **{name: one[name] for name in ("due", "allowed_by")},
            "task": _name(one),
            "title": shorten(one["title"], 200),
            "asked": shorten(one["asked"], _ASKED),
            "form": shorten(_form(question.form), _ENTRY),
            "commands": [typed(command, hub.database) for command in one["commands"].values()],
        }
        for question, one in zip(found, questions, strict=True)
    ]
    whole = questions[0]["asked"] if len(questions) == 1 else None
    if whole is not None and size_of(whole) <= _ASKED:
        whole = None
    parts: Parts = {"asks": Rows(rows), "asked": Text(whole)}
    return fit(hub.secrets, {}, parts, after=after, characters=characters)


def _form(form: Form | None) -> list[str] | None:
    """What an answer is, in words; nothing for a decision."""
    if form is None or form.kind == "decision":
        return None
    again = [] if form.refused is None else [f"the last answer was refused: {form.refused}"]
    return [*form.lines, *again]


def _name(question: Mapping[str, Any]) -> str | None:
    rounds = "".join(f"[{number}]" for number in question["iteration"])
    return None if question["task"] is None else f"{question['task']}{rounds}"


def workflows_of(
    hub: Hub,
    found: Sequence[Mapping[str, Any]],
    roots: Sequence[Path],
    after: str | None,
    characters: int,
) -> dict[str, Any]:
    """The fields of `Workflows`, of all workflows in short."""
    good = [one for one in found if "error" not in one]
    workflows = [
        {
            "workflow": one["called"],
            "description": shorten((one["description"].splitlines() or [""])[0], 160),
            "input": _signature(one["input_schema"]),
        }
        for one in good
    ]
    broken = [
        {
            "file": one["error"]["place"] or one["file"],
            "message": shorten(one["error"]["message"], _SENTENCE),
        }
        for one in found
        if "error" in one
    ]
    parts = {
        "workflows": Rows(workflows),
        "broken": Rows(broken),
        "roots": Rows([*map(str, roots)]),
    }
    return fit(hub.secrets, {}, parts, after=after, characters=characters)


def workflow_of(
    hub: Hub, one: Mapping[str, Any], after: str | None, characters: int
) -> dict[str, Any]:
    """The fields of `Workflows`, of one workflow in full."""
    short = {"workflow": one["called"], "description": "", "input": _signature(one["input_schema"])}
    head = {"workflows": [short], "broken": [], "roots": [], "file": one["file"]}
    parts = {
        "description": Text(one["description"]),
        "input_schema": Text(one["input_schema"]),
    }
    return fit(hub.secrets, head, parts, after=after, characters=characters)


def _signature(schema: Mapping[str, Any] | None) -> str | None:
    """The fields of an input: `topic: string [times: integer = 1]`."""
    if schema is None:
        return None
    needed = schema.get("required", [])
    fields: list[str] = []
    for name, field in schema.get("properties", {}).items():
        text = f"{name}: {_kind(field)}"
        if name not in needed:
            default = field.get("default")
            text = f"[{text}{'' if default is None else f' = {default!r}'}]"
        fields.append(text)
    signature: str = shorten(", ".join(fields), 300)
    return signature


def _kind(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(map(repr, field["enum"]))
    if "anyOf" in field:
        return " | ".join(dict.fromkeys(map(_kind, field["anyOf"])))
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    return str(field.get("type", "any"))
