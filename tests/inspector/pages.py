"""The pages that are looked at, each with runs that are usual, failed, large, hostile or wide."""

from __future__ import annotations

from urllib.parse import quote

from tests.inspector.flows import EVIL_ID, LONG_ID

__all__ = ["HOSTILE", "PAGES", "USUAL"]


def _task(run: str, task: str) -> str:
    return f"/runs/{run}/tasks/{quote(task, safe='')}"


def _ask(run: str, task: str) -> str:
    return f"/runs/{run}/ask?task={quote(task)}"


USUAL = {
    "runs": "/",
    "no runs": "/?workflow=none",
    "costs": "/costs",
    "costs, none": "/costs?workflow=none",
    "demo": "/runs/demo",
    "demo, a frame": "/runs/demo?frame=3",
    "demo, a task": _task("demo", "implement"),
    "demo, what to compare": "/compare?left=demo",
    "runs to compare": "/compare",
    "waiting": "/runs/asks",
    "waiting, a task": _task("asks", "draft"),
    "waiting, its question": _ask("asks", "ship"),
    "data, its question": _ask("data", "release"),
    "issues": "/runs/issues",
    "issues, a frame": "/runs/issues?frame=8",
    "issues, those that need somebody": "/runs/issues?show=needs",
    "publishes, its question": _ask("publishes", "ship"),
    "shapes, its question": _ask("shapes", "order"),
    "others, their question": _ask("others", "ship"),
    "not asked": _ask("demo", "implement"),
    "kettle and its fork": "/compare?left=kettle&right=kettle-b",
    "kettle, two frames": "/compare?left=kettle@5&right=kettle&all=true",
    "kettle, a fork": "/runs/kettle/fork?frame=4",
    "kettle, its source": "/runs/kettle/source?task=fix",
    "kettle, its graph": "/runs/kettle/graph",
    "kettle, its timeline": "/runs/kettle/timeline",
    "failed": "/runs/breaks",
    "failed, a task": _task("breaks", "test"),
    "fixed, a task": _task("fixes", "fix[1]"),
    "fixed, a task that is next": _task("fixes", "ship"),
    "kinds, typed": _task("kinds", "typed"),
    "kinds, a command": _task("kinds", "lists"),
    "kinds, a timer": _task("kinds", "night"),
    "kinds, a run below": _task("kinds", "child"),
    "kinds, skipped": _task("kinds", "skipped"),
    "kinds, decided": _task("kinds", "decided"),
    "kinds, answered": _task("kinds", "answered"),
    "busy": "/runs/busy",
    "busy, a frame": "/runs/busy?frame=3",
    "large": "/runs/large",
    "large, its group": "/runs/large?show=finished",
    "large, its timeline": "/runs/large/timeline",
    "large, its graph": "/runs/large/graph",
    "start": "/start",
    "start, a workflow": "/start?workflow=flows.py:notes",
    "not there": "/runs/none",
}
HOSTILE = {
    "hostile, files": _task("fixes", "fix[1]"),
    "runs": "/",
    "hostile": "/runs/hostile",
    "hostile, an agent": _task("hostile", "agent"),
    "hostile, an id": _task("hostile", EVIL_ID),
    "hostile, an output": _task("hostile", "output"),
    "hostile, an approval": _ask("hostile", "ship"),
    "hostile, a schema": _ask("hostile", "data"),
    "hostile, found": f"/runs/hostile?find={quote(EVIL_ID)}",
    "hostile, its timeline": "/runs/hostile/timeline?all=true",
    "hostile, its graph": "/runs/hostile/graph",
    "hostile, its source": "/runs/hostile/source",
    "hostile, a fork": "/runs/hostile/fork",
    "hostile, its start": "/start?workflow=flows.py:takes_evil",
    "hostile and another": "/compare?left=hostile&right=demo&all=true",
    "hostile, not there": _task("hostile", f"{EVIL_ID}2"),
}
_WIDE = {
    "wide": "/runs/wide",
    "wide, an id": _task("wide", LONG_ID),
    "wide, a prompt": _task("wide", "long"),
    "wide, its question": _ask("wide", f"{LONG_ID[:-1]}2"),
    "wide, its timeline": "/runs/wide/timeline",
    "wide, its graph": "/runs/wide/graph",
    "wide, a fork": "/runs/wide/fork",
    "wide and another": "/compare?left=demo&right=wide",
    "wide, a diff": _ask("wide", "diff"),
}
PAGES = USUAL | HOSTILE | _WIDE
