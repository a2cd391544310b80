"""`budget`: a person lets a run, or a node of it, use more."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

from smithers.changes import Key
from smithers.cli._arguments import Argument, Db, JsonFlag, Option, Run, example
from smithers.cli._deciding import By, Resume, check_detach, login, then
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._running import Detach
from smithers.cli._streams import give, say, shown
from smithers.hub import Amounts, Hub
from smithers.naming import key_name
from smithers.wire import raised_json

if TYPE_CHECKING:
    import typer

__all__ = ["dollars", "register"]


def register(app: typer.Typer) -> None:
    app.command(
        "budget",
        short_help="Raise the budget of a run.",
        help=example(
            "smithers budget r1 --add-usd 5 --resume",
            "smithers budget r1 audit --add-tokens 100000 --add-calls 10",
            says="Raise the budget of a run or of one of its nodes, whether it is spent"
            " or not. The run continues when it is resumed, or immediately with"
            " --resume.",
        ),
    )(budget)


def budget(
    run: Run,
    node: Annotated[
        str | None,
        Argument(
            metavar="[NODE]",
            help="The node, such as audit or review[2] (default: the one that is"
            " waiting, or the whole run).",
            show_default=False,
        ),
    ] = None,
    usd: Annotated[
        str | None,
        Option(
            "--add-usd",
            metavar="USD",
            help="Raise the cap by this many US dollars.",
            show_default=False,
        ),
    ] = None,
    tokens: Annotated[
        int | None,
        Option(
            "--add-tokens",
            min=1,
            metavar="N",
            help="Raise the cap by this many tokens.",
            show_default=False,
        ),
    ] = None,
    calls: Annotated[
        int | None,
        Option(
            "--add-calls",
            min=1,
            metavar="N",
            help="Raise the cap by this many calls.",
            show_default=False,
        ),
    ] = None,
    time_s: Annotated[
        float | None,
        Option("--add-time", min=0, metavar="S", help="Seconds.", show_default=False),
    ] = None,
    by: By = None,
    resume: Resume = False,
    detach: Detach = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    check_detach(resume, detach)
    where = place(db)
    added = Amounts(tokens=tokens, usd=dollars("--add-usd", usd), calls=calls, time_s=time_s)
    raised = Hub(where.path).raise_budget(run, node, added=added, by=by or login())
    data = raised_json(raised)
    if not json:
        key = Key(raised.task or "", raised.iteration)
        said = (
            f"the budget of {key_name(key)} of {run} was raised by {raised.added} (by {raised.by})"
        )
        (say if resume else give)(shown(said))
    extra: dict[str, object] = {"raised": data}
    return then(where, run, data, extra, resume=resume, detach=detach, json=json)


def dollars(option: str, given: str | None) -> Decimal | None:
    """An amount of US dollars that was typed. Raises `Usage`."""
    if given is None:
        return None
    try:
        found = Decimal(given.removeprefix("$"))
    except InvalidOperation:
        found = Decimal(0)
    if not found.is_finite() or found <= 0:
        raise Usage(
            f"{option} {given!r} is not an amount of dollars", hint=f"for example {option} 2.50"
        )
    return found
