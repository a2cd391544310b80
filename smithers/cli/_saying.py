"""Events of attempts as lines for a person, each with its task and attempt in front."""

from __future__ import annotations

import sys

from smithers.cli._streams import masked, paint, shown
from smithers.texts import plain
from smithers.views import LogEvent, event_words

__all__ = ["said"]


def said(event: LogEvent) -> list[str]:
    """The lines of an event; none for one that says little to a person."""
    name = f"{event.attempt.key}#{event.attempt.number}"
    head = paint(f"{shown(name)} |", "cyan", sys.stdout)
    return [f"{head} {line}" for line in plain(masked(event_words(event.payload))).splitlines()]
