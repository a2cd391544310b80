"""One task of a run, without the outputs of all others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.reports._activity import last_events
from smithers.reports._database import reading
from smithers.reports._messages import messages_of
from smithers.reports._snapshot import snapshot_with_task
from smithers.store.files import beside, streams_folder
from smithers.store.outputs import prompt_of
from smithers.views import OPEN, view_task

if TYPE_CHECKING:
    from smithers.views import AttemptView, TaskView

__all__ = ["find_prompt", "find_task"]

_ANSWER_CHARS = 500
_TAIL_BYTES = 8 << 20
"""More than the longest event has."""


def find_task(path: Path, run_id: str, task: str) -> TaskView | None:
    """A task in its last iteration, unless `task` names one, as in `review[2]`; None if there is no
    such task. A failed attempt has the first 500 characters of what its agent answered, if it did.
    Raises `UnknownRun`.
    """
    found = view_task(snapshot_with_task(path, run_id, task), task)
    if found is None:
        return None
    has_ended = found.line.state not in OPEN
    with reading(path) as db:
        messages = tuple(messages_of(db, run_id, found.line.key, has_ended=has_ended))
    folder = streams_folder(path, run_id)
    attempts = tuple(
        replace(one, answer=_answer(_folder(folder, one), one.serial))
        if one.state == "failed"
        else one
        for one in found.attempts
    )
    return replace(found, attempts=attempts, messages=messages)


def find_prompt(path: Path, run_id: str, serial: int) -> str | None:
    """What the agent of an attempt was asked; None for an attempt of no agent."""
    with reading(path) as db:
        return prompt_of(db, run_id, serial)


def _folder(folder: Path, one: AttemptView) -> Path:
    return beside(folder, one.origin) if one.origin else folder


def _answer(folder: Path, serial: int) -> str | None:
    """The beginning of what an attempt answered."""
    events = last_events(folder, serial, _TAIL_BYTES)
    texts = (str(one.get("text") or "") for one in events if one.get("event") == "answered")
    text = next(texts, None)
    if text is None or len(text) <= _ANSWER_CHARS:
        return text
    return f"{text[:_ANSWER_CHARS]}…"
