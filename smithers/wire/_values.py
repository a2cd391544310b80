"""Values that several views share, as JSON."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from smithers.store.rows import time_text

if TYPE_CHECKING:
    from smithers.changes import Failure

__all__ = ["Json", "dollars", "error_json", "from_json", "optional_time"]

Json = dict[str, Any]


def from_json(text: str | None) -> Any:
    """JSON text of the database as a value. What is no JSON, as another program may have written
    it, stays text.
    """
    if text is None:
        return None
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return text


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
