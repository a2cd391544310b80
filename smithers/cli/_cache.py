"""`cache`: the answers that are kept for later runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from smithers.cli._arguments import Db, JsonFlag, Option, age, example
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, say, shown, table
from smithers.hub import Hub

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    cache = typer.Typer(
        name="cache",
        rich_markup_mode=None,
        no_args_is_help=True,
        short_help="List or clear the answers that are kept for later runs.",
        help=example(
            "smithers cache list",
            says="List or clear the answers of tasks with a cache=, which later runs take.",
        ),
    )
    cache.command(
        "list",
        short_help="List the answers that are kept.",
        help=example("smithers cache list", says="List the answers that are kept, oldest first."),
    )(list_answers)
    cache.command(
        "clear",
        short_help="Forget answers.",
        help=example(
            "smithers cache clear",
            "smithers cache clear --older-than 30d",
            "smithers cache clear --task review",
            says="Forget all answers, or those that match each option. Runs that took one keep it.",
        ),
    )(clear)
    app.add_typer(cache)


def list_answers(json: JsonFlag = False, db: Db = None) -> int:
    found = Hub(place(db).path).cached_answers()
    if json:
        answers = [
            {
                "key": one.key,
                "task": one.task,
                "run_id": one.run_id,
                "created_at": one.created_at.isoformat(),
                "bytes": one.size_bytes,
            }
            for one in found
        ]
        give_json({"version": 1, "answers": answers})
        return 0
    rows = [
        [
            one.key[:12],
            one.task,
            one.run_id,
            f"{one.created_at:%Y-%m-%d %H:%M}",
            f"{one.size_bytes}",
        ]
        for one in found
    ]
    for line in table([["KEY", "TASK", "RUN", "CREATED (UTC)", "BYTES"], *rows]) if rows else ():
        give(shown(line))
    if not rows:
        say("no answer is kept; a task keeps its answer with cache=Cache()")
    return 0


def clear(
    older_than: Annotated[
        str | None,
        Option(
            "--older-than",
            metavar="AGE",
            help="Only answers older than this, such as 30d, 12h, 15m or 90s.",
            show_default=False,
        ),
    ] = None,
    task: Annotated[
        str | None,
        Option("--task", metavar="TASK", help="Only answers of this task.", show_default=False),
    ] = None,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    before = None if older_than is None else datetime.now(UTC) - age("--older-than", older_than)
    cleared = Hub(place(db).path).clear_cache(before=before, task=task)
    if json:
        give_json({"version": 1, "cleared": cleared})
    else:
        give(f"{cleared} answer{'s'[: cleared != 1]} forgotten")
    return 0
