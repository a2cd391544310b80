"""`asks`: what runs ask a person, whole, before it is answered."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import AnyRun, Argument, Db, JsonFlag, Option, example
from smithers.cli._drawing import ago
from smithers.cli._places import Place, place
from smithers.cli._streams import (
    MARKS,
    give,
    give_json,
    is_terminal,
    paint,
    quoted,
    say,
    shown,
    table,
)
from smithers.hub import Form, Hub, Question
from smithers.naming import key_name
from smithers.reports import has_runs
from smithers.views import clock
from smithers.wire import question_json
from smithers.words import duration

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_FEW = 5
"""So many questions are shown whole on a terminal; of more, their titles."""


def register(app: typer.Typer) -> None:
    app.command(
        "asks",
        short_help="Show the open questions of runs.",
        help=example(
            "smithers asks",
            "smithers asks r1 ship",
            says="Show every open question of all runs, of one run, or of one task: the"
            " whole text, its digest, when it is due, who may answer, and what to"
            " type. On a terminal, only the titles are shown if there are more than"
            f" {_FEW}.",
        ),
    )(asks)


def asks(
    run: AnyRun = None,
    task: Annotated[
        str | None,
        Argument(
            metavar="[TASK]",
            help="Show only this task, such as ship or review[2].",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        bool,
        Option("--all", help="Show the whole text of all questions on a terminal as well."),
    ] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    where = place(db)
    found = Hub(where.path).list_asks(run, task, ahead=json)
    if json:
        give_json({"version": 1, "asks": [_data(one, where) for one in found]})
    elif not found:
        say(_nothing(where, run))
    elif len(found) > _FEW and task is None and not every and is_terminal(sys.stdout):
        _list(found, where)
    else:
        for number, question in enumerate(found):
            for line in ["", *_whole(question, where)][not number :]:
                give(line)
    return 0


def _data(question: Question, where: Place) -> dict[str, object]:
    commands = {verb: where.command(text) for verb, text in question.commands.items()}
    return {**question_json(question), "commands": commands}


def _nothing(where: Place, run: str | None) -> str:
    if run is not None:
        return f"{run} has no open questions"
    if has_runs(where.path):
        return "no open questions"
    return f"no questions: there is no database at {where.path}"


def _whole(question: Question, where: Place) -> Iterator[str]:
    """A question as a person reads it: its title, the whole text, the facts, the commands."""
    mark, colour = MARKS["waiting"]
    name = f"{key_name(question.key)} of {question.run_id}" if question.task else question.run_id
    head = shown(f"{name} (workflow {question.workflow}): {question.title}")
    yield f"{paint(mark, colour, sys.stdout)} {paint(head, 'bold', sys.stdout)}"
    for line in quoted(question.asked):
        yield f"  {line}"
    yield from (f"  {line}" for line in _form(question.form))
    yield f"  {_facts(question)}"
    if question.digest:
        yield f"  digest {question.digest}"
    for command in question.commands.values():
        yield f"  {paint(shown(where.command(command)), 'bold', sys.stdout)}"


def _form(form: Form | None) -> Iterator[str]:
    """What an answer must be, unless it is a decision; and why the last one was refused."""
    if form is None or form.kind == "decision":
        return
    if form.refused is not None:
        yield f"the last answer was refused: {shown(form.refused)}"
    kind, *fields = map(shown, form.lines)
    yield f"the answer: {kind}"
    yield from (f"  {line}" for line in fields)


def _facts(question: Question) -> str:
    return f"asked at {clock(question.since)}{_due(question.due)}; {shown(question.who)}"


def _due(due: datetime | None) -> str:
    """When an answer is due, from now and on the clock.

    >>> _due(datetime(2026, 1, 2, 12, 0, tzinfo=UTC)).startswith(", was due at 2026-01-02 ")
    True
    """
    if due is None:
        return ""
    left_s = (due - datetime.now(UTC)).total_seconds()
    if left_s <= 0:
        return f", was due at {clock(due)}"
    return f", due in {duration(left_s)} at {clock(due)}"


def _list(questions: list[Question], where: Place) -> None:
    rows = [["RUN", "TASK", "ASKED", "DUE", "QUESTION"]]
    for question in questions:
        due = "" if question.due is None else clock(question.due)
        task = shown(key_name(question.key)) if question.task else ""
        title = shown(question.title)
        rows.append([question.run_id, task, ago(question.since), due, title])
    for line in table(rows):
        give(line)
    one = questions[0]
    words = [one.run_id, *([str(one.key)] if one.task else [])]
    command = where.command(f"smithers asks {' '.join(map(shlex.quote, words))}")
    say(paint(f"show one in full: {command}; show all in full: --all", "dim", sys.stderr))
