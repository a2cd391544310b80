"""Another future for a run: `fork`, `rewind`, `retry`."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, Run, example
from smithers.cli._deciding import By, login
from smithers.cli._failures import Usage
from smithers.cli._given import given_text, parse_json
from smithers.cli._places import Place, place
from smithers.cli._running import Concurrency, Detach, Detached, Events, Linger, Wanted, go_on
from smithers.cli._streams import give, give_json, paint, say, shown
from smithers.hub import Forked, Hub
from smithers.wire import forked_json

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "fork",
        short_help="Make a new run from a frame of a run.",
        help=example(
            "smithers fork r1 --frame 7",
            'smithers fork r1 --frame 7 --set \'plan={"steps": ["one"]}\' --up',
            'smithers fork r1 --input \'{"topic": "whales"}\' --up --rerun-changed',
            says="Make a new run from the state that a run had at a frame: outputs, choices and"
            " answers. The original run does not change. Start the fork with --up, or later with"
            " `smithers resume RUN`. Attempts that were running at the frame run again. Inherited"
            " cost does not count for any budget. A question that you may not answer is asked"
            " again. `smithers timeline RUN` shows the frames.",
        ),
    )(fork)
    app.command(
        "rewind",
        short_help="Take a run back to a frame.",
        help=example(
            "smithers rewind r1 --frame 7",
            says="Take a run back to one of its frames. The state before the command is kept as a"
            " fork. Cost that was paid still counts. `smithers resume RUN` continues from there.",
        ),
    )(rewind)
    app.command(
        "retry",
        short_help="Run a task of a run again.",
        help=example(
            "smithers retry r1 review",
            "smithers retry r1 'review[2]' --with-readers",
            says="Run a task again and continue the run, which may have finished or failed. Its"
            " readers keep their outputs unless --with-readers is given; a question to a person"
            " whose text read the task is always asked again, and what read its answer runs again."
            " A step with effect=True runs again only after a person has approved it. A cancelled"
            " run cannot be retried: fork it.",
        ),
    )(retry)


Frame = Annotated[
    int | None,
    Option("--frame", metavar="F", help="The frame (default: the last one).", show_default=False),
]


def fork(
    run: Run,
    frame: Frame = None,
    run_id: Annotated[
        str | None,
        Option("--run-id", metavar="ID", help="Id of the fork (default: RUN-fork, RUN-fork-2 …)."),
    ] = None,
    input: Annotated[
        str | None,
        Option(
            "--input",
            metavar="JSON|@FILE",
            help="Another input. What is finished stays as it is, except with --rerun or"
            " --rerun-changed.",
            show_default=False,
        ),
    ] = None,
    set: Annotated[
        list[str] | None,
        Option(
            "--set",
            metavar="TASK=JSON",
            help="The output of a task, instead of running it; what read it runs again.",
            show_default=False,
        ),
    ] = None,
    rerun: Annotated[
        list[str] | None,
        Option(
            "--rerun",
            metavar="TASK",
            help="Run a task again, with what read it.",
            show_default=False,
        ),
    ] = None,
    up: Annotated[bool, Option("--up", help="Start the fork.")] = False,
    rerun_changed: Annotated[
        bool,
        Option(
            "--rerun-changed",
            help="With --up: run finished tasks again that come out differently, with their"
            " readers.",
        ),
    ] = False,
    by: By = None,
    detach: Detach = False,
    json: JsonFlag = False,
    events: Events = False,
    max_concurrency: Concurrency = None,
    linger: Linger = None,
    db: Db = None,
) -> int:
    if (detach or events) and not up:
        raise Usage(f"--{'detach' if detach else 'events'} needs --up")
    if rerun_changed and not up:
        raise Usage("--rerun-changed needs --up")
    where = place(db)
    made = Hub(where.path).fork(
        run,
        frame=frame,
        new_id=run_id,
        input=None if input is None else given_text(input, "input", "--input"),
        outputs=_outputs(set or []),
        again=rerun or [],
        by=by or login(),
    )
    if not up:
        return _told(made, where, json=json)
    _say(made)
    return go_on(
        Wanted(
            place=where,
            run_id=made.run_id,
            json=json,
            events=events,
            max_concurrency=max_concurrency,
            linger_s=linger,
            detach=detach,
            rerun=() if rerun_changed else None,
        )
    )


def _outputs(given: list[str]) -> dict[str, str]:
    """The outputs of TASK=JSON, as JSON texts by tasks."""
    outputs: dict[str, str] = {}
    for one in given:
        task, equals, text = one.partition("=")
        if not (task and equals):
            raise Usage(f"--set {one!r} is not TASK=JSON", hint="for example --set 'plan=\"done\"'")
        if task in outputs:
            raise Usage(f"--set names {task} twice", hint="give each task one output")
        try:
            parse_json(text)
        except ValueError as error:
            raise Usage(
                f"--set {task} is not JSON: {error}",
                hint="a text needs quotes, for example --set 'plan=\"done\"'",
            ) from error
        outputs[task] = text
    return outputs


def _say(made: Forked) -> None:
    for note in made.notes:
        say(shown(note))
    mark = paint("⑂", "cyan", sys.stderr)
    say(f"{mark} {shown(f'{made.run_id} is a fork of {made.source} at frame {made.frame}')}")


def _told(made: Forked, where: Place, *, json: bool) -> int:
    if json:
        give_json(forked_json(made))
        return 0
    _say(made)
    give(made.run_id)
    _say_next(where, made.run_id)
    return 0


def rewind(
    run: Run,
    frame: Annotated[int, Option("--frame", metavar="F", help="The frame to go back to.")],
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    where = place(db)
    done = Hub(where.path).rewind(run, frame)
    if json:
        told = {"run_id": done.run_id, "frame": done.frame, "kept": done.kept}
        give_json({"version": 1, **told, "notes": list(done.notes)})
        return 0
    for note in done.notes:
        say(shown(note))
    give(shown(f"{run} is as it was at frame {frame}; what it was before is kept as {done.kept}"))
    _say_next(where, run)
    return 0


def _say_next(where: Place, run: str) -> None:
    """Say how the run is resumed."""
    typed = where.command(f"smithers resume {shlex.quote(run)}")
    typed = Hub(where.path).resume_in_program(run) or typed
    say(f"{paint('next:', 'bold', sys.stderr)} {typed}")


def retry(
    run: Run,
    task: Annotated[str, Argument(metavar="TASK", help="The task, such as review or review[2].")],
    with_readers: Annotated[
        bool, Option("--with-readers", help="Run what read its output again as well.")
    ] = False,
    detach: Detach = False,
    json: JsonFlag = False,
    events: Events = False,
    max_concurrency: Concurrency = None,
    linger: Linger = None,
    db: Db = None,
    detached: Detached = False,
) -> int:
    return go_on(
        Wanted(
            place=place(db),
            run_id=run,
            json=json,
            events=events,
            max_concurrency=max_concurrency,
            linger_s=linger,
            detach=detach,
            detached=detached,
            retry=task,
            with_readers=with_readers,
        )
    )
