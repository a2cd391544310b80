"""Events of attempts as lines for a person, each with its task and attempt in front."""

from __future__ import annotations

import sys
from typing import Any

from smithers.cli._streams import masked, paint, shown
from smithers.reports import event_words
from smithers.texts import plain

__all__ = ["said"]


def said(event: dict[str, Any]) -> list[str]:
    """The lines of an event; none for one that says little to a person."""
    rounds = "".join(f"[{number}]" for number in event["iteration"])
    head = paint(f"{shown(event['task'])}{rounds}#{event['attempt']} |", "cyan", sys.stdout)
    return [f"{head} {line}" for line in plain(masked(event_words(event))).splitlines()]
