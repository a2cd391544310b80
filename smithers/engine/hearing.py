"""What an adapter says, made safe to keep: the one place where its events enter the engine.

An adapter may be anybody's code, and it repeats what a model or a program wrote. Texts become
valid, counts whole numbers that a database can hold, ids short; what is not an event fails the
attempt with an error of the agent. So nothing that an agent says can end the owner of its run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import cast

from smithers.agent import (
    Answered,
    Dropped,
    Event,
    Said,
    Spawned,
    Started,
    Steered,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import Permanent
from smithers.tree import plain_text

__all__ = ["MAX_COUNT", "heard_event", "known_time", "plain_data"]

MAX_COUNT = 2**63 - 1
"""The largest number of a column."""
_MAX_ID = 1000
"""Characters of a session, a model, a tool or a call. An id that was cut or cleaned is not known to
its program, which then begins a new session."""
_MAX_PATH = 4096
_MAX_COST = Decimal(10) ** 12
_COST_STEP = Decimal("1e-12")
_MAX_DEPTH, _MAX_VALUES = 50, 20_000
"""Of the arguments of a tool, which are only for looking."""
_MAX_BITS = 4096
_CONTROL = r"[\x00-\x1f\x7f]"


def heard_event(event: object) -> Event | None:  # noqa: C901  # one case a kind of event
    """The event as it may be kept and shown; None for one that says nothing.

    Raises `Permanent` for what is not an event.
    """
    match event:
        case Said():
            return Said(plain_text(event.text))
        case Thought():
            return Thought(plain_text(event.text))
        case Steered():
            return Steered(plain_text(event.text))
        case Answered():
            turn = _short_id(event.turn) if isinstance(event.turn, str) else None
            return Answered(plain_text(event.text), event.data, turn or None)
        case ToolCalled():
            call, name = _short_id(event.call), _short_id(event.name)
            return ToolCalled(call=call, name=name, arguments=_arguments(event.arguments))
        case ToolReturned():
            call, text = _short_id(event.call), plain_text(event.text)
            return ToolReturned(call=call, text=text, failed=bool(event.failed))
        case Used():
            return _used(event)
        case Started():
            session = _short_id(event.session)
            return Started(session) if session else None
        case Spawned():
            pid = cast("object", event.pid)
            if isinstance(pid, int) and 1 < pid < 2**31:
                return Spawned(int(pid), _optional(event.started), _optional(event.cgroup))
            raise Permanent(f"the agent reported process id {_shown(pid)}")
        case Dropped():
            return Dropped(_whole_count(event.size_bytes))
        case _:
            raise Permanent(f"the agent yielded {_shown(event)}, which is not an event")


def _optional(value: object) -> str | None:
    """A start time or a path, which may be unknown."""
    return None if value is None else plain_text(value)[:_MAX_PATH]


def _whole_count(value: object) -> int:
    """A count of tokens as a column holds it: what is not a number counts as nothing."""
    if type(value) is int and 0 <= value <= MAX_COUNT:
        return value
    try:
        if isinstance(value, float) and math.isinf(value):
            return MAX_COUNT if value > 0 else 0
        count = int(cast("int", value))
    except (TypeError, ValueError, ArithmeticError):
        return 0
    return max(0, min(count, MAX_COUNT))


def known_time(value: object) -> datetime | None:
    """A time that a provider named, in UTC; None if it is not a time of this calendar."""
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except Exception:  # beyond the years 1 to 9999, or a time zone of somebody's
        return None


def _used(used: Used) -> Used:
    return Used(
        tokens_in=_whole_count(used.tokens_in),
        tokens_out=_whole_count(used.tokens_out),
        tokens_cached=_whole_count(used.tokens_cached),
        cost=_cost(used.cost),
        model=None if cast("object", used.model) is None else _short_id(used.model),
    )


def _cost(value: object) -> Decimal | None:
    """US dollars, 0 to 10^12 in steps of 10^-12; None if that is not a number."""
    if value is None:
        return None
    try:
        cost = value if isinstance(value, Decimal) else Decimal(str(value))
        if not cost.is_finite():
            return None
        bounded = max(Decimal(0), min(cost, _MAX_COST))
        exponent = cast("int", bounded.as_tuple().exponent)
        return bounded if -12 <= exponent <= 0 else bounded.quantize(_COST_STEP)
    except (InvalidOperation, ValueError, TypeError):
        return None


def _short_id(value: object) -> str:
    text = plain_text(value)[:_MAX_ID]
    return text if text.isprintable() else re.sub(_CONTROL, "\ufffd", text)


def _shown(value: object) -> str:
    return f"{plain_text(value)[:80]!r} ({type(value).__name__})"


def plain_data(value: object) -> object:
    """JSON data of anything, cut where it is too large to look at."""
    return _Plain().data(value)


def _arguments(value: object) -> Mapping[str, object]:
    found = plain_data(value)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {"value": found}


class _Plain:
    """Makes JSON data of anything, within bounds: a value may hold itself, or never end."""

    def __init__(self) -> None:
        self._left = _MAX_VALUES

    def data(self, value: object, depth: int = 0) -> object:
        self._left -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return plain_text(value)
        if isinstance(value, int):
            return int(value) if value.bit_length() <= _MAX_BITS else "a number too long to show"
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(value)
        if depth >= _MAX_DEPTH or self._left <= 0:
            return "…"
        if isinstance(value, Mapping):
            return self._fields(cast("Mapping[object, object]", value), depth)
        if isinstance(value, list | tuple):
            return self._items(cast("list[object]", value), depth)
        return plain_text(value)

    def _fields(self, value: Mapping[object, object], depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, inner in value.items():
            if self._left <= 0:
                break
            found[plain_text(key)] = self.data(inner, depth + 1)
        return found

    def _items(self, value: list[object] | tuple[object, ...], depth: int) -> list[object]:
        found: list[object] = []
        for inner in value:
            if self._left <= 0:
                break
            found.append(self.data(inner, depth + 1))
        return found
