"""`steer`: a person says something to an agent while it is at work."""

from __future__ import annotations

import shlex
import sys
import time
from typing import Annotated, Any

import typer

from smithers.cli._arguments import Db, JsonFlag, Run, example
from smithers.cli._deciding import login
from smithers.cli._places import Place, place
from smithers.cli._streams import give, give_json, shown
from smithers.hub import Hub, Sent

__all__ = ["register"]

_LOOKS_S = 0.1


def register(app: typer.Typer) -> None:
    app.command(
        "steer",
        short_help="Say something to an agent at work.",
        help=example(
            'smithers steer r1 implement "Leave the tests alone"',
            "smithers steer r1 review[2] - < remarks.txt",
            says="Say something to the agent that is at work on a task. One that steers takes"
            " it in between two steps; any other is stopped and told in its session. Where none"
            " runs at the moment, the next attempt is told. It exits 1 where the task had ended"
            " before anybody could be told.",
        ),
    )(steer)


def steer(
    run: Run,
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", help="The task, as in plan or review[2].", show_default=False
        ),
    ],
    message: Annotated[
        str,
        typer.Argument(
            metavar="MESSAGE", help="What to say; - reads it from stdin.", show_default=False
        ),
    ],
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME", help="Who says it; else your login."),
    ] = None,
    wait_s: Annotated[
        float,
        typer.Option(
            "--wait", min=0, metavar="S", help="Wait so long at most until the agent was told."
        ),
    ] = 10.0,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    where = place(db)
    text = sys.stdin.read() if message == "-" else message
    sent = Hub(where.path).steer(run, task, text, by=by or login())
    found = _outcome(where, sent, wait_s)
    if json:
        name = {"run_id": run, "task": sent.task, "iteration": list(sent.iteration)}
        give_json({"version": 1, **name, "id": sent.id, "by": sent.by, **found})
    else:
        give(shown(_words(where, sent, found)))
    return 1 if found["state"] == "late" else 0


def _outcome(where: Place, sent: Sent, wait_s: float) -> dict[str, Any]:
    end, hub = time.monotonic() + wait_s, Hub(where.path)
    while True:
        found = hub.message(sent.run_id, sent.id)
        if found["state"] != "kept" or time.monotonic() >= end or not hub.attention(sent.run_id)[0]:
            return found
        time.sleep(_LOOKS_S)


def _words(where: Place, sent: Sent, found: dict[str, Any]) -> str:
    whom = f"{sent.name} of {sent.run_id}"
    if found["state"] == "told":
        return f"{whom} was told (attempt {found['attempt']}, {found['agent']})"
    if found["state"] == "late":
        return f"{whom} had ended before it could be told"
    if Hub(where.path).attention(sent.run_id)[0]:
        return f"kept: {whom} is told as soon as its agent takes it in"
    resume = where.command(f"smithers resume {shlex.quote(sent.run_id)}")
    return f"kept: {whom} is told when the run goes on\nnext: {resume}"
