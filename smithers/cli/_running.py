"""`up` and `resume`: start a run, or go on with one."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from smithers.callers import called_from, current_origin
from smithers.cli._arguments import Argument, Db, JsonFlag, Option, Run, example
from smithers.cli._caps import MaxCalls, MaxTokens, MaxUsd, caps_of
from smithers.cli._failures import Usage
from smithers.cli._given import check_port, file_and_name, given_text
from smithers.cli._places import Place, place
from smithers.cli._streams import say
from smithers.hub import Amounts
from smithers.values import dataclass

if TYPE_CHECKING:
    import typer

    from smithers.engine.engine import Observer
    from smithers.hub import Hub, Left

__all__ = ["Concurrency", "Detach", "Detached", "Events", "Linger", "Wanted", "go_on", "register"]

Events = Annotated[
    bool,
    Option(
        "--events", help="Print events as JSON lines as they happen; the last line is the result."
    ),
]
Concurrency = Annotated[
    int | None,
    Option(
        "--max-concurrency",
        min=1,
        metavar="N",
        help="Run at most N attempts at once (default: the workflow's limit).",
        show_default=False,
    ),
]
Linger = Annotated[
    float | None,
    Option(
        "--linger",
        min=0,
        metavar="S",
        help="Keep running if a retry or timer is due within S seconds, and wait S seconds for a"
        " slot of a pool (default: 60).",
        show_default=False,
    ),
]
Detach = Annotated[
    bool,
    Option("--detach", help="Run in the background and return immediately."),
]
Tasks = Annotated[
    list[str] | None,
    Argument(
        metavar="[TASK]...",
        help="With --rerun-changed: the changed tasks that run again (default: all).",
        show_default=False,
    ),
]
RerunChanged = Annotated[
    bool,
    Option(
        "--rerun-changed",
        help="Run finished tasks again that an edit has changed, and what read their outputs.",
    ),
]
Renames = Annotated[
    list[str] | None,
    Option(
        "--rename",
        metavar="OLD=NEW",
        help="A task that has another id in the file now (repeatable).",
        show_default=False,
    ),
]
Check = Annotated[
    bool,
    Option("--check", help="Only show what an edit has changed; exit with 1 if something has."),
]
Detached = Annotated[bool, Option("--detached", hidden=True)]
DryRunFlag = Annotated[
    bool,
    Option(
        "--dry-run",
        help="Only show what would run and what it would cost: nothing is executed or stored.",
    ),
]
ScriptOption = Annotated[
    str | None,
    Option(
        "--script",
        metavar="FILE:NAME",
        help="With --dry-run: the agent that answers, a variable of a Python file"
        " (default: outputs are made from their types).",
        show_default=False,
    ),
]
RunSteps = Annotated[
    bool, Option("--run-steps", help="With --dry-run: execute steps and commands.")
]
Hot = Annotated[
    bool,
    Option(
        "--hot",
        help="Take edits of the workflow's files while the run is driven, now and after each"
        " resume. An edit that takes a gate away waits for a person's approval.",
    ),
]
Serve = Annotated[
    bool,
    Option(
        "--serve",
        help="Also serve the HTTP API until this command ends. While the run waits, it stays until"
        " Ctrl-C.",
    ),
]
Port = Annotated[
    int | None,
    Option(
        "--port",
        min=0,
        metavar="N",
        help="With --serve: listen on this port; 0 picks one (default: 7331).",
        show_default=False,
    ),
]
Metrics = Annotated[
    bool,
    Option(
        "--metrics",
        help="With --serve: print what Prometheus needs in its settings to read `/metrics`.",
    ),
]
_PORT = 7331
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"


def register(app: typer.Typer) -> None:
    app.command(
        "up",
        short_help="Start or resume a run.",
        help=example(
            "smithers up ship_it.py",
            'smithers up ship_it.py:ship_it --run-id r1 --input \'{"topic": "whales"}\'',
            "smithers up ship_it.py --run-id r1 --resume",
            "smithers up ship_it.py --detach",
            "smithers up ship_it.py --hot",
            "smithers up ship_it.py --dry-run",
            says="Start a run of a workflow and drive it until it ends or waits for a"
            " person. With --resume, resume the run with the given id from this file. With"
            " --dry-run, run it to its end in memory: agents, steps, commands and signals are"
            " not executed, their outputs are made from their types, people approve and timers"
            " take no time. It prints what would run, how often, and what it would cost by the"
            " runs of this database.",
        ),
    )(up)
    app.command(
        "resume",
        short_help="Resume a run.",
        help=example(
            "smithers resume r1",
            "smithers resume r1 --check",
            "smithers resume r1 --rerun-changed",
            "smithers resume r1 draft review --rerun-changed",
            "smithers resume r1 --rename draft=first-draft",
            "smithers resume r1 --hot",
            says="Resume a run that was stopped, crashed, failed or got its answer."
            " Finished tasks are not run again. A finished run prints its output"
            " again. After an edit of the workflow's file, --check shows which finished tasks"
            " have changed, and --rerun-changed runs these again, or those that are named, with"
            " exactly what read their outputs. --rename says which tasks have another id in the"
            " file now, so that what they gave is reused.",
        ),
    )(resume)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a run is to be started or gone on with, as it was typed. Without `file` it goes on from
    its own; `extra` is added to the final object. `recorded`: an answer is on disk already, so that
    it is enough if another process drives the run. `rerun` and `renames` as in `Hub.resume`;
    `retry` is a task that runs again. `serve_at` is a port on which
    runs are served meanwhile, `metrics` whether that tells how they are read.
    """

    place: Place
    run_id: str
    file: str | None = None
    name: str | None = None
    input: str | None = None
    resume: bool = True
    json: bool = False
    events: bool = False
    max_concurrency: int | None = None
    linger_s: float | None = None
    caps: Amounts | None = None
    detach: bool = False
    detached: bool = False
    rerun: tuple[str, ...] | None = None
    renames: tuple[str, ...] = ()
    heading: str = ""
    recorded: bool = False
    retry: str | None = None
    with_readers: bool = False
    extra: dict[str, object] | None = None
    hot: bool = False
    serve_at: int | None = None
    metrics: bool = False


