"""`audit`: who has changed what, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.cli._arguments import AnyRun, Db, JsonFlag, example
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, masked, say, shown, table
from smithers.hub import Hub
from smithers.wire import audit_json

if TYPE_CHECKING:
    import typer

    from smithers.callers import AuditRow

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "audit",
        short_help="Show who changed what, and from where.",
        help=example(
            "smithers audit",
            "smithers audit r1 --json",
            says="Show each change that somebody made to all runs or to one: when, who by the name"
            " that was proved, what, and from where. Oldest first. Without RUN, changes of tokens,"
            " sessions and trust as well. Runs that a run or `smithers supervise` starts or wakes"
            " are not shown.",
        ),
    )(audit)


def audit(run: AnyRun = None, json: JsonFlag = False, db: Db = None) -> int:
    found = Hub(place(db).path).audit(run)
    if json:
        give_json(masked({"version": 1, "rows": [audit_json(one) for one in found]}))
        return 0
    rows = [
        [f"{one.at:%Y-%m-%d %H:%M:%S}", _who(one), one.what, one.run_id, one.about, _where(one)]
        for one in found
    ]
    heads = ["AT (UTC)", "WHO", "WHAT", "RUN", "ABOUT", "FROM"]
    for line in table([heads, *rows]) if rows else ():
        give(shown(line))
    if not rows:
        say("nobody has changed anything" + ("" if run is None else f" of {run}"))
    return 0


def _who(row: AuditRow) -> str:
    return f"{row.who} (as {row.claimed})" if row.claimed else row.who


def _where(row: AuditRow) -> str:
    credential = f"by {row.credential}" if row.credential else ""
    return " ".join(filter(None, (row.face, row.address, credential)))
