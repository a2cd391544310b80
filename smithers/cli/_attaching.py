"""`attach`: a person goes on in the session of a task, in the program's own terminal."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Argument, Db, Option, Run, example
from smithers.cli._deciding import By, login
from smithers.cli._failures import Usage
from smithers.cli._places import Place, place
from smithers.cli._streams import paint, say, shown
from smithers.hub import Attached, Hub

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_FAILED = 1


def register(app: typer.Typer) -> None:
    app.command(
        "attach",
        short_help="Work in a task's session, in the agent program's own terminal.",
        help=example(
            "smithers attach r1 fix",
            "smithers attach r1 'review[2]' --by ann",
            says="Open a task's session in the agent's own program. The agent is stopped"
            " first, and the task is paused while you are attached; the rest of the"
            " run continues. When you leave the program, the agent resumes the"
            " session and finishes the task.",
        ),
    )(attach)


def attach(
    run: Run,
    task: Annotated[
        str,
        Argument(metavar="TASK", help="The task, such as fix or review[2].", show_default=False),
    ],
    by: By = None,
    no_resume: Annotated[
        bool,
        Option("--no-resume", help="Do not resume the run if no process is driving it."),
    ] = False,
    db: Db = None,
) -> int:
    where = place(db)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage(
            "attach needs a terminal: stdin and stdout must both be one",
            hint=f"follow the task with `smithers logs {shlex.quote(run)} {shlex.quote(task)} -f`",
        )
    return _attached(where, run, task, by or login(), goes_on=not no_resume)


def _attached(where: Place, run: str, task: str, by: str, *, goes_on: bool) -> int:
    from smithers.cli._terminal import show

    say(shown(f"opening the session of {task} of {run}; a working agent is stopped first"))
    code = 0
    with Hub(where.path).attach(run, task, by=by, goes_on=goes_on) as held:
        mark = paint(f"▶ {held.name} of {run}", "cyan", sys.stderr)
        say(
            f"{mark}: the session of {shown(held.agent)}; leave the program to let the"
            " agent continue"
        )
        code = show(held.terminal)
    if code:
        how = f"exited with code {code}" if code > 0 else f"was killed by signal {-code}"
        say(shown(f"the program {how}"))
    _tell(where, held)
    return _FAILED if code else 0


def _tell(where: Place, held: Attached) -> None:
    run = shlex.quote(held.run_id)
    said = {
        "taken up": f"{held.name} continues in its session",
        "started": f"{held.name} continues in its session, in process {held.pid}",
        "to be resumed": f"no process is driving {held.run_id}",
        "over": f"{held.run_id} has ended in the meantime",
        "asked": f"the process that drives {held.run_id} was asked to continue {held.name}",
    }
    say(shown(said[held.after]))
    command = "resume" if held.after == "to be resumed" else "why"
    say(f"{paint('next:', 'bold', sys.stderr)} {where.command(f'smithers {command} {run}')}")
