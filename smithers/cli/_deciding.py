"""`approve`, `deny` and `cancel`: what a person says to a run."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, Run, example
from smithers.cli._failures import Usage
from smithers.cli._places import Place, place
from smithers.cli._running import Detach
from smithers.cli._streams import give, give_json, quoted, say, shown
from smithers.cli._trusting import trust_if_typed
from smithers.hub import Decided, Hub, Reply
from smithers.values import dataclass
from smithers.wire import decided_json

if TYPE_CHECKING:
    import typer

__all__ = [
    "By",
    "Digest",
    "Iteration",
    "Note",
    "Resume",
    "check_detach",
    "login",
    "register",
    "show_reply",
    "task_name",
    "then",
]

TaskId = Annotated[
    str | None,
    Argument(
        metavar="[TASK]",
        help="The approval, such as ship or review[2] (optional if only one is waiting).",
        show_default=False,
    ),
]
By = Annotated[
    str | None,
    Option(
        "--by",
        metavar="NAME",
        help="Record this name too (default: yours); it proves nothing.",
        show_default=False,
    ),
]
Note = Annotated[
    str | None,
    Option("--note", metavar="TEXT", help="Record this reason.", show_default=False),
]
Digest = Annotated[
    str | None,
    Option(
        "--digest",
        metavar="D",
        help="Decide only the text of this digest; its first 8 characters are enough.",
        show_default=False,
    ),
]
Iteration = Annotated[
    str | None,
    Option(
        "--iteration",
        metavar="N[.N]",
        help="Iteration of its loops, counted from 0, such as 2 or 0.1.",
        show_default=False,
    ),
]
Now = Annotated[bool, Option("--now", help="Cancel without cleaning up.")]
Resume = Annotated[bool, Option("--resume", help="Resume the run immediately.")]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What a person answers, as it was typed."""

    approved: bool
    by: str | None
    note: str | None
    digest: str | None


def register(app: typer.Typer) -> None:
    app.command(
        "approve",
        short_help="Approve what a run is waiting for.",
        help=example(
            "smithers approve r1 ship",
            "smithers approve r1 ship --digest 5f0c2a9e",
            'smithers approve r1 --by ann --note "looks good" --resume',
            "smithers approve r1 --resume --detach",
            says="Record that a person approves, without asking again. A process that drives the"
            " run picks the answer up; otherwise the run continues when it is resumed, or"
            " immediately with --resume. With --digest, the answer is refused if the question is"
            " not the one that `smithers asks` showed.",
        ),
    )(approve)
    app.command(
        "deny",
        short_help="Deny what a run is waiting for.",
        help=example(
            'smithers deny r1 ship --note "not on a Friday"',
            says="Record that a person denies. The workflow decides what happens next.",
        ),
    )(deny)
    app.command(
        "cancel",
        short_help="Cancel a run permanently.",
        help=example(
            "smithers cancel r1",
            "smithers cancel r1 --now",
            says="Cancel a run. If a process is driving the run, it is asked to stop all"
            " agents and cancel the run; otherwise the run is cancelled immediately. What cleans"
            " up (`Try(finally_=...)`) runs first, for at most grace_s of the workflow; a second"
            " cancel, or --now, ends it. A cancelled run cannot be resumed.",
        ),
    )(cancel)


