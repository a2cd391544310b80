"""What a run can prove of itself: `receipt`, `verify`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Db, JsonFlag, Option, Run, example
from smithers.cli._places import place
from smithers.cli._receipts import receipt_lines
from smithers.cli._streams import give, give_json, masked, paint, shown
from smithers.hub import Hub
from smithers.naming import key_name
from smithers.views import CANNOT_SHOW
from smithers.wire import receipt_json, verified_json

if TYPE_CHECKING:
    import typer

    from smithers.views import Finding, Verified

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "receipt",
        short_help="Print one page about a run for an auditor.",
        help=example(
            "smithers receipt r1",
            "smithers receipt r1 --json > receipt.json",
            says="Print one page about a run: its input, the digests of its source, the prompts,"
            " models and tools of its agents, who answered which question, what was run again, its"
            " cost, and a digest by which `smithers verify RUN` compares the run with this page"
            " later.",
        ),
    )(receipt)
    app.command(
        "verify",
        short_help="Check that nothing in a run was altered.",
        help=example(
            "smithers verify r1",
            "smithers verify r1 --digest 7:9f86d081…",
            says="Recompute each digest that the database has of a run: of large outputs, questions"
            " and their answers, prompts and source files. Check that its rows fit together, and"
            " that a fork has what its source has. With --digest, also compare the run with a"
            " receipt (`smithers receipt RUN`). Exit with 0 if all matches, and with 1 if something"
            " does not.",
        ),
    )(verify)


def receipt(run: Run, json: JsonFlag = False, db: Db = None) -> int:
    where = place(db)
    found = Hub(where.path).receipt(run)
    if json:
        give_json(masked(receipt_json(found)))
        return 0
    for line in receipt_lines(found, where.command):
        give(line)
    return 0


def verify(
    run: Run,
    digest: Annotated[
        str | None,
        Option(
            "--digest",
            metavar="FRAME:SHA256",
            help="The digest that a receipt of the run has.",
            show_default=False,
        ),
    ] = None,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    found = Hub(place(db).path).verify(run, digest=digest)
    if json:
        give_json(masked(verified_json(found)))
    else:
        for line in _lines(found):
            give(line)
    return 0 if found.matches else 1


def _lines(found: Verified) -> Iterator[str]:
    counts = ", ".join(f"{number} {what}" for what, number in found.checked.items())
    yield shown(f"checked {found.run_id} up to frame {found.frame}: {counts}")
    for one in found.findings:
        yield f"{paint('✗', 'red', sys.stdout)} {shown(_words(one))}"
    for one in found.notes:
        yield f"{paint('!', 'yellow', sys.stdout)} {shown(_words(one))}"
    if found.matches:
        yield f"{paint('✓', 'green', sys.stdout)} all that was checked matches"
    else:
        number = len(found.findings)
        yield f"{number} {'row does' if number == 1 else 'rows do'} not match"
    if found.digest:
        yield f"digest: {found.frame}:{found.digest}"
    yield f"note: {CANNOT_SHOW}"


def _words(one: Finding) -> str:
    node = "" if one.key is None else f" {key_name(one.key)}"
    frame = "" if one.frame is None else f", frame {one.frame}"
    return f"{one.table}{node}{frame}: {one.said}"
