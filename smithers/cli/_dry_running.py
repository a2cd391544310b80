"""`up --dry-run`: what a workflow would do, and what it would cost."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from smithers.cli._failures import Usage, code_of
from smithers.cli._places import Place
from smithers.cli._streams import give, give_json, paint, say, shown, stdout_for_data, table
from smithers.hub import Hub
from smithers.values import dataclass
from smithers.wire import dry_run_json
from smithers.words import duration

if TYPE_CHECKING:
    from smithers.engine.dry import DryRun, DryTask, Untaken
    from smithers.views import Estimate, Spread

__all__ = ["DryWanted", "tell_dry_run"]

_MOST_LINES = 100


@dataclass(frozen=True, kw_only=True)
class DryWanted:
    """What is to be tried, as it was typed."""

    place: Place
    file: str
    name: str | None
    input: str | None
    run_id: str
    script: str | None
    run_steps: bool
    json: bool


def tell_dry_run(wanted: DryWanted) -> int:
    """Print what would run, and what it would cost; the exit code is that of such a run, and 1 if
    it did not come to its end.
    """
    import asyncio

    script = None if wanted.script is None else _file_and_variable(wanted.script)
    hub = Hub(wanted.place.path)
    with stdout_for_data():
        found = asyncio.run(
            hub.dry_run(
                wanted.file,
                name=wanted.name,
                input=wanted.input,
                run_id=wanted.run_id,
                script=script,
                runs_steps=wanted.run_steps,
            )
        )
        estimate = hub.estimate(found)
    if wanted.json:
        give_json(dry_run_json(found, estimate))
    else:
        for line in _lines(found, estimate):
            give(line)
        _tell_end(found)
    if found.status == "stopped":
        return 1
    return code_of(found.status, partly=found.is_partial, over_budget=found.over_budget)


def _file_and_variable(given: str) -> tuple[str, str]:
    file, colon, name = given.rpartition(":")
    if not (colon and file and name.isidentifier()):
        raise Usage(
            f"--script needs a file and a variable in it, not {given!r}",
            hint="for example --script answers.py:agent, with agent = Scripted({...}) in it",
        )
    return file, name


def _lines(found: DryRun, estimate: Estimate) -> Iterator[str]:
    """A line for each task that ran, then for each that did not, then sums."""
    costs = {
        (one.workflow, one.task, one.agent): (line, models)
        for one, line, models in zip(estimate.wanted, estimate.lines, estimate.models, strict=True)
    }
    rows = [["TASK", "KIND", "AGENT", "MODEL", "TIMES", "USD"]]
    for one in found.tasks[:_MOST_LINES]:
        cost, models = costs.get((one.workflow, one.task, one.agent), (None, ()))
        told = _usd(cost) if cost is not None else "no history" if one.agent else ""
        names = [_task(found, one), one.kind, one.agent, ", ".join(models)]
        rows.append([*names, str(one.times), told])
    for other in found.untaken[: max(0, _MOST_LINES - len(found.tasks))]:
        why = "undo" if other.is_undo else "not taken"
        rows.append([_task(found, other), other.kind, other.agent, "", why, ""])
    yield from table(rows) if len(rows) > 1 else ("nothing would run",)
    if (more := len(found.tasks) + len(found.untaken) - _MOST_LINES) > 0:
        yield f"and {more} more tasks, which --json lists"
    yield ""
    if found.calls:
        yield f"agents would be asked {_times(found.calls)}{_by_agent(found)}"
        yield _cost(estimate)
    else:
        yield "no agent would be asked"
    if found.timers_s:
        yield f"timers would take {duration(found.timers_s)}"
    yield from _not_taken(found)


def _task(found: DryRun, one: DryTask | Untaken) -> str:
    return one.task if one.workflow == found.workflow else f"{one.workflow}: {one.task}"


def _not_taken(found: DryRun) -> Iterator[str]:
    """How much of the tree did not run, of which neither a number nor a cost is known."""
    undos = sum(one.is_undo for one in found.untaken)
    if others := len(found.untaken) - undos:
        yield f"not taken in this dry run: {_tasks(others)}"
    if undos:
        yield f"undo: {_tasks(undos)}, which would run only if something fails"


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _by_agent(found: DryRun) -> str:
    """How often each agent would be asked, if there are several."""
    counts: dict[str, int] = {}
    for one in found.tasks:
        if one.agent:
            counts[one.agent] = counts.get(one.agent, 0) + one.times
    told = ", ".join(shown(f"{agent} {_times(count)}") for agent, count in counts.items())
    return f": {told}" if len(counts) > 1 else ""


def _cost(estimate: Estimate) -> str:
    if (total := estimate.total) is None:
        return "cost: not known, since this database has no run of the workflow with costs"
    unknown = sum(line is None for line in estimate.lines)
    runs = "1 earlier run" if total.runs == 1 else f"up to {total.runs} earlier runs"
    missing = f"; {unknown} of {len(estimate.lines)} tasks have no history" if unknown else ""
    return f"cost: {_usd(total)}, by {runs}{missing}"


def _usd(spread: Spread) -> str:
    low, middle, high = map(_amount, (spread.low, spread.middle, spread.high))
    return f"${middle}" if low == high else f"${middle} (${low} to ${high})"


def _amount(usd: Decimal) -> str:
    return f"{usd:.2f}" if usd >= 1 else f"{usd:.4f}"


def _tell_end(found: DryRun) -> None:
    """How it ended, for a person."""
    if found.made_input not in (None, "{}"):
        say(shown(f"no --input was given, so it was made from its types: {found.made_input}"))
    for task in found.guessed:
        say(
            shown(
                f"step {task!r} has no type of output and gave null: annotate what its function"
                f" returns, write output=, give it an answer with --script, or use --run-steps"
            )
        )
    word = "dry run: nothing was stored"
    if found.status == "finished":
        failed = f", although this failed: {shown(found.why)}" if found.why else ""
        say(f"{word}; the run would finish{failed}")
    else:
        ends = {"waiting": "the run would wait", "continued": "the run would continue"}
        colour = "yellow" if found.status in ends else "red"
        head = ends.get(found.status, "the run did not come to its end")
        say(f"{word}; {paint(head, colour, sys.stderr)}: {shown(found.why)}")
    if found.hint:
        say(f"{paint('hint:', 'yellow', sys.stderr)} {shown(found.hint)}")