def approve(
    run: Run,
    task: TaskId = None,
    by: By = None,
    note: Note = None,
    digest: Digest = None,
    iteration: Iteration = None,
    resume: Resume = False,
    detach: Detach = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    answer = _Answer(approved=True, by=by, note=note, digest=digest)
    return _decide(place(db), run, task_name(task, iteration), answer, resume, detach, json)


def deny(
    run: Run,
    task: TaskId = None,
    by: By = None,
    note: Note = None,
    digest: Digest = None,
    iteration: Iteration = None,
    resume: Resume = False,
    detach: Detach = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    answer = _Answer(approved=False, by=by, note=note, digest=digest)
    return _decide(place(db), run, task_name(task, iteration), answer, resume, detach, json)


def cancel(run: Run, by: By = None, now: Now = False, json: JsonFlag = False, db: Db = None) -> int:
    where = place(db)
    outcome = Hub(where.path).cancel(run, by=by or login(), now=now)
    if outcome == "to clean up":
        say(f"{run} cleans up before it is cancelled; `--now` cancels it without that")
        return _resume(where, run, json, True, {"outcome": outcome})
    if json:
        give_json({"version": 1, "run_id": run, "outcome": outcome})
    elif outcome == "asked":
        give(f"the process that drives {run} was asked to cancel it")
    else:
        give(f"{run} {'has ended' if outcome == 'ended' else 'is cancelled'}")
    return 0


def _decide(
    where: Place,
    run: str,
    task: str | None,
    answer: _Answer,
    resume: bool,
    detach: bool,
    json: bool,
) -> int:
    check_detach(resume, detach)
    trust_if_typed(where, "approve" if answer.approved else "deny")
    decided = Hub(where.path).decide(
        run,
        task,
        approved=answer.approved,
        by=answer.by or login(),
        note=answer.note,
        digest=answer.digest,
    )
    data = decided_json(decided)
    if not json:
        word = "approved" if decided.approved else "denied"
        show_reply(decided, word, say if resume else give)
    extra: dict[str, object] = {"decided": data}
    return then(where, run, data, extra, resume=resume, detach=detach, json=json)


def check_detach(resume: bool, detach: bool) -> None:
    if detach and not resume:
        raise Usage("--detach needs --resume", hint="add --resume")


def then(
    where: Place,
    run: str,
    data: dict[str, Any],
    extra: dict[str, object],
    *,
    resume: bool,
    detach: bool,
    json: bool,
) -> int:
    """What was said is written: go on with the run, or say how. `extra` is for the final object."""
    hub = Hub(where.path)
    command = where.command(f"smithers resume {shlex.quote(run)}")
    if resume:
        return _resume(where, run, json, detach, extra)
    status = hub.status(run)
    if json:
        give_json({"version": 1, **data, "status": status})
    elif status in ("waiting", "stale", "failed"):
        say(f"next: {hub.resume_in_program(run) or command}")
    else:  # running still, or through with it already
        say("the process that drives the run is picking it up")
    return 0


def _resume(where: Place, run: str, json: bool, detach: bool, extra: dict[str, object]) -> int:
    """Resume a run that was answered, unless another process drives it, or has taken the answer."""
    from smithers.cli._ending import driven_elsewhere
    from smithers.cli._running import Wanted, go_on

    if Hub(where.path).needs_process(run):
        wanted = Wanted(
            place=where, run_id=run, json=json, detach=detach, recorded=True, extra=extra
        )
        return go_on(wanted)
    return driven_elsewhere(Hub(where.path), run, json=json, extra=extra)


def show_reply(reply: Decided | Reply, word: str, tell: Callable[[str], None]) -> None:
    """What was answered, for the record of the person who did."""
    note = f": {reply.note}" if reply.note else ""
    login = "" if reply.login == reply.by else f" (login {reply.login})"
    tell(shown(f"{reply.name} of {reply.run_id} {word} by {reply.by}{login}{note}"))
    for line in quoted(reply.asked):
        tell(f"  {line}")
    tell(f"  digest {reply.digest}")


def task_name(task: str | None, iteration: str | None) -> str | None:
    if iteration is None:
        return task
    if task is None:
        raise Usage("--iteration needs a TASK", hint="name the task before --iteration")
    if not re.fullmatch(r"\d+([.,]\d+)*", iteration):
        raise Usage(
            f"--iteration {iteration!r} is not the number of an iteration",
            hint="for example --iteration 2 or 0.1",
        )
    return task + "".join(f"[{int(number)}]" for number in re.split("[.,]", iteration))


def login() -> str:
    """The name of who typed the command, as their settings have it for their login name."""
    from smithers.engine.people import person_of

    return person_of(os.environ).name
