"""The names of changes, and their facts as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    BudgetSet,
    CameUp,
    ChoiceGone,
    ChoiceMade,
    FailureHandled,
    Large,
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
    text_of,
)
from smithers.store.rows import time_text
from smithers.texts import from_json
from smithers.wire._values import dollars, error_json, optional_time

if TYPE_CHECKING:
    from smithers.changes import Key, SentBack
    from smithers.views import AttemptName, ChangeView, Shown
    from smithers.wire._values import Json

__all__ = ["change_json", "change_name"]


def change_json(view: ChangeView) -> Json:
    """A change with `what`, its node, its facts, and `words`."""
    where = {} if view.key is None else _where(view.key)
    facts = _facts(view.change, view.attempt)
    return {"what": change_name(view.change), **where, **facts, "words": view.words}


def change_name(change: Shown) -> str:  # noqa: C901  # one case a kind of change
    """What a change is called as `what`."""
    match change:
        case Settled():
            return "settled"
        case AttemptStarted():
            return "attempt_started"
        case AttemptEnded():
            return "attempt_ended"
        case CameUp():
            return "came_up"
        case NodeMounted():
            return "node_mounted"
        case ReadMade():
            return "read_made"
        case UsageCounted():
            return "usage_counted"
        case SessionSeen():
            return "session_seen"
        case ChoiceMade():
            return "choice_made"
        case ChoiceGone():
            return "choice_gone"
        case WaitOpened():
            return "wait_opened"
        case WaitClosed():
            return "wait_closed"
        case StatusChanged():
            return "status_changed"
        case BudgetSet():
            return "budget_set"
        case BudgetRaised():
            return "budget_raised"
        case MessageTaken():
            return "message_taken"
        case MessageGiven():
            return "message_given"
        case SignalGiven():
            return "signal_given"
        case SignalTaken():
            return "signal_taken"
        case FailureHandled():
            return "failure_handled"
        case Reset():
            return "reset"
        case NodeGone():
            return "node_gone"
        case _:
            assert_never(change)


def _facts(change: Shown, attempt: AttemptName | None) -> Json:  # noqa: C901  # as above
    """What a change says beyond its node."""
    match change:
        case Settled():
            error, output = error_json(change.error), from_json(text_of(change.output))
            return {
                "outcome": change.outcome,
                "error": error,
                "output": output,
                **_left_out(change.output),
            }
        case AttemptStarted():
            return _started(change)
        case AttemptEnded():
            error = error_json(change.error)
            return {**_named(attempt), "state": change.state, "error": error}
        case CameUp() | FailureHandled() | NodeGone():
            return {}
        case Reset():
            return {} if change.cause is None else {"cause": _cause(change.cause)}
        case ChoiceGone():
            return {"kind": change.kind}
        case NodeMounted():
            return {"kind": change.kind, "parent": change.parent, "place": change.place}
        case ReadMade():
            return {"source": _where(change.source), "of_frame": change.at}
        case UsageCounted():
            return {**_numbered(attempt), **_usage(change)}
        case SessionSeen():
            return {**_numbered(attempt), "session_id": change.session}
        case ChoiceMade():
            return {"kind": change.kind, "value": from_json(change.value)}
        case WaitOpened():
            return _wait(change)
        case WaitClosed():
            return {"kind": change.kind, "answer": from_json(change.answer)}
        case StatusChanged():
            return _status(change)
        case BudgetSet():
            if change.caps is None:
                return {"caps": None}
            return {"caps": change.caps.data(), "on_exhausted": change.on_exhausted}
        case BudgetRaised():
            return {"added": change.added.data(), "by": change.by}
        case MessageTaken():
            return {"id": change.id, "text": change.text, "by": change.by}
        case MessageGiven():
            return {"id": change.id, **_named(attempt)}
        case SignalGiven():
            return _signal(change)
        case SignalTaken():
            return {"number": change.number, "misfit": change.misfit}
        case _:
            assert_never(change)


def _left_out(output: str | Large | None) -> Json:
    """The size of a large output whose text is not here."""
    if isinstance(output, Large) and output.text is None:
        return {"output_bytes": output.size}
    return {}


def _signal(change: SignalGiven) -> Json:
    return {
        "number": change.number,
        "id": change.id,
        "event": change.event,
        "correlation": change.correlation,
        "data": from_json(change.data),
        "by": change.by,
        "at": time_text(change.at),
    }


def _started(change: AttemptStarted) -> Json:
    return {
        "attempt": change.number,
        "agent": change.agent,
        "skipped": list(change.skipped),
        "session_id": change.session,
    }


def _named(attempt: AttemptName | None) -> Json:
    agent = {} if attempt is None else {"agent": attempt.agent}
    return {**_numbered(attempt), **agent}


def _numbered(attempt: AttemptName | None) -> Json:
    return {} if attempt is None else {"attempt": attempt.number}


def _usage(change: UsageCounted) -> Json:
    return {
        "tokens_in": change.tokens_in,
        "tokens_out": change.tokens_out,
        "tokens_cached": change.tokens_cached,
        "cost_usd": dollars(change.cost),
        "model": change.model,
        "calls": change.calls,
    }


def _wait(change: WaitOpened) -> Json:
    return {
        "kind": change.kind,
        "due": optional_time(change.due),
        "asked": change.asked,
        "digest": change.digest,
        "allowed_by": list(change.allowed_by),
        "form": from_json(change.form),
        "on": list(change.on),
    }


def _status(change: StatusChanged) -> Json:
    return {
        "status": change.status,
        "error": error_json(change.error),
        "output": from_json(change.output),
        "stopped_by": change.stopped_by,
    }


def _cause(cause: SentBack) -> Json:
    return {**_where(cause.key), "by": cause.by, "note": cause.note}


def _where(key: Key) -> Json:
    return {"task": key.id, "iteration": list(key.path)}
