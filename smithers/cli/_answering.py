"""`answer`: a person gives what a run asks for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, Run, example
from smithers.cli._deciding import (
    By,
    Digest,
    Iteration,
    Note,
    Resume,
    check_detach,
    login,
    show_reply,
    task_name,
    then,
)
from smithers.cli._failures import Usage
from smithers.cli._given import given_json
from smithers.cli._places import place
from smithers.cli._running import Detach
from smithers.cli._streams import give, say
from smithers.cli._trusting import trust_if_typed
from smithers.hub import Asked, Hub
from smithers.wire import reply_json

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "answer",
        short_help="Answer a question of a run.",
        help=example(
            "smithers answer r1 colour --choice blue",
            'smithers answer r1 plan --data \'{"steps": ["build", "test"]}\'',
            "smithers answer r1 plan --data @plan.json --by ann --resume",
            "smithers answer r1 name --text -",
            "smithers answer r1 plan --edit",
            says="Record the answer of a person. It is validated first: if a field does not fit,"
            " nothing is recorded, and the error names it. With --edit, your editor (VISUAL or"
            " EDITOR) opens with the question and the fields. An approval is answered with"
            " --choice approve or --choice deny. A process that drives the run picks the answer"
            " up; otherwise the run continues when it is resumed, or immediately with --resume."
            " `smithers asks` shows what a question asks for.",
        ),
    )(answer)


def answer(
    run: Run,
    task: Annotated[
        str | None,
        Argument(
            metavar="[TASK]",
            help="The task that asks, such as plan or review[2] (optional if only one does).",
            show_default=False,
        ),
    ] = None,
    choice: Annotated[
        str | None,
        Option("--choice", metavar="X", help="Choose this.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        Option(
            "--data",
            metavar="JSON|@FILE",
            help="Answer with this data; @- reads it from stdin.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        str | None,
        Option(
            "--text",
            metavar="T",
            help="Answer with this text; - reads it from stdin.",
            show_default=False,
        ),
    ] = None,
    edit: Annotated[bool, Option("--edit", help="Write the answer in your editor.")] = False,
    by: By = None,
    note: Note = None,
    digest: Digest = None,
    iteration: Iteration = None,
    resume: Resume = False,
    detach: Detach = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    check_detach(resume, detach)
    name = task_name(task, iteration)
    given = [one for one in (choice, data, text, edit or None) if one is not None]
    if len(given) != 1:
        how = "an answer is needed" if not given else "only one answer can be given"
        raise Usage(how, hint="give one of --choice X, --data JSON, --text T or --edit")
    where, who = place(db), by or login()
    hub = Hub(where.path)
    trust_if_typed(where, "answer")

    def record(value: object, asked: Asked | None = None) -> int:
        reply = hub.answer(run, name, value, by=who, note=note, asked=asked, digest=digest)
        shown = reply_json(reply)
        if not json:
            show_reply(reply, "answered", say if resume else give)
        extra: dict[str, object] = {"answered": shown}
        return then(where, run, shown, extra, resume=resume, detach=detach, json=json)

    if edit:
        from smithers.cli._editing import edited

        return edited(hub.asks(run, name), hub.person(), record)
    if data is not None:
        return record(given_json(data, "answer", "--data"))
    return record(_text(choice if text is None else text, is_text=text is not None))


def _text(given: str | None, *, is_text: bool) -> str:
    """What was typed, or stdin for a text that is `-`, without the line end at its end."""
    if is_text and given == "-":
        return sys.stdin.read().removesuffix("\n")
    return given or ""
