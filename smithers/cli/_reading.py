"""Looking at runs, changing nothing: from `ps` and `inspect` to `events`, `logs` and `sql`."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING, Annotated

from smithers.changes import (
    CameUp,
    ChoiceMade,
    NodeMounted,
    ReadMade,
    SessionSeen,
    UsageCounted,
)
from smithers.cli._arguments import Argument, Db, JsonFlag, Option, Run, example
from smithers.cli._costs import cost_table
from smithers.cli._drawing import inspected, used_words
from smithers.cli._explaining import explain
from smithers.cli._failures import Usage
from smithers.cli._lineage import fork_lines, lineage_head
from smithers.cli._listing import ps
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, give_json_parts, masked, paint, shown, table
from smithers.hub import Hub
from smithers.texts import plain
from smithers.views import FrameView, clock
from smithers.views import Usage as Used
from smithers.wire import (
    cost_json,
    event_json,
    inspection_parts,
    log_json,
    timeline_parts,
)

if TYPE_CHECKING:
    import typer

__all__ = ["give_inspection", "give_raw", "register"]

_QUIET = (NodeMounted, CameUp, ReadMade, UsageCounted, ChoiceMade, SessionSeen)
"""What `timeline` shows only with --all."""


def _is_quiet(change: object) -> bool:
    return isinstance(change, _QUIET) and getattr(change, "kind", None) != "undoing"


Follow = Annotated[bool, Option("--follow", "-f", help="Follow the run until its process ends.")]


def register(app: typer.Typer) -> None:
    app.command(
        "ps",
        short_help="List the runs.",
        help=example(
            "smithers ps",
            "smithers ps --status waiting --status stale --since 2d",
            "smithers ps --json --limit 100",
            says="List the runs, newest last. On a terminal, show the newest 50 and the"
            " number of older ones. With --json and --limit, the document has"
            " `more`, and a `cursor` for --after.",
        ),
    )(ps)
    app.command(
        "inspect",
        short_help="Show a run with its tasks and attempts.",
        help=example(
            "smithers inspect r1",
            "smithers inspect r1 --json",
            says=(
                "Show a run with its tasks, their attempts and outputs, and what it is waiting for."
            ),
        ),
    )(inspect)
    app.command(
        "cost",
        short_help="Show what a run used and cost.",
        help=example(
            "smithers cost r1",
            says="Show what a run used and cost: one line for each task, agent and"
            " model, and the total.",
        ),
    )(cost)
    app.command(
        "why",
        short_help="Explain what a run is waiting for.",
        help=example(
            "smithers why r1",
            says="Explain what a run is waiting for or why it failed, and what to type next. At"
            " most ten reasons of each kind are shown, then the number and first names of others.",
        ),
    )(why)
    _register_what_happened(app)


def _register_what_happened(app: typer.Typer) -> None:
    app.command(
        "timeline",
        short_help="Show a run frame by frame.",
        help=example(
            "smithers timeline r1",
            says="Show a run frame by frame: what started and what ended in each, and what the run"
            " had used so far; and its forks as a tree. `smithers show RUN@FRAME` shows the run as"
            " it was at a frame.",
        ),
    )(timeline)
    app.command(
        "events",
        short_help="Show the events of a run, from any cursor on.",
        help=example(
            "smithers events r1 --follow",
            "smithers events r1 --after 3.1 --json",
            says="Show the events of a run in order, each with its cursor FRAME.N. With"
            " --after, show only those after that cursor. With --json, each line is"
            " an object, as with `up --events`.",
        ),
    )(events)
    app.command(
        "logs",
        short_help="Show the output of a run's agents and steps.",
        help=example(
            "smithers logs r1",
            "smithers logs r1 plan --follow",
            says="Show the output of the attempts of a run: text, tool calls, results."
            " With --json, each line is an object.",
        ),
    )(logs)
    app.command(
        "sql",
        short_help="Query the database in SQL.",
        help=example(
            'smithers sql "SELECT task, json FROM outputs"',
            says="Run one SQL query on the database, which is opened read-only. Each"
            " output model has its own view, out_MODEL.",
        ),
    )(sql)


def inspect(run: Run, json: JsonFlag = False, db: Db = None) -> int:
    give_inspection(Hub(place(db).path), run, json=json)
    return 0


def give_inspection(hub: Hub, run_id: str, *, frame: int | None = None, json: bool) -> None:
    """A run with its tasks, as it is or as of a frame."""
    with hub.inspecting(run_id, frame=frame) as found:
        if json:
            give_json_parts(inspection_parts(found))
        else:
            for line in inspected(found):
                give(shown(line))


def cost(run: Run, json: JsonFlag = False, db: Db = None) -> int:
    found = Hub(place(db).path).cost(run)
    if json:
        give_json(cost_json(found))
        return 0
    for line in cost_table(found):
        give(shown(line))
    return 0


def why(
    run: Run,
    every: Annotated[bool, Option("--all", help="Show every reason.")] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    return explain(place(db), run, every=every, json=json)


def timeline(
    run: Run,
    every: Annotated[
        bool,
        Option("--all", help="Show every fact: also the tree, reads, choices and usage."),
    ] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    hub = Hub(place(db).path)
    lineage = hub.lineage(run)
    with hub.frame_by_frame(run, outputs=json) as frames:
        if json:
            parts = timeline_parts(masked(run), frames, lineage)
            give_json_parts({**parts, "frames": map(masked, parts["frames"])})
            return 0
        for line in lineage_head(lineage):
            give(shown(line))
        so_far = None
        for frame in frames:
            head = f"{clock(frame.at)}  frame {frame.number}"
            for view in frame.changes:
                if every or not _is_quiet(view.change):
                    give(f"{paint(head, 'dim', sys.stdout)}  {shown(view.words)}")
                    head = " " * len(head)
            if frame.so_far is not None and frame.so_far != so_far:
                so_far = frame.so_far
                if so_far != Used():
                    give(f"{head}  {paint(f'so far: {used_words(so_far)}', 'dim', sys.stdout)}")
        for line in fork_lines(run, lineage):
            give(shown(line))
    return 0


def events(
    run: Run,
    after: Annotated[
        str | None,
        Option(
            "--after",
            metavar="CURSOR",
            help="Show only what came after this cursor.",
            show_default=False,
        ),
    ] = None,
    follow: Follow = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    for event in Hub(place(db).path).all_events(run, after, follow=follow, outputs=json):
        if json:
            give_json({"version": 1, "run_id": run, **masked(event_json(event))})
        elif isinstance(event, FrameView):
            for n, view in enumerate(event.changes, event.first):
                head = f"{clock(event.at)}  {event.number}.{n}".ljust(18)
                give(f"{paint(head, 'dim', sys.stdout)} {shown(view.words)}")
    return 0


def logs(
    run: Run,
    task: Annotated[
        str | None,
        Argument(metavar="[TASK]", help="Show only this task, such as plan or review[2]."),
    ] = None,
    follow: Follow = False,
    raw: Annotated[
        bool, Option("--raw", help="Print the programs' own streams exactly as stored.")
    ] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    from smithers.cli._saying import said

    hub = Hub(place(db).path)
    if raw and json:
        raise Usage("--raw and --json cannot be combined", hint="leave one out")
    if raw:
        for raw_line in hub.raw_logs(run, task, follow=follow):
            give_raw(raw_line)
        return 0
    for event in hub.logs(run, task, follow=follow):
        if json:
            give_json({"version": 1, **masked(log_json(event))})
        else:
            for line in said(event):
                give(line)
    return 0


def give_raw(line: bytes) -> None:
    """A line as it was kept, but on a terminal, which it could steer."""
    if sys.stdout.isatty():
        give(line.decode("utf-8", "replace"))
        return
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def sql(
    query: Annotated[str, Argument(metavar="QUERY", help="One statement that only reads.")],
    as_csv: Annotated[bool, Option("--csv", help="Print CSV with a header.")] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    answer = Hub(place(db).path).sql(query)
    if json:
        give_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif as_csv:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([answer.columns, *answer.rows])
        give(text.getvalue().rstrip("\n"))
    elif answer.columns:
        shown = [["" if value is None else _cell(value) for value in row] for row in answer.rows]
        for line in table([list(answer.columns), *shown]):
            give(line)
    return 0


def _cell(value: str | int | float) -> str:
    return plain(str(value)).replace("\n", "⏎").replace("\t", " ")
