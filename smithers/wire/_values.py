"""Values that several views share, as JSON."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from smithers.store.rows import time_text

if TYPE_CHECKING:
    from smithers.changes import Failure

__all__ = ["Json", "dollars", "error_json", "optional_time"]

Json = dict[str, Any]


def error_json(error: Failure | None) -> Json | None:
    if error is None:
        return None
    return {
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
        "place": error.place,
    }


def dollars(cost: Decimal | None) -> float | None:
    return None if cost is None else float(cost)


def optional_time(at: datetime | None) -> str | None:
    return None if at is None else time_text(at)
