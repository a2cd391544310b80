"""`supervise`: wake the runs of a database as they come up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Db, JsonFlag, Option, example
from smithers.cli._metrics_file import check_metrics_file, keep_writing, write_metrics
from smithers.cli._places import place
from smithers.cli._signals import SIGNALS
from smithers.cli._streams import give_json, say, shown
from smithers.hub import Hub

if TYPE_CHECKING:
    import typer

    from smithers.engine.supervising import Happened

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "supervise",
        short_help="Wake runs as they become due.",
        help=example(
            "smithers supervise",
            "smithers supervise --once",
            says="Resume each run that was answered, is due, or whose process died,"
            " until this command is stopped. Each run gets its own process. One"
            " process supervises a database; a second one waits to take over. A run"
            " that a person stopped with Ctrl-C stays stopped.",
        ),
    )(supervise)


def supervise(
    once: Annotated[
        bool, Option("--once", help="Wake the runs that are due now, and exit.")
    ] = False,
    metrics_file: Annotated[
        Path | None,
        Option(
            "--metrics-file",
            metavar="FILE.prom",
            help="Write metrics to this file every 15 s, for node_exporter.",
            show_default=False,
        ),
    ] = None,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    path = place(db).path
    hub = Hub(path)
    if metrics_file is not None:
        check_metrics_file(metrics_file)
    done: list[dict[str, object]] = []

    def tell(happened: Happened) -> None:
        told = {"what": happened.what, "run_id": happened.run_id, "pid": happened.pid}
        done.append({**told, "text": happened.text})
        if json and not once:
            give_json({"version": 1, **done.pop()})
        say(f"{datetime.now().astimezone():%H:%M:%S} {shown(happened.text)}")

    if not once and not path.exists():
        say(f"there is no database at {path} yet; waiting for one")
    asyncio.run(_until_stopped(hub, tell, once, metrics_file))
    if once and metrics_file is not None:
        write_metrics(hub, metrics_file)
    if once and not done:
        there = path.exists()
        say(f"no run of {path} is due" if there else f"no runs: there is no database at {path}")
    if json and once:
        give_json({"version": 1, "done": done})
    return 0


async def _until_stopped(
    hub: Hub, tell: Callable[[Happened], None], once: bool, metrics_file: Path | None
) -> None:
    task = asyncio.ensure_future(_supervise(hub, tell, once, metrics_file))
    loop = asyncio.get_running_loop()

    def stop(_number: int) -> None:
        loop.call_soon_threadsafe(task.cancel)

    try:
        with SIGNALS.handled(stop):
            await task
    except asyncio.CancelledError:
        say("stopped; the runs that were started continue")


async def _supervise(
    hub: Hub, tell: Callable[[Happened], None], once: bool, metrics_file: Path | None
) -> None:
    writing = None
    if metrics_file is not None:
        hub.metrics_page()  # says what is missing, before anything is waited for
        if not once:
            writing = asyncio.create_task(keep_writing(hub, metrics_file))
    try:
        await hub.supervise(tell, once=once)
    finally:
        if writing is not None:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
