"""Changes as JSON data and in words, the same for a run that goes on and one that is read back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smithers import waits
from smithers.amounts import dollars
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    BudgetSet,
    CameUp,
    Change,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    Failure,
    FailureHandled,
    Frame,
    Key,
    MessageGiven,
    MessageTaken,
    NodeGone,
    NodeMounted,
    ReadMade,
    Reset,
    SessionSeen,
    Settled,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitOpened,
    text_of,
)
from smithers.naming import key_name, node_name
from smithers.reports._database import Json, from_json, object_from
from smithers.store.rows import time_text
from smithers.views import clock

__all__ = ["NOT_SHOWN", "Telling", "failure_json"]

NOT_SHOWN = (ContainerEnded, ContainerReopened)
"""What neither `timeline` nor `events` show: it follows from the other changes."""

_HUMPS = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True)
class _Attempt:
    key: Key
    number: int
    agent: str


class Telling:
    """Tells frames in order, and knows which task an attempt belongs to."""

    def __init__(self) -> None:
        self._attempts: dict[int, _Attempt] = {}
        self.tried: set[Key] = set()
        self.moved: set[str] = set()
        """Nodes that leave and join in the frame that is told: they only change their place."""

    def knows(self, serial: int, key: Key, number: int, agent: str) -> None:
        """An attempt that was started before the first frame that is told."""
        self._attempts[serial] = _Attempt(key, number, agent)
        self.tried.add(key)

    def frame(self, frame: Frame, *, only: frozenset[str] | None = None) -> Json:
        """A frame as JSON data: each change with `what`, its node, its facts, and `words`; those
        of some kinds alone where `only` names them.
        """
        gone = {change.id for change in frame.changes if isinstance(change, NodeGone)}
        joined = {change.id for change in frame.changes if isinstance(change, NodeMounted)}
        self.moved = gone & joined
        for change in frame.changes:
            if isinstance(change, AttemptStarted):
                self.knows(change.serial, change.key, change.number, change.agent)
        changes = [
            self._change(change)
            for change in frame.changes
            if not isinstance(change, NOT_SHOWN) and (only is None or _NAMES[type(change)] in only)
        ]
        return {"frame": frame.number, "at": time_text(frame.at), "changes": changes}

    def _change(self, change: Change) -> Json:
        key, facts, words = _TELL[type(change)](self, change)
        where = {} if key is None else {"task": key.id, "iteration": list(key.path)}
        return {"what": _NAMES[type(change)], **where, **facts, "words": words}

    def attempt(self, serial: int) -> _Attempt:
        return self._attempts.get(serial, _Attempt(Key("?"), 0, "?"))


_Told = tuple[Key | None, Json, str]


def failure_json(error: Failure | None) -> Json | None:
    """An error as reports show it."""
    if error is None:
        return None
    return {
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
        "place": error.place,
    }


def _mounted(telling: Telling, change: NodeMounted) -> _Told:
    facts = {"kind": change.kind, "parent": change.parent, "place": change.place}
    name, parent = node_name(change.id), node_name(change.parent or "")
    words = f"{name} joined the tree"
    if change.id in telling.moved:
        words = f"{name} is now child {change.place} of {parent}"
    return Key(change.id), facts, words


def _gone(telling: Telling, change: NodeGone) -> _Told:
    moved = change.id in telling.moved
    return Key(change.id), {}, f"{node_name(change.id)} {'moved in' if moved else 'left'} the tree"


def _up(_: Telling, change: CameUp) -> _Told:
    return change.key, {}, f"{key_name(change.key)} is ready"


def _settled(_: Telling, change: Settled) -> _Told:
    said = "was " if change.outcome in ("skipped", "cancelled") else ""
    words = f"{key_name(change.key)} {said}{change.outcome}" + _because(change.error)
    facts = {
        "outcome": change.outcome,
        "error": failure_json(change.error),
        "output": from_json(text_of(change.output)),
    }
    return change.key, facts, words


def _started(_: Telling, change: AttemptStarted) -> _Told:
    goes_on = ", resumes its session" if change.session else ""
    instead = _instead(len(change.skipped))
    tried = f"attempt {change.number}, {change.agent}{instead}{goes_on}"
    words = f"{key_name(change.key)} started ({tried})"
    facts = {
        "attempt": change.number,
        "agent": change.agent,
        "skipped": list(change.skipped),
        "session_id": change.session,
    }
    return change.key, facts, words


def _instead(number: int) -> str:
    """That earlier agents of the task were passed over; who, `why` says."""
    if not number:
        return ""
    return (
        ", because the agent before it is cooling down"
        if number == 1
        else (f", because the {number} agents before it are cooling down")
    )


def _ended(telling: Telling, change: AttemptEnded) -> _Told:
    one = telling.attempt(change.serial)
    said = "succeeded" if change.state == "succeeded" else f"{_verb(change.state)}"
    words = f"{key_name(one.key)} attempt {one.number} {said}" + _because(change.error)
    facts = {
        "attempt": one.number,
        "agent": one.agent,
        "state": change.state,
        "error": failure_json(change.error),
    }
    return one.key, facts, words


def _verb(state: str) -> str:
    return state if state in ("failed", "succeeded") else f"was {state}"


def _session(telling: Telling, change: SessionSeen) -> _Told:
    one = telling.attempt(change.serial)
    facts = {"attempt": one.number, "session_id": change.session}
    return one.key, facts, f"{key_name(one.key)} attempt {one.number} started its session"


def _usage(telling: Telling, change: UsageCounted) -> _Told:
    one = telling.attempt(change.serial)
    cost = None if change.cost is None else float(change.cost)
    facts = {
        "attempt": one.number,
        "tokens_in": change.tokens_in,
        "tokens_out": change.tokens_out,
        "tokens_cached": change.tokens_cached,
        "cost_usd": cost,
        "model": change.model,
        "calls": change.calls,
    }
    if change.calls:
        return one.key, facts, f"{key_name(one.key)} attempt {one.number} made another call"
    money = "" if change.cost is None else f", {dollars(change.cost)}"
    unit = "token" if change.tokens_in == 1 else "tokens"
    tokens = f"{change.tokens_in} {unit} in, {change.tokens_out} out{money}"
    model = "" if change.model is None else f" of {change.model}"
    return one.key, facts, f"{key_name(one.key)} attempt {one.number} used {tokens}{model}"


def _choice(_: Telling, change: ChoiceMade) -> _Told:
    facts = {"kind": change.kind, "value": from_json(change.value)}
    verb = "are" if change.kind == "items" else "is"
    words = f"the {change.kind} of {key_name(change.key)} {verb} {_short(change.value)}"
    return change.key, facts, words


def _read(_: Telling, change: ReadMade) -> _Told:
    source = {"task": change.source.id, "iteration": list(change.source.path)}
    facts = {"source": source, "of_frame": change.at}
    return (
        change.reader,
        facts,
        f"{key_name(change.reader)} read {key_name(change.source)} of frame {change.at}",
    )


def _opened(_: Telling, change: WaitOpened) -> _Told:
    name = key_name(change.key)
    due = None if change.due is None else time_text(change.due)
    facts = {
        "kind": change.kind,
        "due": due,
        "asked": change.asked,
        "digest": change.digest,
        "allowed_by": list(change.allowed_by),
        "on": list(change.on),
    }
    when = "" if change.due is None else f" until {clock(change.due)}"
    words = waits.words_of(
        waits.traits(change.kind).words.opened,
        name=name,
        until=when,
        asked=change.asked,
        line=_short(change.asked or ""),
        on=", ".join(map(node_name, change.on)),
    )
    return change.key, facts, words


def _closed(_: Telling, change: WaitClosed) -> _Told:
    answer = from_json(change.answer)
    facts = {"kind": change.kind, "answer": answer}
    if change.kind == waits.APPROVAL and (decision := object_from(change.answer)) is not None:
        word = "approved" if decision.get("approved") else "denied"
        by = f" by {decision['by']}" if decision.get("by") else ""
        note = f": {decision['note']}" if decision.get("note") else ""
        return change.key, facts, f"{key_name(change.key)} was {word}{by}{note}"
    if change.kind == waits.ATTACHED:
        who = (object_from(change.answer) or {}).get("by")
        left = (
            f"{who} has left the session of {key_name(change.key)}"
            if who
            else f"{key_name(change.key)} continues"
        )
        return change.key, facts, left
    return change.key, facts, f"{key_name(change.key)} no longer waits ({change.kind})"


def _budget(_: Telling, change: BudgetSet) -> _Told:
    if change.caps is None:
        return change.key, {"caps": None}, f"{key_name(change.key)} no longer has a budget"
    facts = {"caps": change.caps.data(), "on_exhausted": change.on_exhausted}
    return change.key, facts, f"{key_name(change.key)} has a budget of {change.caps}"


def _raised(_: Telling, change: BudgetRaised) -> _Told:
    facts = {"added": change.added.data(), "by": change.by}
    return (
        change.key,
        facts,
        f"{change.by} raised the budget of {key_name(change.key)} by {change.added}",
    )


def _said(_: Telling, change: MessageTaken) -> _Told:
    facts = {"id": change.id, "text": change.text, "by": change.by}
    words = f"{change.by} sent {key_name(change.key)} message {change.id}: {_short(change.text)}"
    return change.key, facts, words


def _given(telling: Telling, change: MessageGiven) -> _Told:
    one = telling.attempt(change.serial)
    facts = {"id": change.id, "attempt": one.number, "agent": one.agent}
    return one.key, facts, f"{key_name(one.key)} attempt {one.number} received message {change.id}"


def _handled(_: Telling, change: FailureHandled) -> _Told:
    return (
        change.key,
        {},
        f"{key_name(change.key)} will not run again: its failure is tolerated",
    )


def _reset(telling: Telling, change: Reset) -> _Told:
    words = f"{key_name(change.key)} will run after all"
    if change.key in telling.tried:
        words = f"{key_name(change.key)} runs again; its earlier outcome no longer counts"
    return change.key, {}, words


def _status(_: Telling, change: StatusChanged) -> _Told:
    was = "was " if change.status == "cancelled" else "is " if change.status[-3:] == "ing" else ""
    words = f"the run {was}{change.status}" + _because(change.error)
    if change.stopped_by is not None:
        words = f"the run was stopped by {change.stopped_by}"
    facts = {
        "status": change.status,
        "error": failure_json(change.error),
        "output": from_json(change.output),
        "stopped_by": change.stopped_by,
    }
    return None, facts, words


def _because(error: Failure | None) -> str:
    return "" if error is None else f": {error.message}"


def _short(text: str) -> str:
    told = object_from(text)
    if told is not None and "keys" in told:
        text = json.dumps(told["keys"], ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


_TELL: dict[type[Change], Callable[[Telling, Any], _Told]] = {
    NodeMounted: _mounted,
    NodeGone: _gone,
    CameUp: _up,
    Settled: _settled,
    FailureHandled: _handled,
    AttemptStarted: _started,
    AttemptEnded: _ended,
    SessionSeen: _session,
    UsageCounted: _usage,
    ChoiceMade: _choice,
    ReadMade: _read,
    WaitOpened: _opened,
    WaitClosed: _closed,
    BudgetSet: _budget,
    BudgetRaised: _raised,
    MessageTaken: _said,
    MessageGiven: _given,
    Reset: _reset,
    StatusChanged: _status,
}
_NAMES = {kind: _HUMPS.sub("_", kind.__name__).lower() for kind in _TELL}
