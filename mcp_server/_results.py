"""How runs are told to a model: bounded, since it reads all of it. What was cut says so."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from smithers.hub import Hub

__all__ = ["event_page", "explained", "listed", "run_of", "task_of", "typed"]

_MOST_CHARACTERS = 20_000
_MOST_ASKED = 4_000
_MOST_WAITS = 20
_MOST_TASKS = 100
_MOST_ATTEMPTS = 10


def run_of(hub: Hub, run_id: str) -> dict[str, Any]:
    """The fields of `Run`."""
    told, why, states = hub.summary(run_id), hub.why(run_id), hub.states(run_id)
    reasons = {(one["task"], tuple(one["iteration"])): one for one in why["reasons"]}
    output, cut = _bounded(told["output"])
    unfinished = [one for one in states if one["state"] != "finished"]
    shown = states if len(states) <= _MOST_TASKS else unfinished[:_MOST_TASKS]
    return {
        "run_id": run_id,
        "workflow": hub.standing(run_id).workflow,
        "status": told["status"],
        "stopped_by": told["stopped_by"],
        "sentence": why["sentence"],
        "tasks": told["tasks"],
        "states": shown,
        "waiting_for": [
            _wait(hub, one, reasons.get((one["task"], tuple(one["iteration"])), {}))
            for one in told["waiting_for"][:_MOST_WAITS]
        ],
        "output": output,
        "output_cut": cut,
        "error": told["error"],
        "tolerated": told["tolerated"][:_MOST_TASKS],
        "exhausted": told["exhausted"],
        "usage": told["usage"],
        "cursor": hub.newest(run_id),
    }


def _wait(hub: Hub, wait: Mapping[str, Any], reason: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: wait[name] for name in ("task", "iteration", "kind", "since", "due")}
    asked = wait["asked"]
    return {
        **kept,
        "asked": asked if asked is None or len(asked) <= _MOST_ASKED else f"{asked[:_MOST_ASKED]}…",
        "sentence": reason.get("sentence"),
        "command": typed(hub, reason.get("command")),
    }


def typed(hub: Hub, command: str | None) -> str | None:
    """A command for a person, who may type it in any folder."""
    database = shlex.quote(str(hub.database.absolute()))
    return None if command is None else f"{command} --db {database}"


def explained(hub: Hub, run_id: str) -> dict[str, Any]:
    """The fields of `Explained`."""
    why = hub.why(run_id)
    reasons = [
        {
            **one,
            "command": typed(hub, one.get("command")),
            "hint": hub.complete(one.get("hint") or "") or None,
        }
        for one in why["reasons"][:_MOST_TASKS]
    ]
    return {
        **{name: why[name] for name in ("run_id", "status", "sentence", "exhausted")},
        "reasons": reasons,
    }


def listed(hub: Hub, status: str | None, limit: int) -> dict[str, Any]:
    """The fields of `Listed`."""
    found = [one for one in reversed(hub.runs()) if status in (None, one["status"])]
    kept = (
        *("run_id", "workflow", "status", "stopped_by", "created_at", "last_activity"),
        *("tasks", "done", "tolerated"),
    )
    rows = [
        {
            **{name: one[name] for name in kept},
            "waiting_for": [
                f"{wait['kind']} {wait['task'] or ''}".strip()
                for wait in one["waiting_for"][:_MOST_WAITS]
            ],
        }
        for one in found[:limit]
    ]
    return {"runs": rows, "more": len(found) > limit}


def task_of(hub: Hub, run_id: str, task: str) -> dict[str, Any] | None:
    """The fields of `TaskFound`: the last iteration, unless `task` names one, as in `review[2]`."""
    found = [one for one in hub.inspect(run_id)["tasks"] if task in (one["id"], _key(one))]
    if not found:
        return None
    one = found[-1]
    output, cut = _bounded(one["output"])
    return {
        "run_id": run_id,
        **{name: one[name] for name in ("id", "iteration", "state", "tolerated", "error")},
        "iterations": len(found),
        "output": output,
        "output_cut": cut,
        "attempts": one["attempts"][-_MOST_ATTEMPTS:],
    }


def _key(task: Mapping[str, Any]) -> str:
    return str(task["id"]) + "".join(f"[{number}]" for number in task["iteration"])


def event_page(hub: Hub, run_id: str, after: str | None, limit: int) -> dict[str, Any]:
    """The fields of `Events`."""
    page = hub.events(run_id, after, limit=limit)
    return {
        "run_id": run_id,
        "status": page["status"],
        "events": [
            {
                "cursor": f"{frame['frame']}.{one['n']}",
                "at": frame["at"],
                "what": one["what"],
                "task": one.get("task"),
                "words": one["words"],
            }
            for frame in page["events"]
            for one in frame["changes"]
        ],
        "cursor": page["cursor"],
        "more": page["more"],
    }


def _bounded(output: Any) -> tuple[Any, bool]:
    """The output, or its beginning as text if it is long."""
    text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    if len(text) <= _MOST_CHARACTERS:
        return output, False
    return f"{text[:_MOST_CHARACTERS]}…", True
