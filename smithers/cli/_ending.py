"""What `up` says when it leaves a run: one JSON object, or the output and what to type next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from smithers.cli._failures import error_data
from smithers.cli._places import Place, complete
from smithers.cli._streams import MARKS, give, give_json, paint, say, shown
from smithers.errors import SmithersError
from smithers.hub import Hub
from smithers.texts import json_text
from smithers.views import Reason, Summary, exhausted_words, stopped_words
from smithers.wire import summary_json
from smithers.words import money, tokens

__all__ = ["driven_elsewhere", "failure", "give_output", "next_steps"]

_MOST = 5
"""So many reasons are told at the end; `why` tells them all."""

_COUNTS = ("finished", "failed", "skipped", "waiting", "pending", "cancelled")


def failure(error: Exception, run_id: str | None, place: Place | None) -> dict[str, Any]:
    """The object that `up --json` prints when it could not go on: the run as it stands, if any."""
    found: dict[str, Any] | None = None
    if run_id is not None and place is not None:
        try:
            found = summary_json(Hub(place.path).summary(run_id))
        except (SmithersError, OSError):  # as where no file can be opened any more
            found = None
    nothing: dict[str, Any] = {
        "version": 1,
        "run_id": run_id,
        "status": None,
        "stopped_by": None,
        "waiting_for": [],
        "tasks": dict.fromkeys(_COUNTS, 0),
        "tolerated": [],
        "unpaid": [],
        "output": None,
        "error": None,
        "exhausted": [],
        "frames": 0,
        "usage": {"tokens_in": 0, "tokens_out": 0, "cost_usd": None},
    }
    return {**(found or nothing), "error": error_data(error)}


def driven_elsewhere(hub: Hub, run_id: str, *, json: bool, extra: Mapping[str, Any] | None) -> int:
    """An answer is recorded, and another process drives the run or did: it takes the answer."""
    owned, called = hub.attention(run_id)
    if json:
        give_json({**summary_json(hub.summary(run_id)), **(extra or {})})
    elif called:
        say("another process is driving the run and is picking it up")
    else:
        how = "" if owned else f"; to see the result: smithers inspect {shlex.quote(run_id)}"
        say(f"the process that drives the run has picked it up{how}")
    return 0


def give_output(output: object) -> None:
    """The output of a finished run on stdout: text as it is, anything else as JSON."""
    if output is None:
        return
    give(output if isinstance(output, str) else json_text(output, indent=2))


def next_steps(hub: Hub, place: Place, summary: Summary) -> None:
    """How the run was left, and the command that goes on with it, for a person."""
    run_id, status = summary.run_id, summary.status
    mark, colour = MARKS[status]
    counts, usage = summary.counts.tasks, summary.usage
    told = [f"{counts[name]} {name}" for name in _COUNTS if counts[name]]
    if summary.counts.cached:
        told.append(f"{summary.counts.cached} cached")
    if used := usage.tokens_in + usage.tokens_out:
        told.append(tokens(used))
    if usage.cost is not None:
        told.append(money(usage.cost))
    facts = f" ({', '.join(told)})" if told else ""
    say(f"{paint(f'{mark} {run_id} {_words(summary)}', colour, sys.stderr)}{facts}")
    if summary.exhausted:
        say(f"  {shown(exhausted_words(summary.exhausted).removeprefix('; '))}")
    if status in ("cancelled", "continued") or (
        status == "finished" and not summary.tolerated and not summary.unpaid
    ):
        return
    reasons = hub.why(run_id).reasons
    last = None
    for reason in reasons[:_MOST]:
        say(f"  {shown(reason.sentence)}")
        if (hint := reason.hint) is not None and hint != last:
            say(f"  hint: {shown(complete(hint))}")
        last = hint
    if len(reasons) > _MOST:
        command = place.command(f"smithers why {run_id} --all")
        say(f"  and {len(reasons) - _MOST} more: {command}")
    for command, label in list(_commands(reasons).items())[:_MOST]:
        say(f"{paint(f'{label}:', 'bold', sys.stderr)} {place.command(command)}")


def _commands(reasons: Sequence[Reason]) -> dict[str, str]:
    """What to type, each with its label: `next`, or `then` if the hint comes first."""
    found: dict[str, str] = {}
    for reason in reasons:
        if (command := reason.command) is not None:
            is_later = reason.hint is not None or found.get(command) == "then"
            found[command] = "then" if is_later else "next"
    return found


def _words(summary: Summary) -> str:
    """How a run stands, after its name."""
    if summary.status == "stale" and summary.stopped_by:
        return f"was {stopped_words(summary.stopped_by)} and can be resumed"
    if summary.next_run is not None:
        return f"continued as {summary.next_run}"
    return _WORDS[summary.status]


_WORDS = {
    "running": "is running",
    "waiting": "is waiting",
    "finished": "finished",
    "continued": "continued",
    "failed": "failed",
    "cancelled": "was cancelled",
    "stale": "is not running and can be resumed",
}
