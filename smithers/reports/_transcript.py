"""What the agent of a task said and did, a page at a time, in words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from smithers.errors import Refused
from smithers.reports._logs import logs
from smithers.views import TranscriptEntry, TranscriptPage, event_words
from smithers.wire import entry_json

__all__ = ["transcript"]

_SILENT = ("used", "heartbeat", "dropped")


def transcript(
    path: Path, run_id: str, task: str, after: str | None, characters: int
) -> TranscriptPage:
    """The entries of a task's attempts after a cursor: as many as have so many characters as JSON.

    A cursor is the number of an entry and how much of its text was shown, so an entry that is
    longer than a page is shown in pieces. Raises as `logs` does, and `Refused` for an invalid
    cursor.
    """
    number, start = _position(after)
    entries: list[TranscriptEntry] = []
    left = characters
    for at, event in enumerate(logs(path, run_id, task)):
        if at < number or event.payload.get("event") in _SILENT:
            continue
        text = event_words(event.payload)
        if at == number:
            text = text[start:]
        if not text:
            continue
        name = event.attempt
        entry = TranscriptEntry(attempt=name.number, iteration=name.key.path, text=text)
        size = len(json.dumps(entry_json(entry), ensure_ascii=False)) + 1
        if size > left:
            if not entries:
                piece = _beginning(text, len(json.dumps(text, ensure_ascii=False)) - size + left)
                entries.append(replace(entry, text=piece))
                after = f"{at}.{len(piece) + (start if at == number else 0)}"
            return TranscriptPage(entries=tuple(entries), cursor=after, more=True)
        entries.append(entry)
        left -= size
        after = f"{at + 1}.0"
    return TranscriptPage(entries=tuple(entries), cursor=after, more=False)


def _beginning(text: str, characters: int) -> str:
    """The beginning of a text that has so many characters as JSON; one character at least."""
    shown = max(1, characters - 2)
    while (
        shown > 1 and (over := len(json.dumps(text[:shown], ensure_ascii=False)) - characters) > 0
    ):
        shown = max(1, shown - over)
    return text[:shown]


def _position(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return 0, 0
    if (match := re.fullmatch(r"([0-9]{1,12})\.([0-9]{1,12})", cursor)) is None:
        raise Refused(
            f"{cursor[:40]!r} is not a cursor of a transcript",
            hint="give the cursor of the page before, or leave it out",
        )
    return int(match[1]), int(match[2])
