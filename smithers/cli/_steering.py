"""`steer`: a person says something to an agent while it is at work."""

from __future__ import annotations

import shlex
import sys
import time
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, Run, example
from smithers.cli._deciding import login
from smithers.cli._places import Place, place
from smithers.cli._streams import give, give_json, shown
from smithers.hub import Hub, Sent
from smithers.views import MessageView
from smithers.wire import sent_json

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_LOOKS_S = 0.1


def register(app: typer.Typer) -> None:
    app.command(
        "steer",
        short_help="Send a message to a running agent.",
        help=example(
            'smithers steer r1 implement "Leave the tests alone"',
            "smithers steer r1 review[2] - < remarks.txt",
            says="Send a message to the agent that is working on a task. An agent that"
            " can be steered receives it between two of its steps; any other is"
            " stopped and receives it when its session is resumed. If no agent is"
            " running, the next attempt receives it. It exits 1 if the task ended"
            " before an agent received the message.",
        ),
    )(steer)


def steer(
    run: Run,
    task: Annotated[
        str,
        Argument(metavar="TASK", help="The task, such as plan or review[2].", show_default=False),
    ],
    message: Annotated[
        str,
        Argument(metavar="MESSAGE", help="The message; - reads it from stdin.", show_default=False),
    ],
    by: Annotated[
        str | None,
        Option("--by", metavar="NAME", help="Record this name (default: your login)."),
    ] = None,
    wait_s: Annotated[
        float,
        Option(
            "--wait",
            min=0,
            metavar="S",
            help="Wait up to S seconds for the agent to receive the message.",
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
        give_json(sent_json(sent, found))
    else:
        for line in _words(where, sent, found).splitlines():
            give(shown(line))
    return 1 if found.state == "late" else 0


def _outcome(where: Place, sent: Sent, wait_s: float) -> MessageView:
    end, hub = time.monotonic() + wait_s, Hub(where.path)
    while True:
        found = hub.message(sent.run_id, sent.id)
        if found.state != "kept" or time.monotonic() >= end or not hub.attention(sent.run_id)[0]:
            return found
        time.sleep(_LOOKS_S)


def _words(where: Place, sent: Sent, found: MessageView) -> str:
    whom = f"{sent.name} of {sent.run_id}"
    if found.state == "told":
        return f"{whom} received the message (attempt {found.attempt}, {found.agent})"
    if found.state == "late":
        return f"{whom} ended before it received the message"
    if Hub(where.path).attention(sent.run_id)[0]:
        return f"stored: the agent of {whom} receives the message as soon as it can"
    resume = Hub(where.path).resume_in_program(sent.run_id)
    resume = resume or where.command(f"smithers resume {shlex.quote(sent.run_id)}")
    return (
        f"stored: the agent of {whom} receives the message when the run is resumed\nnext: {resume}"
    )