def up(
    file: Annotated[
        str | None,
        Argument(
            metavar="FILE[:NAME]",
            help="A Python file and, if it has several workflows, the name of one.",
            show_default=False,
        ),
    ] = None,
    run_id: Annotated[
        str | None,
        Option("--run-id", metavar="ID", help="Id of the run (default: a generated id)."),
    ] = None,
    input: Annotated[
        str | None,
        Option(
            "--input",
            metavar="JSON|@FILE",
            help="Input as JSON, or a file with it (default: {}; on resume, the stored input; with"
            " --dry-run, one that is made from its types).",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Resume the run with this id.")] = False,
    detach: Detach = False,
    json: JsonFlag = False,
    events: Events = False,
    max_concurrency: Concurrency = None,
    linger: Linger = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    hot: Hot = False,
    serve: Serve = False,
    port: Port = None,
    metrics: Metrics = False,
    dry_run: DryRunFlag = False,
    script: ScriptOption = None,
    run_steps: RunSteps = False,
    db: Db = None,
    detached: Detached = False,
) -> int:
    where = place(db)
    caps = caps_of(max_usd, max_tokens, max_calls, resume=resume)
    if dry_run:
        others: dict[str, object] = {"--resume": resume, "--detach": detach, "--events": events}
        others |= {"--linger": linger, "--hot": hot, "--serve": serve}
        others["--max-usd and the like"] = caps
        _check_alone("--dry-run", others)
    elif script is not None or run_steps:
        option = "--run-steps" if script is None else "--script"
        raise Usage(f"{option} needs --dry-run", hint="add --dry-run, or leave it out")
    if serve:
        _check_alone("--serve", {"--detach": detach})
    for option, is_given in (("--port", port is not None), ("--metrics", metrics)):
        if is_given and not serve:
            raise Usage(f"{option} needs --serve", hint="add --serve, or leave it out")
    if port is not None:
        check_port(port)
    if resume and run_id is None:
        raise Usage("--resume needs the id of a run", hint=_resumable(where))
    if file is None and not resume:
        raise Usage("no FILE was given", hint="for example `smithers up ship_it.py`")
    path, name = (None, None) if file is None else file_and_name(file)
    id = made_up_id(path or "") if run_id is None else run_id
    if dry_run and path is not None:
        from smithers.cli._dry_running import DryWanted, tell_dry_run

        return tell_dry_run(
            DryWanted(
                place=where,
                file=path,
                name=name,
                input=None if input is None else given_text(input, "input", "--input"),
                run_id=id,
                script=script,
                run_steps=run_steps,
                json=json,
            )
        )
    return go_on(
        Wanted(
            place=where,
            run_id=id,
            file=path,
            name=name,
            input=input,
            resume=resume,
            json=json,
            events=events,
            max_concurrency=max_concurrency,
            linger_s=linger,
            caps=caps,
            detach=detach,
            detached=detached,
            heading=f"run {id}" if run_id is None else "",
            hot=hot,
            serve_at=(_PORT if port is None else port) if serve else None,
            metrics=metrics,
        )
    )


def resume(
    run: Run,
    tasks: Tasks = None,
    rerun_changed: RerunChanged = False,
    check: Check = False,
    rename: Renames = None,
    detach: Detach = False,
    json: JsonFlag = False,
    events: Events = False,
    max_concurrency: Concurrency = None,
    linger: Linger = None,
    hot: Hot = False,
    db: Db = None,
    detached: Detached = False,
) -> int:
    where = place(db)
    if tasks and not rerun_changed:
        raise Usage(
            f"{shlex.join(tasks)}: tasks are named with --rerun-changed alone",
            hint=f"type `smithers resume {shlex.quote(run)} {shlex.join(tasks)} --rerun-changed`",
        )
    if check:
        from smithers.cli._comparing import tell_changes

        others = {
            "--rerun-changed": rerun_changed,
            "--rename": rename,
            "--detach": detach,
            "--events": events,
            "--hot": hot,
        }
        _check_alone("--check", others)
        return tell_changes(where, run, json=json)
    return go_on(
        Wanted(
            place=where,
            run_id=run,
            rerun=tuple(tasks or ()) if rerun_changed else None,
            renames=tuple(rename or ()),
            json=json,
            events=events,
            max_concurrency=max_concurrency,
            linger_s=linger,
            detach=detach,
            detached=detached,
            hot=hot,
        )
    )


def _check_alone(option: str, others: Mapping[str, object]) -> None:
    """Raises `Usage` if one of the other options was given as well."""
    if one := next((name for name, given in others.items() if given), None):
        raise Usage(f"{option} and {one} cannot be combined", hint=f"leave out {one}")


def go_on(wanted: Wanted) -> int:
    """Start a run, or go on with one, here or in a process of its own; the exit code."""
    from smithers.cli._trusting import trust_if_typed

    if wanted.file is None and wanted.retry is None and _is_plain(wanted):
        wanted = _through(wanted)
    if not wanted.detached:
        trust_if_typed(wanted.place, "up" if wanted.file else "resume")
    if wanted.detach:
        from smithers.cli._detaching import detach

        if wanted.events:
            raise Usage(
                "--events and --detach cannot be combined",
                hint="leave out --events; `smithers events RUN --follow` shows them afterwards",
            )
        return detach(wanted, _input_text(wanted))
    from smithers.cli._driving import Going, drive
    from smithers.cli._watching import Both

    async def work(hub: Hub, watcher: Both) -> Left:
        watcher.heading = wanted.heading
        with called_from(replace(current_origin(), is_launched=wanted.detached)):
            return await _drive(wanted, hub, watcher)

    going = Going(
        place=wanted.place,
        run_id=wanted.run_id,
        json=wanted.json,
        events=wanted.events,
        detached=wanted.detached,
        recorded=wanted.recorded,
        linger_s=wanted.linger_s,
        extra=wanted.extra,
    )
    if wanted.serve_at is None:
        return drive(going, work)
    from smithers.cli._beside import serve_beside

    driving = partial(drive, going, work)
    return serve_beside(wanted.place, wanted.serve_at, driving, metrics=wanted.metrics)


def _is_plain(wanted: Wanted) -> bool:
    """Whether it is only gone on with."""
    return wanted.rerun is None and not wanted.renames


def _through(wanted: Wanted) -> Wanted:
    """A child run is resumed by resuming the run that waits for it."""
    from smithers.hub import Hub

    hub = Hub(wanted.place.path)
    run = hub.resumed_through(wanted.run_id)
    if run == wanted.run_id:
        return wanted
    has_continued = hub.status(wanted.run_id) == "continued"
    why = "has continued as another run" if has_continued else "is a child run"
    say(f"{wanted.run_id} {why}: resuming {run}")
    return replace(wanted, run_id=run)


async def _drive(wanted: Wanted, hub: Hub, watcher: Observer) -> Left:
    given = _input_text(wanted)
    if wanted.file is not None and not wanted.resume:
        return await hub.start(
            wanted.file,
            name=wanted.name,
            input=given,
            run_id=wanted.run_id,
            observer=watcher,
            max_concurrency=wanted.max_concurrency,
            linger_s=wanted.linger_s,
            caps=wanted.caps,
            hot=wanted.hot,
        )
    if wanted.retry is not None:
        return await hub.retry(
            wanted.run_id,
            wanted.retry,
            readers=wanted.with_readers,
            observer=watcher,
            max_concurrency=wanted.max_concurrency,
            linger_s=wanted.linger_s,
        )
    return await hub.resume(
        wanted.run_id,
        file=wanted.file,
        name=wanted.name,
        input=given,
        observer=watcher,
        max_concurrency=wanted.max_concurrency,
        linger_s=wanted.linger_s,
        rerun=wanted.rerun,
        renames=wanted.renames,
        hot=wanted.hot,
    )


def made_up_id(file: str) -> str:
    """A run id that tells what runs: the file's name and six random characters."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(file).stem).strip("-").lower()[:48] or "run"
    return f"{stem}-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))


def _input_text(wanted: Wanted) -> str | None:
    return None if wanted.input is None else given_text(wanted.input, "input", "--input")


def _resumable(where: Place) -> str:
    """A hint that names the runs that could be meant."""
    from smithers.hub import Hub, RunsQuery

    ids = Hub(where.path).run_ids(RunsQuery(statuses=_GOES_ON, limit=5))[::-1]
    if not ids:
        return "list the runs with `smithers ps`"
    return f"name the run with --run-id; candidates: {', '.join(map(shlex.quote, ids))}"


_GOES_ON = ("stale", "waiting", "failed")
