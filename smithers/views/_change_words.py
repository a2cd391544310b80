"""What each change of a run says to a person, in one sentence."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, assert_never, cast

from smithers import waits
from smithers.amounts import dollars
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    BudgetSet,
    CameUp,
    ChoiceGone,
    ChoiceMade,
    FailureHandled,
    Key,
    MessageGiven,
    MessageTaken,
    NodeGone,
    NodeMounted,
    ReadMade,
    Reset,
    SessionSeen,
    Settled,
    SignalGiven,
    SignalTaken,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitOpened,
)
from smithers.forms import Form
from smithers.naming import (
    event_name,
    first_names,
    key_name,
    node_name,
    waited_for,
    why_again,
)
from smithers.store.answers import answer_word, who_answered
from smithers.texts import object_from
from smithers.views._words import cached_words, clock, stopped_words

if TYPE_CHECKING:
    from datetime import datetime

    from smithers.changes import Failure
    from smithers.views._changes import Shown

__all__ = ["change_words"]


def change_words(  # noqa: C901  # one case a kind of change
    change: Shown,
    name: str,
    number: int,
    *,
    at: datetime,
    moved: Container[str],
    tried: Container[Key],
    cached: Mapping[Key, str],
) -> str:
    """A change in words. `name` is that of its node and `number` that of its attempt, if it has
    them; `at` is when it was made. `moved` are the nodes that only change their place, `tried`
    those that had an attempt, `cached` those that have their answer from another run.
    """
    match change:
        case Settled():
            said = "was " if change.outcome in ("skipped", "cancelled") else ""
            by = f" ({cached_words(cached[change.key])})" if change.key in cached else ""
            return f"{name} {said}{change.outcome}{by}{_because(change.error)}"
        case AttemptStarted():
            return _started(name, change)
        case AttemptEnded():
            verb = "" if change.state in ("succeeded", "failed") else "was "
            return f"{name} attempt {number} {verb}{change.state}{_because(change.error)}"
        case CameUp():
            return f"{name} is ready"
        case NodeMounted():
            if change.id in moved:
                parent = node_name(change.parent or "")
                return f"{name} is now child {change.place} of {parent}"
            return f"{name} joined the tree"
        case ReadMade():
            return f"{name} read {key_name(change.source)} of frame {change.at}"
        case UsageCounted():
            return f"{name} attempt {number} {_usage(change)}"
        case SessionSeen():
            return f"{name} attempt {number} started its session"
        case ChoiceMade():
            return _chose(name, change)
        case ChoiceGone():
            return f"the {change.kind} of {name} no longer counts"
        case WaitOpened():
            return _opened(name, change, at)
        case WaitClosed():
            return _closed(name, change)
        case StatusChanged():
            return _status(change)
        case BudgetSet():
            if change.caps is None:
                return f"{name} no longer has a budget"
            return f"{name} has a budget of {change.caps}"
        case BudgetRaised():
            return f"{change.by} raised the budget of {name} by {change.added}"
        case MessageTaken():
            return f"{change.by} sent {name} message {change.id}: {_short(change.text)}"
        case MessageGiven():
            return f"{name} attempt {number} received message {change.id}"
        case SignalGiven():
            return _signal(change)
        case SignalTaken():
            if change.misfit is not None:
                return f"{name} set a signal aside: {_short(change.misfit)}"
            return f"{name} took a signal"
        case FailureHandled():
            return f"{name} will not run again: its failure was handled"
        case Reset():
            if change.cause is not None:
                return f"{name} is done again, because {why_again(change.cause)}"
            if change.key in tried:
                return f"{name} runs again; its earlier outcome no longer counts"
            return f"{name} is open again"
        case NodeGone():
            return f"{name} {'moved in' if change.id in moved else 'left'} the tree"
        case _:
            assert_never(change)


def _undoing(name: str, value: str) -> str:
    """What a saga undoes; each is named by the key of its action."""
    listed = cast("list[tuple[str, list[int], bool]] | None", json.loads(value))
    if listed is None:
        return f"{name} leaves what was done"
    actions = (Key(id.removesuffix("/compensated1"), tuple(path)) for id, path, _ in listed)
    return f"{name} undoes {first_names([key_name(one) for one in actions])}"


def _chose(name: str, change: ChoiceMade) -> str:  # noqa: C901  # one case a kind of choice
    match change.kind:
        case "items":
            if (object_from(change.value) or {}).get("keys") == [""]:  # a part of a sequence
                return f"{name} has a node"
            return f"the items of {name} are {_short(change.value)}"
        case "same" | "result":
            value = json.dumps(json.loads(change.value)["value"], ensure_ascii=False)
            what = "stop_if_same" if change.kind == "same" else "result"
            return f"the {what} of {name} is {_short(value)}"
        case "undoing":
            return _undoing(name, change.value)
        case "caught":
            row = object_from(change.value)
            if row is None:
                return f"{name} did not catch the failure of its body: a group around it stopped"
            return f"{name} caught the failure of {row['key']}"
        case "began":
            return f"{name} cleans up, since its body had begun"
        case "ending":
            row = object_from(change.value)
            why = (
                "no longer ends" if row is None else f"ends ({row['why']}) after it has cleaned up"
            )
            return f"{name} {why}"
        case "cached":
            run_id = (object_from(change.value) or {}).get("run_id")
            return f"{name} has its answer from run {run_id} (cached)"
        case "rework":
            return _sent_back(name, change.value)
        case "started":
            return f"{name} started"
        case "input":
            value = json.dumps(json.loads(change.value)["value"], ensure_ascii=False)
            return f"the input of {name} is {_short(value)}"
        case "raised":
            calls = (Key(id, tuple(path)) for id, path in json.loads(change.value))
            return f"{name} fails by {first_names([key_name(one) for one in calls])}"
        case "test" | "until" | "exhausted" | "skip_if":
            return f"the {change.kind} of {name} is {_short(change.value)}"
        case _:
            assert_never(change.kind)


def _signal(change: SignalGiven) -> str:
    on = (change.event,) if change.correlation is None else (change.event, change.correlation)
    return f"{change.by} sent signal {change.id} of the event {event_name(on)}"


def _sent_back(name: str, value: str) -> str:
    row = object_from(value) or {}
    note = f": {row['note']}" if row.get("note") else ""
    sends = "has sent" if row.get("over") else "sends"
    return f"{name} {sends} work back (round {row.get('round')}){note}"


def _started(name: str, change: AttemptStarted) -> str:
    session = ", resumes its session" if change.session else ""
    tried = f"attempt {change.number}, {change.agent}{_instead(len(change.skipped))}{session}"
    return f"{name} started ({tried})"


def _instead(number: int) -> str:
    """That earlier agents of the task were passed over; who, `why` says."""
    if not number:
        return ""
    if number == 1:
        return ", because the agent before it is cooling down"
    return f", because the {number} agents before it are cooling down"


def _usage(change: UsageCounted) -> str:
    if change.calls:
        return "made another call" if change.calls == 1 else f"made {change.calls} calls"
    money = "" if change.cost is None else f", {dollars(change.cost)}"
    unit = "token" if change.tokens_in == 1 else "tokens"
    model = "" if change.model is None else f" of {change.model}"
    return f"used {change.tokens_in} {unit} in, {change.tokens_out} out{money}{model}"


def _opened(name: str, change: WaitOpened, at: datetime) -> str:
    refused = None if change.form is None else Form.from_row(change.form).refused
    again = "" if refused is None else f"; the last answer was refused: {_short(refused)}"
    return _wait_words(name, change, at) + again


def _wait_words(name: str, change: WaitOpened, at: datetime) -> str:
    return waits.words_of(
        waits.traits(change.kind).words.opened,
        name=name,
        until="" if change.due is None else f" until {clock(change.due, at)}",
        asked=change.asked,
        line=_short(change.asked or ""),
        on=waited_for(change.kind, change.on),
    )


def _closed(name: str, change: WaitClosed) -> str:
    answer = object_from(change.answer) or {}
    if change.kind in waits.ASKING and answer:
        by = f" by {who_answered(answer)}" if answer.get("by") else ""
        note = f": {answer['note']}" if answer.get("note") else ""
        if not by and "value" in answer:
            return f"{name} no longer waits{note}"
        return f"{name} was {answer_word(answer)}{by}{note}"
    if change.kind == waits.ATTACHED:
        who = answer.get("by")
        return f"{who} has left the session of {name}" if who else f"{name} continues"
    return f"{name} no longer waits ({change.kind})"


def _status(change: StatusChanged) -> str:
    if change.stopped_by is not None:
        return f"the run was {stopped_words(change.stopped_by)}"
    if change.next_run is not None:
        return f"the run continued as {change.next_run}"
    was = "was " if change.status == "cancelled" else "is " if change.status[-3:] == "ing" else ""
    return f"the run {was}{change.status}{_because(change.error)}"


def _because(error: Failure | None) -> str:
    return "" if error is None else f": {error.message}"


def _short(text: str) -> str:
    items = object_from(text) or {}
    if "keys" in items:
        text = json.dumps(items["keys"], ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
