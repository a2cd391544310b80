"""What was recorded of what a person asked of a run, and what was started, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.wire._frames import message_json
from smithers.wire._runs import summary_json

if TYPE_CHECKING:
    from smithers.engine.detaching import Launched
    from smithers.engine.ending import Decided, Forked, Raised, Reply, Sent, SignalReceipt
    from smithers.views import MessageView, Summary
    from smithers.wire._values import Json

__all__ = [
    "decided_json",
    "forked_json",
    "launched_json",
    "raised_json",
    "reply_json",
    "sent_json",
    "signal_receipt_json",
]


def decided_json(decided: Decided) -> Json:
    """A decision, as it was recorded."""
    return {**_recorded(decided), "approved": decided.approved}


def reply_json(reply: Reply) -> Json:
    """An answer, as it was recorded."""
    return {**_recorded(reply), "answer": reply.answer}


def _recorded(reply: Decided | Reply) -> Json:
    return {
        "run_id": reply.run_id,
        "task": reply.task,
        "iteration": list(reply.iteration),
        "by": reply.by,
        "login": reply.login,
        "note": reply.note,
        "at": reply.at,
        "asked": reply.asked,
        "digest": reply.digest,
    }


def signal_receipt_json(receipt: SignalReceipt) -> Json:
    """A signal that was sent, and which task takes it."""
    return {
        "run_id": receipt.run_id,
        "id": receipt.id,
        "event": receipt.event,
        "correlation": receipt.correlation,
        "by": receipt.by,
        "login": receipt.login,
        "at": receipt.at,
        "outcome": _outcome(receipt),
        "task": receipt.taker,
        "waits_for": list(receipt.waits_for),
    }


def _outcome(receipt: SignalReceipt) -> str:
    if not receipt.is_new:
        return "already sent"
    return "kept" if receipt.taker is None else "sent"


def raised_json(raised: Raised) -> Json:
    """A budget that was raised."""
    return {
        "run_id": raised.run_id,
        "task": raised.task,
        "iteration": list(raised.iteration),
        "added": raised.added.data(),
        "by": raised.by,
    }


def sent_json(sent: Sent, view: MessageView) -> Json:
    """A message to an agent, and whether it has received it."""
    return {
        "version": 1,
        "run_id": sent.run_id,
        "task": sent.task,
        "iteration": list(sent.iteration),
        "id": sent.id,
        "by": sent.by,
        **message_json(view),
    }


def forked_json(made: Forked) -> Json:
    """A fork that was made."""
    return {
        "version": 1,
        "run_id": made.run_id,
        "source": made.source,
        "frame": made.frame,
        "notes": list(made.notes),
    }


def launched_json(launched: Launched, summary: Summary) -> Json:
    """A run that lives in a process of its own: as it stands, its process and its log."""
    return {**summary_json(summary), "pid": launched.pid, "log": str(launched.log)}
