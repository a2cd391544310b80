"""A person says something to the agent that is at work on a task: a row of the run's inbox."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

from smithers import inbox
from smithers.callers import AuditRow
from smithers.changes import ENDED
from smithers.engine.aiming import aimed_at
from smithers.engine.auditing import about
from smithers.engine.deciding import refusal_of_ended, with_store
from smithers.engine.ending import Sent
from smithers.errors import Refused
from smithers.state import RunState
from smithers.store import Note
from smithers.store.sqlite import SqliteStore
from smithers.tree import valid_text

__all__ = ["MAX_MESSAGE", "steer"]

MAX_MESSAGE = 20_000
"""Characters of one message; whoever has more to say names a file."""


def steer(
    database: Path,
    run_id: str,
    task: str,
    text: str,
    by: str,
    audit: AuditRow | None,
) -> Sent:
    """See `Hub.steer`."""
    if not text.strip():
        words = shlex.join(["smithers", "steer", run_id, task, "Leave the tests alone"])
        raise Refused("the message is empty", hint=f"for example `{words}`")
    if len(text) > MAX_MESSAGE:
        raise Refused(
            f"the message has {len(text)} characters; the limit is {MAX_MESSAGE}",
            hint="put the text into a file in the working folder and name the file in the message",
        )

    async def work(store: SqliteStore) -> Sent:
        state = RunState.of((await store.standing(run_id)).frames)
        if state.run_status in ENDED:
            raise await refusal_of_ended(store, run_id, state)
        key, at = await aimed_at(store, state, run_id, task), datetime.now(UTC)
        who, said = valid_text(by), valid_text(text)
        body = json.dumps({"text": said, "by": who}, ensure_ascii=False)
        told = about(audit, str(key))
        note = Note(run_id=run_id, kind=inbox.STEER, key=key, body=body, at=at, audit=told)
        row = await store.offer(note)
        return Sent(run_id=run_id, task=key.id, iteration=key.path, id=row.id, text=said, by=who)

    return with_store(database, run_id, work)
