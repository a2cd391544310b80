"""`send`: somebody sends a signal, which a `WaitForEvent` of a run takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, Run, example
from smithers.cli._deciding import By, Resume, check_detach, login, then
from smithers.cli._failures import Usage, error_data
from smithers.cli._given import given_json
from smithers.cli._places import Place, place
from smithers.cli._running import Detach
from smithers.cli._streams import give, give_json, say, shown
from smithers.cli._trusting import trust_if_typed
from smithers.hub import Hub, NotSent, SignalReceipt
from smithers.naming import event_name, first_names
from smithers.wire import signal_receipt_json

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "send",
        short_help="Send a signal to a run.",
        help=example(
            "smithers send r1 paid --data '{\"amount\": 30}'",
            'smithers send r1 paid --data @- --id "$DELIVERY" < payload.json',
            "smithers send r1 build --correlation 7f3c2a9 --resume --detach",
            "smithers send --all nightly reload",
            says="Send a signal of the name EVENT, with data. The task of the run that waits for"
            " this event takes it; if none does yet, it is kept for the next one. A signal with"
            " an --id is kept once, so the command can be repeated. If the data does not fit the"
            " task that waits, nothing is recorded, and the error names the field. A process that"
            " drives the run picks the signal up; otherwise `smithers supervise` resumes the run,"
            " or --resume does immediately.",
        ),
    )(send)


def send(
    run: Run,
    event: Annotated[
        str,
        Argument(metavar="EVENT", help="The name of the event.", show_default=False),
    ],
    data: Annotated[
        str | None,
        Option(
            "--data",
            metavar="JSON|@FILE",
            help="Send this data; @- reads it from stdin (default: null).",
            show_default=False,
        ),
    ] = None,
    correlation: Annotated[
        str | None,
        Option(
            "--correlation",
            metavar="C",
            help="Send it only to tasks that wait for this correlation.",
            show_default=False,
        ),
    ] = None,
    id: Annotated[
        str | None,
        Option(
            "--id",
            metavar="ID",
            help="Keep it once in a run under this id (default: a new id).",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        bool,
        Option("--all", help="Send it to each unfinished run of the workflow named RUN."),
    ] = False,
    by: By = None,
    resume: Resume = False,
    detach: Detach = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    check_detach(resume, detach)
    if every and resume:
        raise Usage("--all and --resume cannot be combined", hint="leave one out")
    value = None if data is None else given_json(data, "data", "--data")
    where, given = place(db), {"correlation": correlation, "id": id, "by": by or login()}
    if every:
        sent, refused = Hub(where.path).send_all(run, event, value, **_named(given))
        return _tell_all(run, event, sent, refused, json=json)
    if resume:
        trust_if_typed(where, "send")
    receipt = Hub(where.path).send(run, event, value, **_named(given))
    if not json:
        (say if resume else give)(shown(_words(receipt)))
    return _then(where, receipt, resume=resume, detach=detach, json=json)


def _named(given: dict[str, str | None]) -> dict[str, Any]:
    return dict(given)


def _then(where: Place, receipt: SignalReceipt, *, resume: bool, detach: bool, json: bool) -> int:
    shown_data = signal_receipt_json(receipt)
    extra: dict[str, object] = {"signal": shown_data}
    run, hub = receipt.run_id, Hub(where.path)
    if receipt.taker is not None and (receipt.is_new or resume):
        return then(where, run, shown_data, extra, resume=resume, detach=detach, json=json)
    if resume and not hub.attention(run)[0]:
        from smithers.cli._running import Wanted, go_on

        wanted = Wanted(
            place=where, run_id=run, json=json, detach=detach, recorded=True, extra=extra
        )
        return go_on(wanted)
    if json:
        give_json({"version": 1, **shown_data, "status": hub.status(run)})
    return 0


def _words(receipt: SignalReceipt) -> str:
    """What became of the signal, for whoever sent it."""
    on = (receipt.event,) if receipt.correlation is None else (receipt.event, receipt.correlation)
    name = f"signal {receipt.id} of the event {event_name(on)}"
    if not receipt.is_new:
        return f"{name} was already sent to {receipt.had_by}; nothing was recorded again"
    if receipt.taker is not None:
        return f"{name} was sent to {receipt.run_id}: {receipt.taker} takes it"
    if event_name(on) in receipt.waits_for:
        why = f"those of {receipt.run_id} that wait now take earlier ones, or have no time left"
        return f"{name} is kept for a later task: {why}"
    waits = f"; {receipt.run_id} waits for {first_names(receipt.waits_for)}"
    said = f"{name} is kept: no task of {receipt.run_id} waits for it yet"
    return f"{said}{waits if receipt.waits_for else ''}"


def _tell_all(
    workflow: str,
    event: str,
    sent: list[SignalReceipt],
    refused: list[NotSent],
    *,
    json: bool,
) -> int:
    if json:
        not_sent = [{"run_id": one.run_id, "error": error_data(one.error)} for one in refused]
        found = {"sent": list(map(signal_receipt_json, sent)), "refused": not_sent}
        give_json({"version": 1, "workflow": workflow, "event": event, **found})
    else:
        for receipt in sent:
            give(shown(_words(receipt)))
        for one in refused:
            say(shown(f"not sent to {one.run_id}: {one.error.said}"))
        new = sum(receipt.is_new for receipt in sent)
        say(f"sent to {new} of {len(sent) + len(refused)} runs of {shown(workflow)}")
    return 0 if not refused else 1 if sent else 2
